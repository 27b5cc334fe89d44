"""`bep job logs`: what the workers of a job said, whole or while they say it. Reads only."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from bep.command_line.declaring import Option
from bep.commands.jobs.results import Name
from bep.exit_codes import ExitCode, Stop
from bep.lazy_dataclasses import dataclass

if TYPE_CHECKING:
    from bep.console import Console
    from bep.runner.folder.record import JobRecord

_KINDS = {"stdout": "stdout", "stderr": "stderr", "error": "error", "log": "entry_script_log"}
_LOOK = 0.25  # seconds between two looks while following
_BLOCK = 1 << 20


def logs(
    name: Name,
    worker: Annotated[int | None, Option("--worker", "-w", metavar="N", help="Of this worker only.")] = None,
    stdout: Annotated[bool, Option("--stdout", help="What the script printed.")] = False,
    stderr: Annotated[bool, Option("--stderr", help="What it and its libraries printed as errors.")] = False,
    error: Annotated[bool, Option("--error", help="Exceptions, and stacks of calls that were ended.")] = False,
    log: Annotated[bool, Option("--log", help="What it logged with EntryScript().logger.")] = False,
    raw: Annotated[bool, Option("--raw", help="Its bytes as they are, escape codes too.")] = False,
    follow: Annotated[bool, Option("--follow", "-f", help="Go on until the job is over.")] = False,
) -> None:
    """Print what the workers of a job said; without an option for it, everything that they said.

    Each file begins with a line that names worker and kind, unless only one was asked for. A worker that
    died has another in its place, with the next free number. What would move the cursor is spelt out;
    on a terminal, colours pass.

    \b
    Examples:
      bep job logs nightly                      all of it
      bep job logs nightly --error              only exceptions, with their tracebacks
      bep job logs nightly --worker 3 --stderr
      bep job logs nightly -f                   while the job runs
      bep job logs nightly -w 0 --stdout --raw > out.bin

    \b
    Exit codes: 0 printed, or there was nothing to print; 1 no such job or worker.
    """
    from bep.app.job_records import record_named
    from bep.app.workspace.opening import here
    from bep.commands.jobs.streaming import stop_following
    from bep.console import Console

    home = here().home
    asked = {"stdout": stdout, "stderr": stderr, "error": error, "log": log}
    kinds = [kind for kind in _KINDS if asked[kind]] or list(_KINDS)
    record = record_named(home, name)
    said = _Said(
        Console(),
        record.folder / "logs" / "user",
        kinds,
        worker,
        alone=len(kinds) == 1 and worker is not None,
        raw=raw,
        code=(str(record.target.code_directory or ""), record.target.code_name),
    )
    try:
        is_over = _followed(said, home, record, follow=follow)
    except KeyboardInterrupt:
        stop_following(Console(), record_named(home, record.name))
    said.conclude(is_over=is_over)


def _followed(said: "_Said", home: Path, record: "JobRecord", *, follow: bool) -> bool:
    """Print, and go on doing so until the job is over if that was asked; whether it is over."""
    from bep.app.job_records import record_named

    while True:
        is_over = record.status.is_final
        said.print_fresh(to_the_end=is_over or not follow)
        if is_over or not follow:
            return is_over
        time.sleep(_LOOK)
        record = record_named(home, record.name)


@dataclass(frozen=True)
class _File:
    """One log of one worker."""

    path: Path
    kind: str
    worker: str

    @property
    def heading(self) -> str:
        """As `tail` names a file: `==> node0/process003 stderr <==`."""
        return f"==> {self.path.parent.name}/{self.worker} {self.kind} <=="


class _Said:
    """The chosen logs, read on from where they were read last."""

    def __init__(
        self,
        console: "Console",
        folder: Path,
        kinds: list[str],
        worker: int | None,
        *,
        alone: bool,
        raw: bool,
        code: tuple[str, str],
    ) -> None:
        self._console = console
        self._folder = folder
        self._kinds = kinds
        self._worker = worker
        self._alone = alone
        self._raw = raw
        self._code = code
        self._read: dict[Path, int] = {}
        self._last: Path | None = None

    def print_fresh(self, *, to_the_end: bool) -> None:
        """Whole new lines of each file, its user's names in the place of those of a copy of the code.

        At the end of a job the last line too, even if it is not whole.
        """
        from bep.runner.worker.troubles import as_written

        for file in self._files():
            for content in self._new(file.path, to_the_end):
                if file.path != self._last and not self._alone:
                    self._console.result(("\n" if self._last else "") + file.heading)
                self._last = file.path
                if self._raw:
                    self._console.result_bytes(content)
                else:
                    self._console.result(as_written(content.decode(errors="replace"), *self._code))

    def conclude(self, *, is_over: bool) -> None:
        """Say why nothing was printed. Raises `Stop` for a worker that there is not."""
        if self._last:
            return
        known = sorted({file.worker for file in self._every()})
        if self._worker is not None and f"process{self._worker:03d}" not in known:
            numbers = ", ".join(str(int(worker.removeprefix("process"))) for worker in known) or "none yet"
            raise Stop(ExitCode.ERROR, f"there is no worker {self._worker} in this job; there are: {numbers}")
        self._console.say("nothing was said" if is_over else "nothing was said yet")

    def _files(self) -> Iterator[_File]:
        for file in self._every():
            if file.kind in self._kinds and self._worker in (None, int(file.worker.removeprefix("process"))):
                yield file

    def _every(self) -> Iterator[_File]:
        for kind, place in _KINDS.items():
            for path in sorted((self._folder / place).glob("*/process*.txt")):
                worker = path.name.split(".")[0]
                if worker.removeprefix("process").isdecimal():
                    yield _File(path, kind, worker)

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
