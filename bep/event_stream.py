"""The events that `--json` prints, an object a line: what every one of them has. Knows no event by name."""

from datetime import UTC, datetime
from typing import Any, Final

FORMAT: Final = 1
"""The version of the events' format, in each of them; `bep schema show events` has it."""


def enveloped(event: dict[str, Any], *, job: str | None = None) -> dict[str, Any]:
    """An event with the format's version, the time (UTC), and the name of the job that it is of, where it is of one."""
    time = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    about = {} if job is None else {"job": job}
    rounded = {name: round(value, 3) if isinstance(value, float) else value for name, value in event.items()}
    return {"format_version": FORMAT, "time": time, "type": event["type"], **about, **rounded}


def preparing(text: str) -> dict[str, Any]:
    """What is said before there is anything else to tell: environments that are built, and warnings."""
    return {"type": "preparing", "message": text}
