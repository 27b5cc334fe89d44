"""A folder of this machine, looked at: whether it may be written, and how much room its disk has. Writes nothing."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bep.disk.refusal import no_write
from bep.providers.check import Check, ok, problem, warning

LEAST: Final = 16 << 20
"""Bytes below which the next write may be the one that does not fit."""
_UNITS: Final = ((1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"))


def folder_check(name: str, places: Sequence[Path], *, enough: int = 64 << 20) -> Check:
    """Whether all of these may be written, the first of them a folder on whose disk `enough` bytes should be free."""
    refusal = no_write(places)
    if refusal is not None:
        return problem(name, refusal.reason, refusal.fix)
    folder = places[0]
    there = next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())
    system = os.statvfs(there)
    free = system.f_bavail * system.f_frsize
    room = f"{folder}: {size_of(free)} free on its disk"
    mend = f"make room on the disk of {there}"
    if free < LEAST:
        return problem(name, room, mend)
    if system.f_files and not system.f_favail:
        return problem(name, f"{folder}: its disk takes no more files, whatever room it has", mend)
    if free < enough:
        return warning(name, f"{room}, and {size_of(enough)} may be needed", mend)
    return ok(name, room)


def size_of(count: int) -> str:
    """Bytes for a person: `1.5 GiB`."""
    size, unit = next(((size, unit) for size, unit in _UNITS if count >= size), (1, "B"))
    return f"{count / size:.3g} {unit}" if count < 1000 * size else f"{count // size} {unit}"
