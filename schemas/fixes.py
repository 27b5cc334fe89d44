"""The way out of an error, which its text names on a line of its own. Pure; knows no error."""

from typing import Final

_MARK: Final = "\n    fix: "


def parted(text: str) -> tuple[str, str]:
    """What is wrong, and what to do, which is empty where the text does not say."""
    message, _, fix = text.partition(_MARK)
    return message, fix
