"""A job in front of a person or a machine: progress while it runs, its outcome when it ends."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from bep.command_words import number_of
from bep.commands.jobs.progress import PLAIN_PERIOD, Troubles, live_line, plain_line, transfer_line, waiting_line
from bep.commands.jobs.worker_lines import node_lines, worker_lines
from bep.console import Console
from bep.event_stream import enveloped, preparing
from bep.exit_codes import ExitCode, Stop
from bep.schemas.escaping import in_one_line

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from threading import Event as Flag

    from bep.app.jobs.events import Event, Progress, Transferring
    from bep.app.jobs.records import JobRecord
    from bep.app.jobs.requests.loading import JobSource
    from bep.app.jobs.service import Watch
    from bep.app.workspace.opening import Opened
    from bep.commands.jobs.results import Wish


def carry_out(
    opened: "Opened", source: "JobSource", *, json_output: bool, wish: "Wish", patience: float | None = None
) -> None:
    """Resolve, wait in line for `patience` seconds at most (None: any number), run, report. Ends in `Stop` unless the
    job completed.

    Where a value is wished for, it alone is on stdout, and what a person reads goes to stderr.
    """
    from bep.app.environments import show_builds
    from bep.app.jobs.requests.loading import loaded_job
    from bep.app.jobs.service import jobs_of
    from bep.commands.jobs.pages import say_page
    from bep.commands.jobs.reports import keep_report
    from bep.commands.showing_findings import say_findings

    console = Console()
    loaded = loaded_job(opened, source)
    say_findings(console, loaded.findings, loaded.sources)
    assert loaded.job is not None  # loaded_job raises otherwise
    show_builds(opened, console.live if console.live_possible else None)
    watch = watched(console, json_output=json_output, job=loaded.job.name or "")
    record = jobs_of(opened).run(loaded.job, watch, patience=patience)
    keep_report(console, record)
    say_page(console, opened, record)
    if wish and not json_output:
        from bep.app.jobs.summaries import summary_of

        wish.show(console, summary_of(record))
    finish(console, record, json_output=json_output, to_talk=bool(wish))


def watched(console: Console, *, json_output: bool, job: str = "") -> "Watch":
    """A job in front of this console: its events shown, the first Ctrl-C cancelling it."""
    from bep.app.jobs.service import Watch
    from bep.command_words import command_of
    from bep.commands.interrupts import two_step_interrupt

    def stopping(what: str) -> "AbstractContextManager[Flag]":
        return two_step_interrupt(what, console.interject)

    teller = JobTeller(console, json_output, job=job)
    return Watch(teller.tell, teller.say, stopping, command_of)


def finish(console: Console, record: "JobRecord", *, json_output: bool, to_talk: bool = False) -> None:
    """The outcome of a job, as result, or as talk where the result is another, and exit code."""
    from bep.app.jobs.records import Status, lines
    from bep.command_words import command_of

    if not json_output:
        (console.say if to_talk else console.result)("\n".join(lines(record, command_of)))
    if record.status is Status.CANCELED:
        raise Stop(ExitCode.CANCELLED)
    if record.status is not Status.COMPLETED:
        raise Stop(ExitCode.ERROR)


class JobTeller:
    """Each event of a job: a live line on a terminal, a line now and then in a log, or an object a line."""

    def __init__(
        self, console: Console, json_output: bool, clock: Callable[[], float] = time.monotonic, job: str = ""
    ) -> None:
        self._console = console
        self._json = json_output
        self._clock = clock
        self._said = clock()
        self._troubles = Troubles()
        self._mini_batch_size: int | None = 1
        self._is_on_nodes = False
        self._job = job

    def say(self, text: str) -> None:
        """What is said before the job begins: an environment that is built, warnings."""
        if self._json:
            self._console.result_json(enveloped(preparing(text)), indent=None)
        self._console.say(text)

    def tell(self, event: "Event") -> None:
        """Show one event."""
        from bep.app.jobs.events import InLine, JobFinished, JobStarted, Progress, Transferring

        if isinstance(event, JobStarted | JobFinished):
            self._job = event.record.name
        elif isinstance(event, InLine):
            self._job = event.job
        if isinstance(event, JobStarted) and event.record.target.scoring_script:
            settings = event.record.settings
            self._is_on_nodes = event.record.cluster is not None
            self._mini_batch_size = None if settings.partition_keys else settings.mini_batch_size
        if self._json:
            from bep.app.jobs.events import as_json

            self._console.result_json(enveloped(as_json(event), job=self._job or None), indent=None)
        elif isinstance(event, InLine) and self._console.live_possible:
            self._console.live(as_text(event))
        elif isinstance(event, Progress | Transferring):
            self._progress(event)
        elif self._troubles.is_worth_telling(event) and (text := as_text(event)):
            self._console.say(text)

    def _progress(self, progress: "Progress | Transferring") -> None:
        from bep.app.jobs.events import Transferring

        console = self._console
        if console.live_possible:
            console.live(*([transfer_line(progress)] if isinstance(progress, Transferring) else self._lines(progress)))
        elif self._clock() - self._said >= PLAIN_PERIOD:
            self._said = self._clock()
            console.say(transfer_line(progress) if isinstance(progress, Transferring) else plain_line(progress))

    def _lines(self, progress: "Progress") -> list[str]:
        width, rows = self._console.width, self._console.height
        line = live_line(progress, width, fancy=self._console.fancy)
        lanes = node_lines if self._is_on_nodes else worker_lines
        waits = waiting_line(progress, width)
        return [line, *waits, *lanes(progress.worker_states, self._mini_batch_size, width, rows - len(waits))]


def as_text(event: "Event") -> str:
    """One line for a person; nothing for what the outcome will say anyway."""
    from bep.app.jobs.events import InLine, JobStarted, Logged, MiniBatchFailed, StatusChanged, WorkerLost
    from bep.app.jobs.records import becoming
    from bep.app.jobs.summaries import page_of

    if isinstance(event, InLine):
        return f"job {event.job}: {event}"
    if isinstance(event, StatusChanged):
        return f"  {event.status}"
    if isinstance(event, Logged):
        return "\n".join([*([f"  {event.file}:"] if event.begins else []), *event.lines])
    if isinstance(event, JobStarted) and (page := page_of(event.record)) is not None:
        begun = event.record.target
        return f"job {event.record.name}: with {begun.endpoint}/{begun.deployment}\n  {page}".rstrip()
    if isinstance(event, JobStarted):
        record = event.record
        target, settings = record.target, record.settings
        cut = f"{record.counts.mini_batches:,} mini-batches by {', '.join(settings.partition_keys)}"
        return (
            f"job {record.name}: {number_of(record.counts.items, 'file')} with {target.endpoint}/{target.deployment}, "
            f"{_where(record)}{number_of(settings.workers, 'worker')}, "
            f"{cut if settings.partition_keys else f'mini-batches of {settings.mini_batch_size}'}"
        )
    if isinstance(event, MiniBatchFailed):
        first = in_one_line(event.files[0]) if event.files else "?"
        more = f" and {len(event.files) - 1} more" if len(event.files) > 1 else ""
        what = f"{event.error_type}: {_first_line(event.message)}"
        return f"  {what} ({first}{more}; attempt {event.attempt}, {becoming(event)})"
    if isinstance(event, WorkerLost):
        return f"  worker {event.process}: {_first_line(event.reason)}"
    return ""


def _where(record: "JobRecord") -> str:
    """`on 40 nodes of Ray at 10.0.0.4:6379, `; nothing for a job of this machine."""
    from bep.app.jobs.summaries import cluster_of

    if (cluster := cluster_of(record)) is None:
        return ""
    return f"on {number_of(cluster['nodes'], 'node')} of Ray at {cluster['address'] or cluster['dashboard']}, "


def _first_line(text: str) -> str:
    """A message may be a page; the job's error log has all of it."""
    first, *more = text.strip().splitlines() or [""]
    return f"{first} ..." if more else first
