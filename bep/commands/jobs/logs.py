"""`bep job logs`: what the workers of a job said, whole or while they say it. Reads only."""

import time
from typing import TYPE_CHECKING, Annotated

from bep.command_line.declaring import Option
from bep.commands.jobs.merge import Share
from bep.commands.jobs.results import Name
from bep.exit_codes import ExitCode, Stop

if TYPE_CHECKING:
    from bep.app.jobs.logs import LogFile, WorkerLogs
    from bep.app.jobs.records import JobRecord
    from bep.app.jobs.service import Jobs
    from bep.console import Console


def logs(
    name: Name,
    worker: Annotated[int | None, Option("--worker", "-w", metavar="N", help="Of this worker only.")] = None,
    stdout: Annotated[bool, Option("--stdout", help="What the script printed.")] = False,
    stderr: Annotated[bool, Option("--stderr", help="What it and its libraries printed as errors.")] = False,
    error: Annotated[bool, Option("--error", help="Exceptions, and stacks of calls that were ended.")] = False,
    log: Annotated[bool, Option("--log", help="What it logged with EntryScript().logger.")] = False,
    raw: Annotated[bool, Option("--raw", help="Its bytes as they are, escape codes too.")] = False,
    follow: Annotated[bool, Option("--follow", "-f", help="Go on until the job is over.")] = False,
    share: Share = None,
) -> None:
    """Print what the workers of a job said; without an option for it, everything that they said.

    Each file begins with a line that names worker and kind, unless only one was asked for. A worker that
    died has another in its place, with the next free number. What would move the cursor is spelt out;
    on a terminal, colours pass.

    Of a job that was prepared for many machines they are in its share until it is merged, whether or not
    the machines are still there: each puts its own there while it works.

    \b
    Examples:
      bep job logs nightly                      all of it
      bep job logs nightly --error              only exceptions, with their tracebacks
      bep job logs nightly --worker 3 --stderr
      bep job logs nightly -f                   while the job runs
      bep job logs nightly --error --share s3://bucket/jobs       of its shards
      bep job logs nightly -w 0 --stdout --raw > out.bin

    \b
    Exit codes: 0 printed, or there was nothing to print; 1 no such job or worker.
    """
    from bep.app.jobs.logs import KINDS
    from bep.app.jobs.service import jobs_of
    from bep.app.shards.logs import logs_in_share
    from bep.app.workspace.opening import workspace_here
    from bep.commands.jobs.streaming import stop_following
    from bep.console import Console

    opened = workspace_here()
    jobs = jobs_of(opened)
    asked = {"stdout": stdout, "stderr": stderr, "error": error, "log": log}
    kinds = [kind for kind in KINDS if asked[kind]] or list(KINDS)
    alone = len(kinds) == 1 and worker is not None
    if (shared := logs_in_share(opened, name, share)) is not None:
        return _Said(Console(), shared, kinds, worker, alone=alone, raw=raw).say_all()
    record = jobs.get(name)
    said = _Said(Console(), jobs.logs(record.name), kinds, worker, alone=alone, raw=raw)
    try:
        is_over = _followed(said, jobs, record, follow=follow)
    except KeyboardInterrupt:
        stop_following(Console(), jobs.get(record.name))
    said.conclude(is_over=is_over)


def _followed(said: "_Said", jobs: "Jobs", record: "JobRecord", *, follow: bool) -> bool:
    """Print, and go on doing so until the job is over if that was asked; whether it is over."""
    while True:
        is_over = record.status.is_final
        said.print_fresh(to_the_end=is_over or not follow)
        if is_over or not follow:
            return is_over
        time.sleep(jobs.interval)
        record = jobs.get(record.name)


class _Said:
    """The chosen logs, printed."""

    def __init__(
        self, console: "Console", logs: "WorkerLogs", kinds: list[str], worker: int | None, *, alone: bool, raw: bool
    ) -> None:
        self._console = console
        self._logs = logs
        self._kinds = kinds
        self._worker = worker
        self._alone = alone
        self._raw = raw
        self._last: LogFile | None = None

    def print_fresh(self, *, to_the_end: bool) -> None:
        """Whole new lines of each file. At the end of a job the last line too, even if it is not whole."""
        for file, content in self._logs.fresh(self._kinds, self._worker, to_the_end=to_the_end):
            if file != self._last and not self._alone:
                self._console.result(("\n" if self._last else "") + _heading(file))
            self._last = file
            if self._raw:
                self._console.result_bytes(content)
            else:
                self._console.result(self._logs.as_written(content))

    def say_all(self) -> None:
        """All that was said so far."""
        self.print_fresh(to_the_end=True)
        self.conclude(is_over=False)

    def conclude(self, *, is_over: bool) -> None:
        """Say why nothing was printed. Raises `Stop` for a worker that there is not."""
        if self._last:
            return
        known = self._logs.workers
        if self._worker is not None and self._worker not in known:
            numbers = ", ".join(map(str, known)) or "none yet"
            raise Stop(ExitCode.ERROR, f"there is no worker {self._worker} in this job; there are: {numbers}")
        self._console.say("nothing was said" if is_over else "nothing was said yet")


def _heading(file: "LogFile") -> str:
    """As `tail` names a file: `==> node0/process003 stderr <==`."""
    return f"==> {file.title} <=="
