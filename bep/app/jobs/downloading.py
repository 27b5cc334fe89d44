"""A job's outputs and logs, copied where a user wants them: whole or not at all, and over nothing."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from bep.app.errors import Refused
from bep.disk.durable import name_if_free, sync_file, sync_folder

if TYPE_CHECKING:
    from bep.runner.folder.record import JobRecord

ARTIFACTS = "artifacts"
"""Below the folder of the download: logs and the job's own files, where the compatible service puts them."""

_OF_A_JOB = ("job.json", "failed_items.jsonl", "report.html", "logs")


def outputs(record: "JobRecord") -> dict[str, Path]:
    """What a job has written for its user, by the name it gets in the download.

    A folder that is the job's own is taken whole, so that files a script wrote there come along; of a folder that
    the user named, and that other things may stand in, only the predictions file.
    """
    file = record.output_file
    if file is not None and record.name not in record.output_folder.parts:
        return {file.name: file} if file.is_file() else {}
    if not record.output_folder.is_dir():
        return {}
    found = sorted(record.output_folder.iterdir())
    return {path.name: path for path in found if not path.name.endswith(".partial")}


def artifacts(record: "JobRecord") -> dict[str, Path]:
    """Logs, record, list of failed items and report, by the name they get."""
    found = {name: record.folder / name for name in _OF_A_JOB}
    return {f"{ARTIFACTS}/{name}": path for name, path in found.items() if path.exists()}


def download(wanted: Mapping[str, Path], target: Path) -> list[Path]:
    """Copy each to its name below `target`; see `placed`."""

    def fill(folder: Path) -> None:
        for name, source in wanted.items():
            _copy(source, folder / name)

    return placed(wanted, target, fill)


def placed(names: Iterable[str], target: Path, fill: Callable[[Path], None]) -> list[Path]:
    """What `fill` writes to a folder under these names, below `target`, made if it is not there; the paths there now.

    Everything is written beside first and gets its name at the end. Raises `Refused` when one of the names is taken,
    and nothing is written then.
    """
    named = list(names)
    taken = [str(target / name) for name in _tops(named) if os.path.lexists(target / name)]
    if taken:
        raise Refused(
            f"{', '.join(taken)}: there already, and never overwritten\n    fix: choose another folder",
        )
    target.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=".bep-download-", dir=target))
    try:
        fill(beside)
        for path in beside.rglob("*"):
            if path.is_file():
                sync_file(path)
        for name in _tops(named):
            _place(beside / name, target / name)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    sync_folder(target)
    return [target / name for name in named]


def _tops(names: Iterable[str]) -> Iterator[str]:
    """Names directly in the target: what is renamed in one step."""
    yield from dict.fromkeys(name.split("/")[0] for name in names)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copy2(source, target)


def _place(new: Path, target: Path) -> None:
    """Rename; a file only over nothing, even if the name was taken a moment ago."""
    if new.is_dir():
        new.rename(target)
        return
    try:
        name_if_free(new, target)
    except FileExistsError:
        raise Refused(f"{target}: appeared while bep worked; it was not overwritten") from None
