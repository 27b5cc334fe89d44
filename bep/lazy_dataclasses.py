"""The dataclasses of bep: those of the standard library, but made in no time. Knows no class of bep's.

The standard decorator imports `inspect` and compiles six methods for every class, whether one is ever made of it or
not: a third of what a short command took. Here the methods are shared, and only `__init__`, which has to be quick, is
compiled, for the first value of its class. A type checker sees the standard library's own, so what may be written is
what may be written there; but for what no class of bep asks for: inheritance between dataclasses, `ClassVar`,
`InitVar`, `kw_only`.
"""

from collections.abc import Callable, Mapping
from operator import attrgetter, ge, gt, le, lt
from typing import TYPE_CHECKING, Any, Final, NamedTuple

__all__ = ["asdict", "dataclass", "field", "fields", "is_dataclass", "replace"]

_MISSING: Final[Any] = object()


class _Said(NamedTuple):
    """What is said of one field where the class is written."""

    default: Any = _MISSING
    default_factory: Any = _MISSING
    init: bool = True
    repr: bool = True
    compare: bool = True


class _Field(NamedTuple):
    """One field of a class. `type` is its annotation, a type or a text."""

    name: str
    type: Any
    said: _Said


def _dataclass(
    given: type | None = None, /, *, frozen: bool = False, slots: bool = False, eq: bool = True, order: bool = False
) -> Any:
    if given is None:
        return lambda cls: _dataclass(cls, frozen=frozen, slots=slots, eq=eq, order=order)
    own = _fields_of(given)
    added = _methods(own, eq, order, frozen)
    names = tuple([each.name for each in own])
    if not slots:
        for name, value in added.items():
            if name not in vars(given):
                setattr(given, name, value)
        return given
    written = {name: value for name, value in vars(given).items() if name not in (*names, "__dict__", "__weakref__")}
    made = type(given)(given.__name__, given.__bases__, {**added, **written, "__slots__": names})
    made.__qualname__ = given.__qualname__
    return made


def _fields_of(cls: type) -> tuple[_Field, ...]:
    """The fields in the order they are written in, each with what is said of it; the class keeps plain defaults."""
    own = []
    for name, annotation in cls.__annotations__.items():
        default = vars(cls).get(name, _MISSING)
        said = default if isinstance(default, _Said) else _Said(default)
        if said.default is not _MISSING and type(said.default).__hash__ is None:
            raise ValueError(f"{cls.__name__}.{name}: {type(said.default).__name__} is mutable: use default_factory")
        if said is default:
            delattr(cls, name)
            if said.default is not _MISSING:
                setattr(cls, name, said.default)
        own.append(_Field(name, annotation, said))
    return tuple(own)


def _methods(own: tuple[_Field, ...], eq: bool, order: bool, frozen: bool) -> dict[str, Any]:
    """What a class of these fields gets, by name, but for what is written in it."""
    compared = [each.name for each in own if each.said.compare]
    added: dict[str, Any] = {
        "_lazy_fields": own,
        "_lazy_values": attrgetter(*compared) if compared else type,
        "__dataclass_fields__": _STANDARD_FIELDS,
        "__match_args__": tuple([each.name for each in own if each.said.init]),
        "__init__": _compile_and_initialize,
        "__repr__": _repr,
    }
    if eq:
        added |= {"__eq__": _equal, "__hash__": _hash if frozen else None}
    if order:
        added |= {f"__{compare.__name__}__": _by_values(compare) for compare in (lt, le, gt, ge)}
    if frozen:
        added |= {"__setattr__": _no_assignment, "__delattr__": _no_deletion}
        added |= {"__getstate__": _state, "__setstate__": _set_state}
    return added


def _compile_and_initialize(self: Any, *given: Any, **named: Any) -> None:
    """The `__init__` of every class at first: it puts the compiled one in its place."""
    cls: Any = next(each for each in type(self).__mro__ if "_lazy_fields" in vars(each))
    cls.__init__ = _initializer(cls)
    cls.__init__(self, *given, **named)


