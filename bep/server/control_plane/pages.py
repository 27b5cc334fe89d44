"""Lists as Resource Manager gives them: how many on a page, in which order, and a link to the next. Pure."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

from bep.server.answers import Unanswered
from bep.server.shapes.paging import PAGE, page_of

Value = TypeVar("Value")

_SIZES: Final = ("$top", "count", "maxpagesize")
_LONGEST: Final = 9  # digits


def listing(
    values: Sequence[Value], query: Mapping[str, str], place: str, body: Callable[[Value], dict[str, Any]]
) -> dict[str, Any]:
    """The page that a query asks for, oldest first unless it says otherwise; `place` is its URL without the query.

    Raises `Unanswered` for what is no number, and for a token that no page gave.
    """
    size = max(min([PAGE, *(_number(query, name) for name in _SIZES if name in query)]), 1)
    order = next((query[name] for name in ("$orderBy", "orderBy") if name in query), "")
    ordered = list(reversed(values)) if order.casefold().endswith("desc") else list(values)
    page, more = page_of(ordered, query.get("$skiptoken"), place, dict(query), size)
    return {"value": [body(one) for one in page], "nextLink": more}


def _number(query: Mapping[str, str], name: str) -> int:
    said = query[name]
    if not (said.isascii() and said.isdigit() and len(said) <= _LONGEST):
        raise Unanswered(400, "InvalidRequest", f"{name}: {said!r} is no number of rows")
    return int(said)
