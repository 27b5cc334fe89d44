"""A job's folder: where everything of one job stands, and who may write there. Knows no content."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bep.disk import modes
from bep.disk.locks import open_lock, take
from bep.disk.refusal import naming
from bep.runner.errors import JobBusy
from bep.runner.folder import leftover_processes


class JobFolder:
    """Paths of one job. Nothing is made until `make`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.record = path / "job.json"
        self.manifest = path / "manifest"
        self.index = path / "manifest.index"
        self.stamps = path / "manifest.stamps"
        self.origins = path / "manifest.origins"
        self.partitions = path / "manifest.partitions"
        self.journal = path / "journal"
        self.parts = path / "parts"
        self.logs = path / "logs"
        self.failed_items = path / "failed_items.jsonl"
        self.working = path / "working"
        self.assets = path / "assets"
        self.assets_list = path / "assets.json"
        self.downloads = path / "downloads"
        self.inputs = path / "inputs"
        self.uploads = path / "uploads"
        self._lock = path / "lock"

    def make(self) -> None:
        """Create the folders that a job writes to."""
        for folder in (self.path, self.parts, self.logs, self.working):
            modes.make_folder(folder)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the job for this process. Raises `JobBusy` when another one does; the system frees it at any death."""
        modes.make_folder(self.path)
        lock = open_lock(self._lock)
        try:
            if not take(lock, patience=0.5):
                holder = os.pread(lock, 100, 0).decode(errors="replace").strip() or "another process"
                raise JobBusy(f"{self.path.name} is being run by {holder}; wait for it or cancel it")
            if not self._is_here(lock):
                raise JobBusy(f"{self.path.name} was removed in the meantime")
            with naming(self._lock):
                os.ftruncate(lock, 0)
                os.pwrite(lock, f"process {os.getpid()}\n".encode(), 0)
            yield
        finally:
            os.close(lock)

    def _is_here(self, lock: int) -> bool:
        """Whether an open lock is this folder's still: who waits for it may wait for a job that is being removed."""
        try:
            return os.path.samestat(os.fstat(lock), self._lock.stat())
        except FileNotFoundError:
            return False

    def is_held(self) -> bool:
        """Whether a living runner has this job."""
        with self.unheld() as is_free:
            return is_free is False

    @contextmanager
    def unheld(self) -> Iterator[bool | None]:
        """Whether nobody runs the job; nobody can start to before the end. None where no runner has ever had it."""
        try:
            lock = os.open(self._lock, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            yield None
            return
        try:
            yield take(lock, shared=True)
        finally:
            os.close(lock)

    def taken(self) -> float:
        """When a runner last took this job, on the wall clock. Raises `OSError` when none ever has."""
        return self._lock.stat().st_mtime

    def holder(self) -> int | None:
        """The process number of the living runner that has this job; None where none has."""
        if not self.is_held():
            return None
        words = self._lock.read_text(errors="replace").split()
        return int(words[1]) if len(words) == 2 and words[1].isdecimal() else None


def wait_for_parts(parts: Path, patience: float) -> None:
    """Wait until no worker of an earlier runner can write any more. Raises `JobBusy` after `patience` seconds.

    The kernel kills them with their runner, but not in the same instant; each holds a lock on its journal. What their
    scripts started outside their groups has outlived both, and is ended here.
    """
    leftover_processes.end(parts)
    free: set[Path] = set()
    while waiting := sorted(set(parts.glob("*.journal")) - free):  # whoever lets one go has locked the next before
        for journal in waiting:
            _wait_for(journal, patience)
        free.update(waiting)


def _wait_for(journal: Path, patience: float) -> None:
    file = os.open(journal, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if not take(file, shared=True, patience=patience):
            raise JobBusy(f"a worker of the job's last run still lives and writes to {journal}; end it first")
    finally:
        os.close(file)
