"""What workers on other machines said, read in the share of their job: the machines may be gone. Reads only."""

from collections.abc import Collection, Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from bep.app.jobs.logs import KINDS, LogFile

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Specs
    from bep.runner.folder.record import JobRecord
    from bep.runner.shards.seen import Shared

_BLOCK = 1 << 20


def logs_of_cluster(opened: "Specs", record: "JobRecord") -> "SharedLogs | None":
    """Those of a job that a cluster scores, while they are not in its folder; None for any other job. Raises
    `ShareRefused`."""
    if record.cluster is None or (record.status.is_final and record.status != "NotResponding"):
        return None
    from bep.runner.shards.seen import Shared
    from bep.runner.shares.share import share_at

    shared = Shared(share_at(record.cluster.share, opened.root), record.name)
    return SharedLogs(shared, ("", record.target.code_name))


class SharedLogs:
    """The logs of one job; see `app.jobs.logs.WorkerLogs`. Whoever scores puts its own there now and then."""

    def __init__(self, shared: "Shared", code: tuple[str, str]) -> None:
        self._shared = shared
        self._code = code
        self._read: dict[str, int] = {}
        self._known: list[int] = []

    @property
    def workers(self) -> list[int]:
        """The numbers of the workers that have said something: several nodes may have one of each."""
        return self._known

    def fresh(self, kinds: Collection[str], worker: int | None, *, to_the_end: bool) -> Iterator[tuple[LogFile, bytes]]:
        """See `WorkerLogs`."""
        logs = self._shared.logs()
        files = [(file, *logs[name]) for name in logs if (file := _file_of(name)) is not None]
        self._known = sorted({file.worker for file, _, _ in files})
        for kind in KINDS:
            for file, place, size in files:
                if file.kind == kind and kind in kinds and worker in (None, file.worker):
                    for content in self._new(place, size, to_the_end):
                        yield file, content

    def as_written(self, content: bytes) -> str:
        """The text, its user's names in the place of those of a copy of the code."""
        from bep.runner.worker.troubles import as_written

        return as_written(content.decode(errors="replace"), *self._code)

    def _new(self, place: str, size: int, to_the_end: bool) -> Iterator[bytes]:
        from bep.runner.errors import NotShared

        while (start := self._read.get(place, 0)) < size:
            try:
                block = self._shared.share.read(place, start, _BLOCK)
            except NotShared:
                return
            is_last = len(block) < _BLOCK
            whole = block if to_the_end and is_last else block[: block.rfind(b"\n") + 1] or (b"" if is_last else block)
            if not whole:
                return
            self._read[place] = start + len(whole)
            yield whole


def _file_of(name: str) -> LogFile | None:
    """A log by its name below a job's folder of logs; None for what no worker has said."""
    path = PurePosixPath(name)
    kind = next((kind for kind, place in KINDS.items() if place == path.parts[1]), None)
    number = path.name.split(".")[0].removeprefix("process")
    if kind is None or len(path.parts) != 4 or not number.isdecimal() or not path.name.startswith("process"):
        return None
    return LogFile(Path(path), kind, int(number))
