"""A job's folder, removed: at once and whole for whoever looks, however it ends. Knows paths, no record's meaning."""

import json
import secrets
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from bep.disk.durable import sync_folder, write_durably
from bep.runner.folder.folder import JobFolder

PREFIX: Final = ".removed-"
"""What the name of a folder begins with that is a job no more; no job's name does."""

_WITH: Final = "removed.json"


def remove(folder: JobFolder, output: Path | None = None) -> None:
    """Remove a job that the caller holds, with `output`, a folder that is all its own.

    The folder loses its name first, in one step: a kill before it leaves the job as it was, and one after it leaves
    what `sweep` takes away. Raises `OSError`.
    """
    write_durably(folder.path / _WITH, json.dumps({"output": output and str(output)}).encode())
    going = folder.path.with_name(f"{PREFIX}{secrets.token_hex(6)}")
    folder.path.rename(going)
    sync_folder(going.parent)
    _finish(JobFolder(going))


def sweep(jobs: Path) -> None:
    """Take away what removals that were killed have left. One whose process lives is left to it."""
    for going in left(jobs):
        folder = JobFolder(going)
        with suppress(OSError), folder.unheld() as is_free:
            if is_free is not False:
                _finish(folder)


def left(jobs: Path) -> Iterator[Path]:
    """The folders that were jobs."""
    yield from sorted(jobs.glob(f"{PREFIX}*"))


def _finish(folder: JobFolder) -> None:
    with suppress(OSError, ValueError, KeyError, TypeError):  # a removal that got as far as that has no output left
        output = json.loads((folder.path / _WITH).read_bytes())["output"]
        if output:
            _without(Path(output), folder.path.name)
    shutil.rmtree(folder.path, ignore_errors=True)


def _without(output: Path, name: str) -> None:
    """Remove an output folder, under another name first, and the folder it alone was in."""
    going = output.with_name(name)
    if not going.exists():
        output.rename(going)
    shutil.rmtree(going, ignore_errors=True)
    output.parent.rmdir()
