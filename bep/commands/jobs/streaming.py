"""A job's log, followed line by line until the job is over. Reads only."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from bep.commands.jobs.equal_tracebacks import EqualTracebacks
from bep.console import Console
from bep.exit_codes import ExitCode, Stop

if TYPE_CHECKING:
    from bep.runner.folder.record import JobRecord

PERIOD = 0.5
"""Seconds between two looks."""


def stream(console: Console, home: Path, name: str) -> None:
    """In the order the service streams: name, log lines as they come, an execution summary. Then as `bep run` ends."""
    from bep.app.job_records import record_named
    from bep.commands.jobs.running import finish
    from bep.runner.jobs.counting import so_far

    record = record_named(home, name)
    tracebacks = EqualTracebacks()
    try:
        console.result(f"RunId: {record.name}\nFolder: {record.folder}\n")
        record = _followed(console, home, record, tracebacks)
    except KeyboardInterrupt:
        stop_following(console, record_named(home, record.name))
    console.result("\nExecution Summary\n=================")
    finish(console, _shortened(so_far(record), tracebacks), json_output=False)


def _shortened(record: "JobRecord", tracebacks: EqualTracebacks) -> "JobRecord":
    """The record without the tracebacks that were shown."""
    errors = [
        error and error.model_copy(update={"traceback": tracebacks.shortened(error.traceback)})
        for error in (record.error, *record.failures)
    ]
    return record.model_copy(update={"error": errors[0], "failures": tuple(errors[1:])})


def stop_following(console: Console, record: "JobRecord") -> NoReturn:
    """Say what Ctrl-C did to a job that was only looked at: nothing. Raises `Stop`."""
    if record.status.is_final:
        console.say(f"job {record.name} is {record.status}: bep job show {record.name}")
    else:
        console.say(f"\nno longer followed; job {record.name} goes on")
        console.say(f"    bep job stream {record.name} follows it again, bep job cancel {record.name} stops it")
    raise Stop(ExitCode.CANCELLED)


def _followed(console: Console, home: Path, record: "JobRecord", tracebacks: EqualTracebacks) -> "JobRecord":
    """The record once the job is over, its log having been printed until then."""
    from bep.app.job_records import record_named

    logs = _Logs(record.folder / "logs", tracebacks)
    while True:
        record = record_named(home, record.name)
        over = record.status.is_final
        for line in logs.fresh(over=over):
            console.result(line)
        if over:
            return record
        time.sleep(PERIOD)


class _Logs:
    """What was added to the overview and the error log since the last look."""

    def __init__(self, folder: Path, tracebacks: EqualTracebacks) -> None:
        self._folder = folder
        self._tracebacks = tracebacks
        self._read: dict[Path, int] = {}

    def fresh(self, *, over: bool) -> list[str]:
        """Whole new lines, file by file, with a heading when a file begins; each traceback once."""
        lines: list[str] = []
        for file in sorted(self._folder.glob("job_progress_overview*.txt")):
            lines += self._of(file)
        errors = self._folder / "job_error.txt"
        lines += self._tracebacks.fresh(self._of(errors) if errors.is_file() else [], to_the_end=over)
        return lines

    def _of(self, file: Path) -> list[str]:
        begun = self._read.get(file, 0)
        with file.open("rb") as stream:
            stream.seek(begun)
            data = stream.read()
        whole = data[: data.rfind(b"\n") + 1]
        if not whole:
            return []
        self._read[file] = begun + len(whole)
        heading = [] if begun else ["", f"Streaming {file.name}", "=" * (10 + len(file.name)), ""]
        return [*heading, *whole.decode(errors="replace").splitlines()]
