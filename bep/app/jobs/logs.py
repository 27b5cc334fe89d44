"""What the workers of a job said, read and read on. Reads only; knows no terminal."""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from bep.lazy_dataclasses import dataclass

if TYPE_CHECKING:
    from bep.runner.folder.record import JobRecord

KINDS: Final = {"stdout": "stdout", "stderr": "stderr", "error": "error", "log": "entry_script_log"}
"""What a worker says: what the script printed, printed as errors, raised, and logged; each with its folder."""
_BLOCK: Final = 1 << 20


@dataclass(frozen=True)
class LogFile:
    """One log of one worker of one instance (`node`)."""

    path: Path
    kind: str
    worker: int

    @property
    def node(self) -> str:
        """The instance that the worker counts to."""
        return self.path.parent.name

    @property
    def title(self) -> str:
        """Whose it is and what: `node0/process003 stderr`; of what no worker has said, its path."""
        is_of_worker = self.path.name.startswith("process")
        return f"{self.node}/process{self.worker:03d} {self.kind}" if is_of_worker else str(self.path)


class WorkerLogs(Protocol):
    """The logs of the workers of one job, each read on from where it was read last."""

    @property
    def workers(self) -> list[int]:
        """The numbers of the workers that have said something."""
        ...

    def fresh(self, kinds: Collection[str], worker: int | None, *, to_the_end: bool) -> Iterator[tuple[LogFile, bytes]]:
        """Whole new lines of these logs, of one worker or of all; `to_the_end`: the last line, too, if it is not whole.

        As the script wrote them. `as_written` makes text of it.
        """
        ...

    def as_written(self, content: bytes) -> str:
        """The text, its user's names in the place of those of a copy of the code."""
        ...


class UserLogs:
    """The logs of one job in its folder; see `WorkerLogs`."""

    def __init__(self, record: "JobRecord") -> None:
        self._folder = record.folder / "logs" / "user"
        self._code = (str(record.target.code_directory or ""), record.target.code_name)
        self._read: dict[Path, int] = {}

    @property
    def workers(self) -> list[int]:
        """The numbers of the workers that have said something."""
        return sorted({file.worker for file in self._every()})

    def fresh(self, kinds: Collection[str], worker: int | None, *, to_the_end: bool) -> Iterator[tuple[LogFile, bytes]]:
        """See `WorkerLogs`."""
        for file in self._every():
            if file.kind in kinds and worker in (None, file.worker):
                for content in self._new(file.path, to_the_end):
                    yield file, content

    def as_written(self, content: bytes) -> str:
        """The text, its user's names in the place of those of a copy of the code."""
        from bep.runner.worker.troubles import as_written

        return as_written(content.decode(errors="replace"), *self._code)

    def _every(self) -> Iterator[LogFile]:
        for kind, place in KINDS.items():
            for path in sorted((self._folder / place).glob("*/process*.txt")):
                worker = path.name.split(".")[0].removeprefix("process")
                if worker.isdecimal():
                    yield LogFile(path, kind, int(worker))

    def _new(self, path: Path, to_the_end: bool) -> Iterator[bytes]:
        with path.open("rb") as stream:
            stream.seek(self._read.get(path, 0))
            while block := stream.read(_BLOCK):
                whole = block if to_the_end and len(block) < _BLOCK else block[: block.rfind(b"\n") + 1] or block
                if not to_the_end and not whole.endswith(b"\n"):
                    return
                self._read[path] = self._read.get(path, 0) + len(whole)
                stream.seek(self._read[path])
                yield whole
