"""Whether another Python of this machine can parse a script: asked of that Python, which runs nothing of it."""

import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from bep.disk.durable import write_durably
from bep.disk.known_digests import user_cache
from bep.disk.modes import make_folder
from bep.lazy_patterns import lazy_pattern
from bep.providers.local.environments.interpreters import PROBE_SECONDS, folders, within
from bep.schemas.specs.script_grammar import Parsed

MOST: Final = 1000
"""Answers that are kept; the oldest go first."""

_PROGRAM: Final = (
    "import json, platform, sys, warnings\n"
    "warnings.simplefilter('ignore')\n"
    "found = {'version': platform.python_version()}\n"
    "try:\n"
    "    compile(sys.stdin.buffer.read(), 'script', 'exec', 0x400, True)\n"  # PyCF_ONLY_AST: parsed, not compiled
    "except SyntaxError as error:\n"
    "    found.update(message=str(error.msg), line=error.lineno or 1, column=error.offset or 1)\n"
    "except Exception as error:\n"
    "    found.update(message=str(error), line=1, column=1)\n"
    "print(json.dumps(found))\n"
)
_NAME = lazy_pattern(r"python3\.(\d+)")


def parse(asked: str, source: bytes, surroundings: Mapping[str, str]) -> Parsed | None:
    """What the Python of a version (`3.8`) or range (`>=3.8,<3.11`) says of a script: the newest one inside, as for
    building. None where none of them is on this machine, or it does not answer.

    Answers are kept in the user's cache, since a start of an interpreter takes longer than all else about a script.
    """
    cache = user_cache(surroundings)
    place = cache / "scripts.json" if cache is not None else None
    kept = _kept(place)
    key = sha256(f"{asked}\0".encode() + source).hexdigest()
    if key in kept:
        return Parsed(**kept[key])
    said = next((one for python in _pythons(asked, surroundings) if (one := _asked(python, source))), None)
    if said is None:
        return None
    with suppress(OSError):  # it saves time and nothing else
        if place is not None:
            make_folder(place.parent)
            newest = dict([*kept.items(), (key, said)][-MOST:])
            write_durably(place, json.dumps(newest).encode())
    return Parsed(**said)


def _kept(place: Path | None) -> dict[str, dict[str, Any]]:
    """What was answered before; nothing of a file that is damaged."""
    try:
        found = json.loads(place.read_bytes()) if place is not None else {}
        return {key: {**one} for key, one in found.items() if Parsed(**one)}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _pythons(asked: str, surroundings: Mapping[str, str]) -> Iterator[Path]:
    """The interpreters whose names say that they may be meant, the newest first."""
    found: dict[int, Path] = {}
    for folder in folders(surroundings):
        for file in folder.glob("python3.*"):
            name = _NAME.fullmatch(file.name)
            if name is not None and os.access(file, os.X_OK):
                found.setdefault(int(name[1]), file)
    exact = re.fullmatch(r"3\.(\d+)(\.\d+)?", asked)
    for minor in sorted(found, reverse=True):
        if minor == int(exact[1]) if exact else within((3, minor), asked):
            yield found[minor]


def _asked(python: Path, source: bytes) -> dict[str, Any] | None:
    """What one interpreter says; None where it does not start, or breaks over the script."""
    try:
        command = [str(python), "-I", "-S", "-c", _PROGRAM]
        answer = subprocess.run(command, input=source, capture_output=True, timeout=PROBE_SECONDS, check=True)
        found: dict[str, Any] = json.loads(answer.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return found
