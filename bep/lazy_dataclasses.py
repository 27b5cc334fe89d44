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
    cls: Any = _with_slots(given, own) if slots else given
    cls._lazy_fields = own
    cls.__dataclass_fields__ = _StandardFields()
    cls.__match_args__ = tuple([each.name for each in own if each.said.init])  # type: ignore[misc]  # set only here
    cls.__init__ = _compiled_at_first(cls, frozen)
    _set_unless_written(cls, "__repr__", _repr)
    if eq:
        _compare_by_fields(cls, own, frozen, order)
    if frozen:
        cls.__setattr__, cls.__delattr__ = _no_assignment, _no_deletion
        cls.__getstate__, cls.__setstate__ = _state, _set_state
    return cls


def _fields_of(cls: type) -> tuple[_Field, ...]:
    """The fields in the order they are written in, each with what is said of it; the class keeps plain defaults."""
    own = []
    for name, annotation in vars(cls).get("__annotations__", {}).items():
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


def _with_slots(cls: type, own: tuple[_Field, ...]) -> type:
    """The same class, made again: places for attributes are there from the start, or not at all."""
    names = tuple([each.name for each in own])
    written = {name: value for name, value in vars(cls).items() if name not in (*names, "__dict__", "__weakref__")}
    made = type(cls)(cls.__name__, cls.__bases__, {**written, "__slots__": names})
    made.__qualname__ = cls.__qualname__
    return made


def _set_unless_written(cls: type, name: str, method: Callable[..., Any]) -> None:
    if name not in vars(cls):
        setattr(cls, name, method)


def _compiled_at_first(cls: Any, frozen: bool) -> Callable[..., None]:
    """An `__init__` that puts the compiled one in its place."""

    def __init__(self: Any, *given: Any, **named: Any) -> None:
        cls.__init__ = _initializer(cls, frozen)
        cls.__init__(self, *given, **named)

    return __init__


def _initializer(cls: Any, frozen: bool) -> Callable[..., None]:
    """The `__init__` of a class: an argument for each field."""
    known: dict[str, Any] = {"_MISSING": _MISSING, "_set": object.__setattr__}
    arguments, lines = ["self"], []
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
        lines.append(f"_set(self, {name!r}, {value})" if frozen else f"self.{name} = {value}")
    if hasattr(cls, "__post_init__"):
        lines.append("self.__post_init__()")
    body = "\n    ".join(lines) or "pass"
    exec(compile(f"def __init__({', '.join(arguments)}):\n    {body}", f"<{cls.__qualname__}>", "exec"), known)
    made: Callable[..., None] = known["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"  # a wrong call names it
    return made


def _compare_by_fields(cls: Any, own: tuple[_Field, ...], frozen: bool, order: bool) -> None:
    """Equal when all fields that are compared are; what is frozen can be a key, too."""
    names = [each.name for each in own if each.said.compare]
    values = attrgetter(*names) if names else type

    def __eq__(self: Any, other: Any) -> bool:
        return bool(values(self) == values(other)) if self.__class__ is other.__class__ else NotImplemented

    def __hash__(self: Any) -> int:
        return hash(values(self))

    _set_unless_written(cls, "__eq__", __eq__)
    if order:
        _order_by(cls, values)
    if frozen:
        _set_unless_written(cls, "__hash__", __hash__)
    elif "__hash__" not in vars(cls):
        cls.__hash__ = None


def _order_by(cls: Any, values: Callable[[Any], Any]) -> None:
    def method(compare: Callable[[Any, Any], Any]) -> Callable[[Any, Any], bool]:
        return lambda self, other: compare(values(self), values(other)) if type(other) is cls else NotImplemented

    for compare in (lt, le, gt, ge):
        setattr(cls, f"__{compare.__name__}__", method(compare))


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
