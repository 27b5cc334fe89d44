"""Values of a user's results as plain ones that a format can hold, without losing a digit. Knows no format's bytes.

Imports neither numpy nor pandas: their values come from a script that has.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def cells_of(item: "Any") -> "tuple[list[str], list[Any]]":
    """A result as names of columns and values: dicts, named tuples and Series by name, sequences by position."""
    if isinstance(item, dict):
        return [str(name) for name in item], [value_of(value) for value in item.values()]
    if isinstance(item, tuple) and hasattr(item, "_fields"):
        return list(map(str, item._fields)), [value_of(value) for value in item]
    if _is_series(item):
        return list(map(str, item.index)), [value_of(value) for value in item]
    item = value_of(item)
    if isinstance(item, (list, tuple)):
        return [str(number) for number in range(len(item))], [value_of(value) for value in item]
    return ["prediction"], [item]


def value_of(value: "Any") -> "Any":
    """An array as lists, one of no dimension as its value; all else as it is."""
    if type(value).__name__ == "ndarray" and value.shape == ():
        return value[()]
    return value.tolist() if is_array(value) else value


def is_array(value: "Any") -> bool:
    """Whether this is an array of one dimension or more, of numpy or of something that looks like it."""
    return hasattr(value, "tolist") and hasattr(value, "dtype") and getattr(value, "shape", ()) != ()


def _is_series(value: "Any") -> bool:
    return hasattr(value, "tolist") and hasattr(value, "index") and not callable(value.index)


def is_missing(value: "Any") -> bool:
    """None, NaN, and what pandas has for a missing time or value."""
    if value is None:
        return True
    if isinstance(value, float):
        return value != value
    return type(value).__name__ in ("NaTType", "NAType")


def json_of(value: "Any") -> "Any":
    """A value as JSON can hold it. NaN and the infinities are null, times ISO 8601, bytes base64, decimals text."""
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return float(value) if value - value == 0 else None
    if isinstance(value, dict):
        return {name if isinstance(name, str) else str(name): json_of(below) for name, below in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [json_of(below) for below in value]
    if isinstance(value, (bytes, bytearray)):
        import base64

        return base64.b64encode(value).decode()
    return _json_of_foreign(value)


def _json_of_foreign(value: "Any") -> "Any":
    if is_missing(value):
        return None
    if hasattr(value, "isoformat"):
        return value.isoformat()
    kind = getattr(getattr(value, "dtype", None), "kind", "")
    if kind in ("M", "m") and getattr(value, "shape", None) == ():  # as a number it would lose its unit
        text = str(value)
        return None if text == "NaT" else text
    if _is_series(value):
        return dict(zip(map(str, value.index), map(json_of, value)))
    if hasattr(value, "tolist"):
        plain = value.tolist()
        return str(value) if type(plain) is type(value) else json_of(plain)
    return str(value)


def shows_all(item: "Any", text: str) -> bool:
    """Whether `str(item)` has everything: arrays of numpy and tables of pandas leave out their middle."""
    return "..." not in text or isinstance(item, str)
