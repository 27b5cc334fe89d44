"""Lists, a page at a time, as the service pages them: a link to the next. Pure."""

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlencode

from bep.server.answers import Unanswered

PAGE: Final = 100
"""How many a page has."""


def page_of(
    values: Sequence[Any], skip: str | None, address: str, kept: dict[str, str], size: int = PAGE
) -> tuple[Sequence[Any], str | None]:
    """The values of a page, and where the next is. `skip` is what the last page's link said, `kept` are the other
    parameters of the request. Raises `Unanswered` for a token that no page gave."""
    if skip is not None and not (skip.isascii() and skip.isdigit() and len(skip) < 10):
        raise Unanswered(400, "InvalidRequest", f"$skiptoken: {skip!r} is from no page")
    begin = int(skip or 0)
    end = begin + size
    more = f"{address}?{urlencode({**kept, '$skiptoken': end})}" if end < len(values) else None
    return values[begin:end], more
