"""Whether the display of a result has all of it: numpy, pandas and tensors round, and leave out the middle.

Knows values and texts. Is imported for the first result that is no plain value: most jobs have none.
"""

import re

from .cells import PLAIN, is_numpys, is_table, value_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterator

_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?")


def shows_all(item: "Any", text: str) -> bool:
    """Whether `text`, which is `str(item)`, says every number of the arrays and tables in it, to the last digit."""
    numbers = None  # type: set[float] | None
    for array in _displayed(item):
        values = _flat(array)
        if "..." in text and not any(isinstance(value, str) and "..." in value for value in values):
            return False
        floats = [value for value in values if isinstance(value, float) and value - value == 0]
        if floats:
            numbers = set(map(float, _NUMBER.findall(text))) if numbers is None else numbers
            if not _as_held(array, numbers).issuperset(floats):
                return False
    return True


def _displayed(item: "Any") -> "Iterator[Any]":
    """Arrays and columns of tables in a result, at every depth."""
    if type(item) in PLAIN:
        return
    if isinstance(item, (dict, list, tuple)):
        for below in item.values() if isinstance(item, dict) else item:
            yield from _displayed(below)
    elif is_table(item):
        for number in range(len(item.columns)):
            yield item.iloc[:, number]
    elif _is_array(item):
        yield item


def _is_array(value: "Any") -> bool:
    """Whether this is an array or a tensor, of no dimension too; numbers of numpy are displayed whole."""
    if is_numpys(value):
        return type(value).__name__ == "ndarray"
    return hasattr(value, "dtype") and (hasattr(value, "tolist") or hasattr(value, "numpy"))


def _flat(array: "Any") -> "list[Any]":
    found = [value_of(array)]
    flat = []
    while found:
        value = found.pop()
        if isinstance(value, (list, tuple)):
            found.extend(value)
        else:
            flat.append(value)
    return flat


def _as_held(array: "Any", numbers: "set[float]") -> "set[float]":
    """Numbers as an array of this type holds them: 0.1 of 32 bits is another than 0.1 of 64."""
    kind = getattr(getattr(array, "dtype", None), "type", float)
    if getattr(kind, "__module__", "") != "numpy":
        return numbers
    try:
        return {float(kind(number)) for number in numbers}
    except (TypeError, ValueError, OverflowError):
        return numbers
