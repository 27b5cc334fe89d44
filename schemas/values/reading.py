"""How a field of a written value is read: strictly, from what JSON has for its type or from the value itself.

A reader is made once for a type. It raises `Fault` for whatever bep does not write.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Final, Literal, NewType, Union, get_args, get_origin

from bep.lazy_dataclasses import fields, is_dataclass
from bep.schemas.values.fields import Fault, FieldInfo

Reader = Callable[[Any], Any]


def field_reader(said: FieldInfo, kind: Any) -> Reader:
    """The reader of one field: of its type, then of its limits."""
    if not said.checked:
        return _as_it_is
    reader = _reader(kind)
    if not said.limits:
        return reader

    def read(value: Any) -> Any:
        found = reader(value)
        if not said.holds(found):
            raise Fault
        return found

    return read


def _reader(kind: Any) -> Reader:
    """How a value of this type is read: what JSON has for it, or the value itself. Readers raise `Fault`."""
    while isinstance(kind, NewType):
        kind = kind.__supertype__
    if kind in _SINGLE:
        return _SINGLE[kind]
    if get_origin(kind) is not None:
        return _reader_of_many(get_origin(kind), get_args(kind))
    if nested := getattr(kind, "read_nested", None):
        return nested  # type: ignore[no-any-return]
    if issubclass(kind, Enum):
        return _chosen({**{member.value: member for member in kind}, **{member: member for member in kind}})
    return _record(kind) if is_dataclass(kind) else _Exactly(kind)


def _reader_of_many(origin: Any, of: tuple[Any, ...]) -> Reader:
    """The reader of a type that has others in it."""
    if origin is Literal:
        return _chosen({value: value for value in of})
    if origin in (Union, UnionType):
        return _first_of([_reader(kind) for kind in of if kind is not NoneType], NoneType in of)
    if origin is tuple and len(of) == 2 and of[1] is ...:
        return _sequence(_reader(of[0]))
    if origin is tuple and of and ... not in of:
        return _each([_reader(kind) for kind in of])
    if origin is dict:
        return _mapping(_reader(of[0]), _reader(of[1]))
    raise TypeError(f"no reader for {origin}{of}")


def _as_it_is(value: Any) -> Any:
    return value


class _Exactly:
    """The reader that takes values of one type alone."""

    def __init__(self, kind: type) -> None:
        self.kind = kind

    def __call__(self, value: Any) -> Any:
        if type(value) is not self.kind:
            raise Fault
        return value


def exact_kind(reader: Reader) -> type | None:
    """The type whose every value a reader takes as it is, if there is one."""
    return reader.kind if isinstance(reader, _Exactly) else None


def _number(value: Any) -> float:
    if type(value) is float:
        return value
    if type(value) is int:
        return float(value)
    raise Fault


def _moment(value: Any) -> datetime:
    if type(value) is str:
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise Fault from None
    if type(value) is not datetime or value.tzinfo is None:
        raise Fault
    return value


def _path(value: Any) -> Path:
    if type(value) is str:
        return Path(value)
    if isinstance(value, Path):
        return value
    raise Fault


def _chosen(members: Mapping[Any, Any]) -> Reader:
    def read(value: Any) -> Any:
        try:
            found = members[value]
        except (KeyError, TypeError):
            raise Fault from None
        if type(value) is not type(found) and type(value) is not str:
            raise Fault  # True is no 1
        return found

    return read


def _first_of(readers: list[Reader], or_none: bool) -> Reader:
    def read(value: Any) -> Any:
        if value is None and or_none:
            return None
        for reader in readers:
            try:
                return reader(value)
            except Fault:
                continue
        raise Fault

    return read


def _sequence(reader: Reader) -> Reader:
    def read(value: Any) -> tuple[Any, ...]:
        if type(value) is not tuple and type(value) is not list:
            raise Fault
        return tuple([reader(item) for item in value])

    return read


def _each(readers: list[Reader]) -> Reader:
    """So many values, each of a type of its own."""

    def read(value: Any) -> tuple[Any, ...]:
        if (type(value) is not tuple and type(value) is not list) or len(value) != len(readers):
            raise Fault
        return tuple([reader(item) for reader, item in zip(readers, value, strict=True)])

    return read


def _mapping(of_key: Reader, of_value: Reader) -> Reader:
    def read(value: Any) -> dict[Any, Any]:
        if type(value) is not dict:
            raise Fault
        return {of_key(key): of_value(item) for key, item in value.items()}

    return read


def _record(kind: Any) -> Reader:
    """The reader of a plain dataclass, whose annotations are types and not texts."""
    readers = {field.name: _reader(field.type) for field in fields(kind)}

    def read(value: Any) -> Any:
        if type(value) is kind:
            return value
        if type(value) is not dict or not value.keys() <= readers.keys():
            raise Fault
        try:
            return kind(**{name: readers[name](item) for name, item in value.items()})
        except TypeError:
            raise Fault from None  # a field is missing

    return read


_SINGLE: Final[Mapping[Any, Reader]] = {Any: _as_it_is, float: _number, datetime: _moment, Path: _path}
