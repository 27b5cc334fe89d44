"""The job's log files, laid out as the compatible service lays them out. Scripts' own output goes there by itself."""

from datetime import UTC, datetime
from pathlib import Path

from bep.runner.events import Event, JobFinished, JobStarted, MiniBatchFailed, Progress, WorkerLost
from bep.runner.record import JobRecord
from bep.runner.report import lines

_README = """job_progress_overview.<date>.txt   how far the job was, and when
job_result.txt                     how it ended
job_error.txt                      what went wrong, all in one place
user/stdout/<node>/<process>       what the script printed
user/stderr/<node>/<process>       what it and its libraries printed as errors
user/error/<node>/<process>        exceptions of the script, stacks of calls that were ended
user/entry_script_log/<node>/      what it logged through EntryScript().logger
sys/job_report/                    a table of every mini-batch
"""
_EVERY = 2.0  # seconds between two lines of progress
_MOST_ERRORS = 1000


class Logs:
    """Writes the runner's own logs from the events of a job."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._told = -_EVERY
        self._errors = 0

    def hear(self, event: Event) -> None:
        """Write down what the event says."""
        match event:
            case JobStarted(record):
                (self._folder / "readme.txt").write_text(_README)
                counts = record.counts
                self._overview(
                    f"Scheduling finished. There are {counts.mini_batches} mini-batches with {counts.items} items."
                )
            case Progress() if event.elapsed - self._told >= _EVERY:
                self._told = event.elapsed
                left = "unknown" if event.eta is None else f"{event.eta:.0f} seconds"
                done = event.scored + event.failed
                self._overview(f"Processed {done} of {event.items} items, {event.failed} failed. Remaining: {left}.")
            case MiniBatchFailed():
                self._error(_failure(event))
            case WorkerLost(process, reason):
                self._error(f"{process}: {reason}\n")
            case JobFinished(record):
                self._finish(record)

    def _overview(self, line: str) -> None:
        now = datetime.now(UTC)
        with (self._folder / f"job_progress_overview.{now:%Y%m%d}.txt").open("a") as file:
            file.write(f"{now:%Y-%m-%d %H:%M:%S} {line}\n")

    def _error(self, text: str) -> None:
        self._errors += 1
        if self._errors > _MOST_ERRORS:
            return
        with (self._folder / "job_error.txt").open("a", errors="backslashreplace") as file:
            file.write(text)

    def _finish(self, record: JobRecord) -> None:
        if record.error:
            self._error(f"{record.error.code}: {record.error.message}\n{record.error.traceback}")
        text = "\n".join(lines(record)) + "\n"
        (self._folder / "job_result.txt").write_text(text, errors="backslashreplace")
        self._overview(text.splitlines()[0])


def _failure(event: MiniBatchFailed) -> str:
    kept = "will be tried again" if event.will_retry else "given up"
    files = "".join(f"  {file}\n" for file in event.files)
    return (
        f"attempt {event.attempt} failed ({kept}): {event.error_type}: {event.message}\n{files}{event.traceback}"
        f"log: {event.log}\n"
    )