def _initializer(cls: Any) -> Callable[..., None]:
    """The `__init__` of a class: an argument for each field."""
    known: dict[str, Any] = {"_MISSING": _MISSING, "_set": object.__setattr__}
    arguments, lines, is_frozen = ["self"], [], cls.__setattr__ is _no_assignment
    for name, _, said in cls._lazy_fields:
        default, value = "", name
        if said.default_factory is not _MISSING:
            known[f"_make_{name}"] = said.default_factory
            default = "=_MISSING"
            value = f"_make_{name}() if {name} is _MISSING else {name}" if said.init else f"_make_{name}()"
        elif said.default is not _MISSING:
            known[f"_default_{name}"] = said.default
            default, value = f"=_default_{name}", name if said.init else f"_default_{name}"
        elif not said.init:
            continue  # `__post_init__` says what it is
        if said.init:
            arguments.append(name + default)
        lines.append(f"_set(self, {name!r}, {value})" if is_frozen else f"self.{name} = {value}")
    if hasattr(cls, "__post_init__"):
        lines.append("self.__post_init__()")
    body = "\n    ".join(lines) or "pass"
    exec(compile(f"def __init__({', '.join(arguments)}):\n    {body}", f"<{cls.__qualname__}>", "exec"), known)
    made: Callable[..., None] = known["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"  # a wrong call names it
    return made


def _equal(self: Any, other: Any) -> Any:
    if self.__class__ is not other.__class__:
        return NotImplemented
    return self._lazy_values(self) == other._lazy_values(other)


def _hash(self: Any) -> int:
    return hash(self._lazy_values(self))


def _by_values(compare: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def method(self: Any, other: Any) -> Any:
        if self.__class__ is not other.__class__:
            return NotImplemented
        return compare(self._lazy_values(self), other._lazy_values(other))

    return method


def _repr(self: Any) -> str:
    shown = (f"{name}={getattr(self, name)!r}" for name, _, said in self._lazy_fields if said.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _no_assignment(self: Any, name: str, value: Any) -> None:
    raise AttributeError(f"{type(self).__name__} is frozen: {name} cannot be set")


def _no_deletion(self: Any, name: str) -> None:
    raise AttributeError(f"{type(self).__name__} is frozen: {name} cannot be deleted")


def _state(self: Any) -> dict[str, Any]:
    return {name: getattr(self, name) for name, _, _ in self._lazy_fields}


def _set_state(self: Any, state: Mapping[str, Any]) -> None:
    for name, value in state.items():  # of a copy that is being made: it is not frozen yet
        object.__setattr__(self, name, value)


class _StandardFields:
    """What the standard library's functions, pydantic and others ask of a dataclass: made once somebody asks."""

    def __get__(self, instance: Any, owner: Any) -> Mapping[str, Any]:
        import dataclasses

        told: list[Any] = []
        for name, annotation, said in owner._lazy_fields:
            how = {key: value for key, value in said._asdict().items() if value is not _MISSING}
            told.append((name, annotation, dataclasses.field(**how)))
        made: Any = dataclasses.make_dataclass(owner.__name__, told)
        found: Mapping[str, Any] = made.__dataclass_fields__
        owner.__dataclass_fields__ = found
        return found


_STANDARD_FIELDS: Final = _StandardFields()


def _field_said(**said: Any) -> Any:
    return _Said(**said)


def _fields(value: Any) -> tuple[_Field, ...]:
    own: tuple[_Field, ...] = value._lazy_fields
    return own


def _is_dataclass(value: Any) -> bool:
    return hasattr(value if isinstance(value, type) else type(value), "_lazy_fields")


def _replace(value: Any, /, **changes: Any) -> Any:
    """The same with other values in some fields."""
    for name, _, said in value._lazy_fields:
        if said.init and name not in changes:
            changes[name] = getattr(value, name)
    return type(value)(**changes)


def _asdict(value: Any) -> dict[str, Any]:
    """The fields by name; dataclasses in them, and in their lists, tuples and mappings, as mappings as well."""
    return {name: _plain(getattr(value, name)) for name, _, _ in value._lazy_fields}


def _plain(value: Any) -> Any:
    if _is_dataclass(value):
        return _asdict(value)
    if type(value) in (list, tuple):
        return type(value)([_plain(item) for item in value])
    return {key: _plain(item) for key, item in value.items()} if type(value) is dict else value


if TYPE_CHECKING:
    from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
else:
    asdict, dataclass, field, fields, is_dataclass, replace = (
        *(_asdict, _dataclass, _field_said, _fields, _is_dataclass, _replace),
    )
