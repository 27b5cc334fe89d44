"""Names in a share: which ones there can be. Pure; the same for a folder and for a store."""

from typing import Final

from bep.runner.errors import NotShared, ShareRefused

_NO_STEP: Final = ("", ".", "..")


def checked(name: str) -> str:
    """The name of a file, relative, with `/` between its steps. Raises `ShareRefused` for one that leads elsewhere."""
    if any(step in _NO_STEP or "\0" in step for step in name.split("/")):
        raise ShareRefused(f"{name!r} cannot be a name in a share: it has to be relative, without empty steps or '..'")
    return name


def checked_folder(name: str) -> str:
    """The same for a folder; an empty name is the share itself."""
    return checked(name) if name else name


def missing(address: str, name: str) -> NotShared:
    """What is said of a name that a share does not have."""
    return NotShared(f"{address}: there is no {name}")
