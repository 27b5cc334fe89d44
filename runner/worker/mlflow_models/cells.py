"""Cells of a table as the types of an MLflow signature: exactly, or an error that names line and column.

Nothing is rounded, cut off or replaced in silence. Knows no file and no model.
"""

import math

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

MISSING = frozenset(
    ("", "#N/A", "#N/A N/A", "#NA", "-NaN", "-nan", "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null")
)
"""What pandas takes for a missing number in a file."""

EXACT = 1 << 53
"""The integers below it are floating-point numbers too; above it some are not."""


def integer(cell: object) -> int:
    """An integer: `8`, `"8"` and `8.0` are 8. Raises `ValueError` for what is none, `8.5` and nothing among them."""
    if isinstance(cell, int):
        return int(cell)
    if isinstance(cell, float):
        if not cell.is_integer():
            raise ValueError("not an integer")
        return int(cell)
    text = _number(cell)
    try:
        return int(text)
    except ValueError:
        import decimal

        try:
            exact = decimal.Decimal(text)
            if exact == exact.to_integral_value() and abs(exact.adjusted()) < 400:
                return int(exact)
        except (decimal.InvalidOperation, ValueError):
            pass
        raise ValueError("not an integer") from None


def number(cell: object) -> float:
    """A floating-point number; a missing one is NaN. Raises `ValueError` for text that is none."""
    if cell is None or (isinstance(cell, str) and cell.strip() in MISSING):
        return math.nan
    try:
        return float(cell) if isinstance(cell, (int, float)) else float(_number(cell))
    except ValueError:
        raise ValueError("not a number") from None


def truth(cell: object) -> bool:
    """A boolean: `true`, `"False"`, `1`. Raises `ValueError` for all else."""
    if cell in (0, 1):
        return bool(cell)
    text = str(cell).strip().lower()
    if text not in ("true", "false", "0", "1"):
        raise ValueError("not a boolean")
    return text in ("true", "1")


def text_of(cell: object) -> object:
    """Text stays what it is; a number or a boolean of a JSON file becomes the text that stands there."""
    if cell is None or isinstance(cell, str):
        return cell
    import json

    return json.dumps(cell)


def nested(cell: object) -> object:
    """A list or an object; in a csv file it is written as JSON. Raises `ValueError` for other text."""
    if not isinstance(cell, str):
        return cell
    import json

    return json.loads(cell) if cell.strip() else None


def converted(
    values: "list[Any]", convert: "Callable[[Any], Any]", column: object, place: "Callable[[int], str]"
) -> "list[Any]":
    """Every cell of a column but those that are None. Raises `ValueError` that says where, and what stands there."""
    made = []
    for position, cell in enumerate(values):
        try:
            made.append(None if cell is None else convert(cell))
        except (ValueError, TypeError, OverflowError) as error:
            raise refused(place(position), column, cell, error) from None
    return made


def refused(place: str, column: object, cell: object, why: Exception) -> ValueError:
    """The error for one cell: `line 3, column b: 'x' is not an integer`."""
    return ValueError(f"{place}, column {column}: {shown(cell)} is {why}")


def shown(cell: object) -> str:
    """A cell in a message."""
    return "nothing" if cell is None or cell == "" else repr(cell)[:100]


def bounded(numpy: "Any", values: "list[int]", kind: "Any", place: "Callable[[int], str]") -> "Any":
    """Integers as an array of a type of integers. Raises `ValueError` for one that does not fit into it."""
    limits = numpy.iinfo(kind)
    for position, value in enumerate(values):
        if not limits.min <= value <= limits.max:
            raise ValueError(f"{place(position)}: {value} does not fit into {limits.dtype}")
    return numpy.array(values, dtype=kind)


def _number(cell: object) -> str:
    """Text that may be a number as files have it: Python alone reads `1_000`. Raises `ValueError`."""
    if not isinstance(cell, str) or "_" in cell or cell.strip() in MISSING:
        raise ValueError("not a number")
    return cell.strip()
