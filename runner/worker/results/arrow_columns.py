"""One column of results as an Arrow array of one type that holds every value, or as text. Knows no file, no row.

pyarrow infers a type from the first values it meets and bends the rest to it: a time beside a date loses its hours, a
number beside a duration becomes microseconds, a nanosecond is cut off. So sorts of values are told apart here first.
"""

import json

from .cells import is_missing, json_of, must_differ, value_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

_SORTS: "dict[type, str]" = {
    str: "str", bool: "bool", int: "int", float: "float", bytes: "bytes", dict: "dict", list: "list", tuple: "list",
}  # fmt: skip
_BY_KIND = {"b": "bool", "i": "int", "u": "int", "f": "float", "M": "numpy time", "m": "numpy duration"}
_EXACT = 2**53  # floating-point numbers of 64 bits have every integer up to this


def array_of(pyarrow: "Any", name: str, values: "Any", notice: "Callable[[str], None]") -> "Any":
    """A list of values or a Series. `notice` is told where it had to become text. Raises `RowInvalid`."""
    if not isinstance(values, list):
        made = _of_series(pyarrow, values)
        if made is not None:
            return made
        values = [None if is_missing(value) else value for value in values.tolist()]
    values = list(map(value_of, values))
    made = _of_values(pyarrow, values)
    if made is None:
        kinds = sorted({type(value).__name__ for value in values if not is_missing(value)})
        notice(as_text(name, kinds))
        made = text_array(pyarrow, values)
    return made


def as_text(name: str, kinds: "list[str]") -> str:
    """What the user is told of a column that is written as text."""
    what = "different types" if len(kinds) > 1 else "a type that Parquet does not hold exactly"
    return f"column {name} holds values of {what} ({', '.join(kinds)}), so it is text in the Parquet file"


def text_array(pyarrow: "Any", values: "list[Any]") -> "Any":
    """Values as texts, null where one is missing."""
    return pyarrow.array(
        [None if is_missing(value) else _encodable(_text(value)) for value in values], pyarrow.string()
    )


def readable(name: str) -> str:
    """A name as a file can hold it."""
    return _encodable(name)


def _of_series(pyarrow: "Any", series: "Any") -> "Any":
    """A column of one type; None for one of any objects, or of a type that only its own library reads."""
    if getattr(series.dtype, "kind", "O") == "O" and not hasattr(series, "cat") and str(series.dtype) == "object":
        return None
    try:
        made = pyarrow.Array.from_pandas(series)
    except (pyarrow.ArrowException, TypeError, ValueError, OverflowError):
        return None
    made = made.combine_chunks() if hasattr(made, "combine_chunks") else made
    made = made.dictionary_decode() if pyarrow.types.is_dictionary(made.type) else made
    return made if _is_writable(pyarrow, made.type) else None


def _of_values(pyarrow: "Any", values: "list[Any]") -> "Any":
    seen = _Seen()
    plain = [seen.plain(value, ()) for value in values]
    if seen.differ():
        return None
    try:
        made = pyarrow.array(plain)
        if seen.has_nanoseconds:
            made = pyarrow.array(plain, _finer(pyarrow, made.type))
    except (pyarrow.ArrowException, TypeError, ValueError, OverflowError):
        return None
    return made if _is_writable(pyarrow, made.type) else None


class _Seen:
    """What sorts of values stand at each place of a column: in itself, in its lists, under each name of its dicts."""

    def __init__(self) -> None:
        self._sorts: dict[tuple[object, ...], set[str]] = {}
        self._rounded: set[tuple[object, ...]] = set()
        self.has_nanoseconds = False

    def plain(self, value: "Any", place: "tuple[object, ...]") -> "Any":
        """A value as pyarrow takes it."""
        if is_missing(value) and not isinstance(value, float):
            return None
        sort = _SORTS.get(type(value)) or _sort_of(value)
        self._sorts.setdefault(place, set()).add(sort)
        if sort == "dict":
            names = list(map(str, value))
            must_differ(names)
            return {_encodable(name): self.plain(below, (*place, name)) for name, below in zip(names, value.values())}
        if sort == "list":
            return [self.plain(below, (*place, 0)) for below in value]
        if sort == "int" and not -_EXACT <= value <= _EXACT:
            self._rounded.add(place)
        if sort == "str":
            return _encodable(value)
        if getattr(value, "nanosecond", 0) or getattr(value, "nanoseconds", 0):
            self.has_nanoseconds = True
        return value

    def differ(self) -> bool:
        """Whether one place has values that no one type holds."""
        for place, sorts in self._sorts.items():
            if len(sorts) > 1 and (sorts != {"int", "float"} or place in self._rounded):
                return True
        return False


def _sort_of(value: "Any") -> str:
    for kind in (str, bool, int, float, bytes, dict, list, tuple):
        if isinstance(value, kind):
            return _SORTS[kind]
    numpys = _BY_KIND.get(getattr(getattr(value, "dtype", None), "kind", ""))
    if numpys:
        return numpys
    if hasattr(value, "isoformat") and hasattr(value, "tzinfo"):
        is_date = hasattr(value, "year")
        return ("time of a day" if not is_date else "time") + (" with a zone" if value.tzinfo is not None else "")
    return "duration" if hasattr(value, "total_seconds") else type(value).__name__


def _finer(pyarrow: "Any", kind: "Any") -> "Any":
    """The same type with times to the nanosecond."""
    checks = pyarrow.types
    if checks.is_timestamp(kind):
        return pyarrow.timestamp("ns", tz=kind.tz)
    if checks.is_duration(kind):
        return pyarrow.duration("ns")
    if checks.is_list(kind):
        return pyarrow.list_(_finer(pyarrow, kind.value_type))
    if checks.is_struct(kind):
        return pyarrow.struct([(field.name, _finer(pyarrow, field.type)) for field in _fields(kind)])
    return kind


def _is_writable(pyarrow: "Any", kind: "Any") -> bool:
    """Whether a Parquet file can hold this type, and a reader without the script's libraries understand it."""
    if isinstance(kind, getattr(pyarrow, "BaseExtensionType", pyarrow.ExtensionType)):
        return False
    if pyarrow.types.is_struct(kind):
        return kind.num_fields > 0 and all(_is_writable(pyarrow, field.type) for field in _fields(kind))
    if pyarrow.types.is_list(kind) or pyarrow.types.is_large_list(kind):
        return _is_writable(pyarrow, kind.value_type)
    if not pyarrow.types.is_float16(kind):
        return True
    from pyarrow import parquet  # type: ignore[import-not-found,import-untyped,unused-ignore]

    try:  # from pyarrow 15 on
        parquet.ParquetWriter(pyarrow.BufferOutputStream(), pyarrow.schema([("column", kind)])).close()
    except pyarrow.ArrowException:
        return False
    return True


def _fields(struct: "Any") -> "list[Any]":
    return [struct[number] for number in range(struct.num_fields)]


def _text(value: "Any") -> str:
    if isinstance(value, str):
        return value
    plain = json_of(value)
    return plain if isinstance(plain, str) else json.dumps(plain)


def _encodable(text: str) -> str:
    """A text as UTF-8 can hold it: names of files may be none."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode()
    return text
