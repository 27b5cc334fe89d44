"""The files that a script has written by itself, brought from the share to where a run here would have left them.

A later run of the job may have written them anew: those that bep has put there, and nobody has touched since, go then.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from bep.disk.durable import write_durably
from bep.runner.folder.folder import JobFolder
from bep.runner.shards.bringing import OUTPUT, bring_own_files
from bep.runner.shards.seen import Shared
from bep.runner.transfer.transfers import Board

_NAME: Final = "own_files.json"


def bring(shared: Shared, folder: JobFolder, output: Path, going: Path, board: Board) -> None:
    """Bring them, where the share is a folder: elsewhere there are none. Raises `OutputExists` for one that somebody
    else has put there or changed, `ShareRefused`, `OSError`, `Cancelled`."""
    if shared.share.root is None:
        return
    note = folder.path / _NAME
    known = _read(note)
    bring_own_files(
        shared, output, shared.name, going, board, lambda name, file: name in known and known[name] == _stamp(file)
    )
    found = dict(_stamps(shared, output))
    if found != known:
        write_durably(note, json.dumps(found, sort_keys=True).encode())


def _stamps(shared: Shared, output: Path) -> Iterator[tuple[str, list[int]]]:
    for name in shared.share.listed(shared.place(OUTPUT)):
        yield name, _stamp(output / name)


def _stamp(file: Path) -> list[int]:
    """What changes when somebody writes to a file."""
    with suppress(OSError):
        found = file.lstat()
        return [found.st_ino, found.st_size, found.st_mtime_ns]
    return []


def _read(note: Path) -> dict[str, list[int]]:
    try:
        return dict(json.loads(note.read_bytes()))
    except (OSError, ValueError, TypeError, RecursionError):
        return {}  # then a file that has other bytes is somebody else's, for all that is known
