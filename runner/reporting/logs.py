"""The job's log files, laid out as the compatible service lays them out. Scripts' own output goes there by itself."""

from datetime import UTC, datetime
from pathlib import Path

from bep.runner.events import Event, JobFinished, JobStarted, MiniBatchFailed, Progress, WorkerLost
from bep.runner.folder.record import JobRecord
from bep.runner.reporting.text import becoming, lines
from bep.runner.reporting.usage_log import UsageLog

_README = """\
What can be here. A file for which there was nothing to write is not there.

job_progress_overview.<yyyymmdd>.txt
    how far the job was, and when; a file a day (UTC)
job_result.txt
    how it ended: counts, where the output is, why it failed if it did
job_error.txt
    what went wrong, the first 1,000 troubles of each run in the order they came; where each one's log is
user/stdout/<node>/<process>.stdout.txt
    what the script printed
user/stderr/<node>/<process>.stderr.txt
    what it and its libraries printed as errors
user/error/<node>/<process>.txt
    exceptions of the script, stacks of calls that were ended
user/entry_script_log/<node>/<process>.log.txt
    what it logged through EntryScript().logger
sys/job_report/processed_mini-batches.csv
    every attempt at a mini-batch: those that were scored in the order of the input, then those that failed
    Elapsed Seconds is from taking it until its rows were ready; Process Seconds (of the processor) and Run Method
    Seconds (within run() alone) are not measured, and empty. Status is RUN_DONE, RUN_EXCEPTION, RUN_TIMEOUT or
    PROCESS_EXIT; Error Category is the exception's type, or what befell the process
sys/job_report/process_summary.csv
    the same by process: Failed are items that were given up or have no result, Failed Attempts those that may have
    gone well at another, Deaths those in the middle of a mini-batch
sys/job_report/node_summary.csv
    the same by node
sys/driver
    of a job that a cluster has scored: what its driver has printed (<session>.txt), what it told while it went
    (said.txt), and the end of what the cluster's own client said (<session>.cluster.txt)
perf/<node>/processes_resource_usage.csv
    memory of each process every few seconds, rarer the longer the job runs; with what it started itself

<process> is process000, process001, ...; a process that died has another in its place, with the next free number.
<node> is node0, node1, ...: one for each instance of the deployment.
"""
_EVERY = 2.0  # seconds between two lines of progress
_MOST_ERRORS = 1000


class Logs:
    """Writes the runner's own logs from the events of a job."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._told = -_EVERY
        self._errors = 0
        self._usage = UsageLog(folder / "perf")

    def hear(self, event: Event) -> None:
        """Write down what the event says."""
        match event:
            case JobStarted(record):
                (self._folder / "readme.txt").write_text(_README)
                counts = record.counts
                self._overview(
                    f"Scheduling finished. There are {counts.mini_batches} mini-batches with {counts.items} items."
                )
            case Progress():
                self._progress(event)
            case MiniBatchFailed():
                self._error(_failure(event))
            case WorkerLost(process, reason):
                self._error(f"{process}: {reason}\n")
            case JobFinished(record):
                self.end(record)

    def _progress(self, event: Progress) -> None:
        self._usage.hear(event)
        if event.elapsed - self._told >= _EVERY:
            self._told = event.elapsed
            left = "unknown" if event.eta is None else f"{event.eta:.0f} seconds"
            done = event.scored + event.failed
            self._overview(f"Processed {done} of {event.items} items, {event.failed} failed. Remaining: {left}.")

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

    def end(self, record: JobRecord) -> None:
        """Say how the job ended, unless that is what is said already. Raises `OSError`."""
        result, text = self._folder / "job_result.txt", "\n".join(lines(record)) + "\n"
        if result.exists() and result.read_text(errors="backslashreplace") == text:
            return
        if record.error:
            self._error(f"{record.error.code}: {record.error.message}\n{record.error.traceback}")
        result.write_text(text, errors="backslashreplace")
        self._overview(text.splitlines()[0])


def _failure(event: MiniBatchFailed) -> str:
    files = "".join(f"  {file}\n" for file in event.files)
    what = f"{event.error_type}: {event.message}"
    return f"attempt {event.attempt} failed ({becoming(event)}): {what}\n{files}{event.traceback}log: {event.log}\n"
