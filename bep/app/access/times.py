"""How long a token is valid, from words to a moment."""

from datetime import UTC, datetime, timedelta

from bep.app.errors import Refused
from bep.lazy_patterns import lazy_pattern

_TIME = lazy_pattern(r"([1-9]\d{0,5})(d|h|m)")
_UNITS = {"d": timedelta(days=1), "h": timedelta(hours=1), "m": timedelta(minutes=1)}


def expiry(words: str) -> tuple[datetime, datetime | None]:
    """Now, and the moment so long from now; None for "never". Raises `Refused` for other words."""
    now = datetime.now(UTC)
    if words == "never":
        return now, None
    found = _TIME.fullmatch(words)
    if not found:
        raise Refused(f"{words!r} is no time: write 30d, 12h, 90m or never", about="expires")
    return now, now + int(found[1]) * _UNITS[found[2]]
