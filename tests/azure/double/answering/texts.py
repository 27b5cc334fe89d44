"""Texts in a body: changed by the names of their members, and durations in another spelling. It knows no resource."""

import re
from collections.abc import Callable
from typing import Any, Final

DURATION: Final = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")


def duration(text: str) -> str:
    """A duration as .NET writes it: the largest units first, none over its measure, PT0S for nothing."""
    found = DURATION.fullmatch(text)
    if not found:
        return text
    days, hours, minutes, seconds = (int(each or 0) for each in found.groups())
    minutes, seconds = minutes + seconds // 60, seconds % 60
    hours, minutes = hours + minutes // 60, minutes % 60
    days, hours = days + hours // 24, hours % 24
    day = f"{days}D" if days else ""
    time = "".join(f"{count}{unit}" for count, unit in ((hours, "H"), (minutes, "M"), (seconds, "S")) if count)
    return f"P{day}" + (f"T{time}" if time else "") if day or time else "PT0S"


def each_text(value: Any, change: Callable[[str, str], str], name: str = "") -> Any:
    """A copy in which each text is what `change` makes of it, given its member's name."""
    if isinstance(value, dict):
        return {key: each_text(each, change, key) for key, each in value.items()}
    if isinstance(value, list):
        return [each_text(each, change, name) for each in value]
    return change(name, value) if isinstance(value, str) else value
