"""Values of a user's results as plain ones that a format can hold, without losing a digit. Knows no format's bytes.

Imports neither numpy nor pandas: their values come from a script that has.
"""

import sys

from ..troubles import RowInvalid

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterator

PLAIN = frozenset((str, int, float, bool, bytes, type(None)))
_JSON_WORDS = {True: "true", False: "false", None: "null"}


def cells_of(item: "Any") -> "tuple[list[str], list[Any]]":
    """A result as names of columns and values: dicts, named tuples and Series by name, sequences by position.

    Raises `RowInvalid` for one that has no columns.
    """
    if isinstance(item, dict):
        names, values = list(map(str, item)), list(item.values())
    elif isinstance(item, tuple) and hasattr(item, "_fields"):
        names, values = list(map(str, item._fields)), list(item)
    elif _is_series(item):
        names, values = list(map(str, item.index)), list(item)
    elif is_table(item):
        names, values = ["prediction"], [item]
    else:
        item = value_of(item)
        is_row = isinstance(item, (list, tuple))
        names = list(map(str, range(len(item)))) if is_row else ["prediction"]
        values = list(item) if is_row else [item]
    if not names:
        raise RowInvalid(
            f"run() returned an empty {type(item).__name__} for a row; a row of csv or Parquet has columns"
        )
    return names, list(map(value_of, values))


def records_of(table: "Any") -> "list[dict[str, Any]]":
    """A data frame as dicts, each value exact: to_json() would round to ten digits. Raises `RowInvalid`."""
    names = list(map(str, table.columns))
    must_differ(names)
    columns = [table.iloc[:, number].tolist() for number in range(len(names))]
    return [dict(zip(names, row)) for row in zip(*columns)] if columns else [{} for _ in range(len(table))]


def must_differ(names: "list[str]") -> None:
    """Raise `RowInvalid` where two values have one name: JSON and Parquet would keep one of them."""
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise RowInvalid(f"run() returned two values of the name {twice!r} in one row: give each a name of its own")


def value_of(value: "Any") -> "Any":
    """A value whose text has all of it: arrays as lists, tables as lists of dicts, at every depth; else as it is."""
    if type(value) in PLAIN:
        return value
    if isinstance(value, dict):
        return {name: _inner(below) for name, below in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_make"):
        return value._make(map(_inner, value))
    if isinstance(value, (list, tuple)):
        return (tuple if isinstance(value, tuple) else list)(map(_inner, value))
    if is_table(value):
        return [value_of(record) for record in records_of(value)]
    if isinstance(value, memoryview):
        return value.tobytes()
    if not hasattr(value, "tolist") and hasattr(value, "numpy") and hasattr(value, "shape"):  # a tensor of TensorFlow
        value = value.numpy()
    return _of_array(value) if hasattr(value, "tolist") and hasattr(value, "dtype") else value


def _of_array(value: "Any") -> "Any":
    if getattr(value, "shape", ()) == ():
        if type(value).__name__ == "ndarray":
            return value_of(value[()])
        return value if is_numpys(value) else value.tolist()
    if getattr(value.dtype, "kind", "") in ("M", "m"):  # as lists they would be integers
        return list(map(value_of, value))
    return value_of(value.tolist())


def _inner(value: "Any") -> "Any":
    """A value inside another: a number of numpy is Python's there, for it would be displayed with its type."""
    value = value_of(value)
    if is_numpys(value) and value.shape == ():
        plain = value.item() if value.dtype.kind not in ("M", "m") else value
        return plain if type(plain) in PLAIN else value
    return value


def is_numpys(value: "Any") -> bool:
    return type(value).__module__ == "numpy" and hasattr(value, "dtype")


def is_table(value: "Any") -> bool:
    """Whether this is a DataFrame of the pandas that the script has imported, if it has."""
    frame = getattr(sys.modules.get("pandas"), "DataFrame", None)
    return frame is not None and isinstance(value, frame)


def _is_series(value: "Any") -> bool:
    return hasattr(value, "tolist") and hasattr(value, "index") and not callable(value.index)


def is_missing(value: "Any") -> bool:
    """None, NaN, and what pandas and numpy have for a missing time or value."""
    if value is None:
        return True
    if isinstance(value, float):
        return value != value
    return type(value).__name__ in ("NaTType", "NAType") or (
        type(value).__name__ in ("datetime64", "timedelta64") and str(value) == "NaT"
    )


def json_of(value: "Any") -> "Any":
    """A value as JSON can hold it. NaN and the infinities are null, times ISO 8601, bytes base64, decimals text."""
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return float(value) if value - value == 0 else None
    if isinstance(value, dict):
        names = list(map(_json_name, value))
        must_differ(names)
        return dict(zip(names, map(json_of, value.values())))
    if isinstance(value, (list, tuple)):
        return list(map(json_of, value))
    if isinstance(value, (set, frozenset)):
        return sorted(map(json_of, value), key=repr)  # their own order is another in each process
    if isinstance(value, (bytes, bytearray, memoryview)):
        import base64

        return base64.b64encode(value).decode()
    return _json_of_foreign(value)


def _json_name(name: "Any") -> str:
    if name is None or isinstance(name, bool):
        return _JSON_WORDS[name]
    return name if isinstance(name, str) else str(name)


def _json_of_foreign(value: "Any") -> "Any":
    if is_missing(value):
        return None
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if _is_series(value):
        return json_of(dict(_pairs(value)))
    plain = value_of(value)
    if plain is not value:
        return json_of(plain)
    kind = getattr(getattr(value, "dtype", None), "kind", "")
    if hasattr(value, "tolist") and kind not in ("M", "m"):  # a time as a number would lose its unit
        plain = value.tolist()
        return str(value) if type(plain) is type(value) else json_of(plain)
    return str(value)


def _pairs(series: "Any") -> "Iterator[tuple[str, Any]]":
    names = list(map(str, series.index))
    must_differ(names)
    return zip(names, series)
