"""The process that hosts an order: it takes the ticket, runs the job or goes on with it, and writes down how it ended.

It is told the workspace's folder, that of what is bep's, and the ticket's number. SIGINT cancels the job; any other
death leaves the order in line, where whoever looks after the queue starts it again. Knows no console.
"""

import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from threading import Event as Flag
from typing import TYPE_CHECKING, Final

from bep.app.jobs.in_line.ordering import job_of, source_of
from bep.app.queue.place import file_of, said_file
from bep.app.queue.queue import STARTS, Entry, Queue

if TYPE_CHECKING:
    from bep.app.jobs.events import Event
    from bep.app.jobs.service import Watch
    from bep.app.workspace.contexts import Reading
    from bep.runner.folder.record import JobRecord

_INTERRUPTED: Final = "Canceled"


def main() -> None:
    """Carry out the order that the command line names."""
    root, home, number = sys.argv[1:]
    host = _Host(Path(root), Path(home), int(number))
    signal.signal(signal.SIGINT, host.interrupted)
    code = 0
    try:
        host.work()
    except Exception as problem:  # whoever looks after the queue starts it again
        print(_words(problem), flush=True)
        code = 1
    sys.stdout.flush()
    os._exit(code)  # threads of a user's libraries may linger


def _words(problem: Exception) -> str:
    """Why something failed, for a person; a bug with its traceback."""
    import traceback

    from bep.app.failures import failure_of
    from bep.schemas.findings.rendering import findings_text

    failure = failure_of(problem)
    if failure is None:
        return (
            f"this is a bug in bep: {type(problem).__name__}: {problem}\n{''.join(traceback.format_exception(problem))}"
        )
    findings = findings_text(failure.findings, failure.sources or {}) if failure.findings else ""
    return f"{failure.message}\n{findings}".strip()


class _Host:
    """One order, carried out."""

    def __init__(self, root: Path, home: Path, number: int) -> None:
        self._root, self._home, self._number = root, home, number
        self._queue = Queue(home)
        self._flag = Flag()
        self._has_job = False

    def interrupted(self, number: int, frame: object) -> None:
        """Cancel the job; before there is one, leave off what is built or fetched for it."""
        self._flag.set()
        if not self._has_job:
            raise KeyboardInterrupt

    def work(self) -> None:
        """Take the ticket, unless another process was faster or it is not its turn, and see the job to its end."""
        entry = self._queue.entry(self._number)
        if entry is None or entry.document is None:
            return
        from bep.app.workspace.opening import Opened

        opened = Opened(self._root, source_of(entry.document))
        with self._queue.presence.shown() as mark:
            try:
                if self._takes(opened, entry, mark):
                    self._see_through(opened, entry, entry.document)
            except KeyboardInterrupt:
                self._queue.end(self._number, _INTERRUPTED)

    def _takes(self, opened: "Reading", entry: Entry, mark: str) -> bool:
        from bep.app.jobs.in_line.wanting import capacity_of

        begun = self._begun(entry)
        scored = begun.counts.scored + begun.counts.failed if begun else 0
        turn = self._queue.take(self._number, mark, capacity_of(opened, entry.ticket.compute), scored)
        if turn is not None and turn.is_impossible and not turn.is_now:
            most = f"{turn.compute} has {turn.capacity} by now"
            self._fail(opened, "TooManyInstances", f"the job asks for {turn.instances} instances, and {most}")
        return turn is not None and turn.is_now

    def _see_through(self, opened: "Reading", entry: Entry, document: str) -> None:
        begun = self._begun(entry)
        if begun is not None and begun.status.is_final and begun.status != "NotResponding":
            return self._ended(begun)  # it had ended, and its process died before it could say so here
        taken = self._queue.entry(self._number)
        if taken is not None and taken.starts > STARTS:
            return self._fail(opened, "GivenUp", f"its process died {STARTS} times without having scored anything more")
        if begun is None and (there := self._copied_from(entry)) is not None:
            return self._fail(
                opened, "Copied", f"it was ordered in {there}, and is that workspace's; this is a copy of it"
            )
        try:
            ended = self._run(opened, entry, document, begun)
        except Exception as problem:
            return self._fail(opened, type(problem).__name__, _words(problem))
        from bep.app.jobs.reports import keep_report

        self._ended(ended)
        with suppress(OSError):
            keep_report(ended)

    def _run(self, opened: "Reading", entry: Entry, document: str, begun: "JobRecord | None") -> "JobRecord":
        from bep.app.jobs.here import JobsHere
        from bep.app.jobs.in_line.wanting import wanted_of
        from bep.app.jobs.requests.reaching import must_be_reached
        from bep.app.jobs.service import Again

        jobs, job = JobsHere(opened), job_of(document)
        watch = self._watch
        if begun is None:
            want = wanted_of(opened, job, entry.ticket.job)
            must_be_reached(opened, want.cluster, want.compute)
            created = datetime.fromisoformat(json.loads(entry.record or "{}")["created"])
            return jobs.run_in_place(job, entry.ticket.job, created, watch)
        return jobs.resume_in_place(begun.name, Again(values=job.environment_variables), watch)

    def _copied_from(self, entry: Entry) -> Path | None:
        """The workspace that an order is of, where this one is a copy of it: both would run it. One that was moved, or
        is seen under another path, is the same."""
        there = Path(json.loads(entry.record or "{}").get("workspace") or self._root)
        theirs, ours = file_of(there / self._home.relative_to(self._root)), file_of(self._home)
        return there if theirs.exists() and not theirs.samefile(ours) else None

    def _begun(self, entry: Entry) -> "JobRecord | None":
        """The record in the job's folder, counted; None where there is none."""
        from bep.app.job_records import jobs_folder
        from bep.runner.folder.record import load
        from bep.runner.jobs.counting import so_far

        folder = jobs_folder(self._home) / entry.ticket.job
        return so_far(load(folder)) if (folder / "job.json").is_file() else None

    def _ended(self, record: "JobRecord") -> None:
        self._queue.end(self._number, record.status.value, is_begun=True)
        said_file(self._home, self._number).unlink(missing_ok=True)

    def _fail(self, opened: "Reading", code: str, message: str) -> None:
        """Keep why it could not begin, or not go on, and tell whom bep.yml names."""
        from bep.app.job_records import record_named
        from bep.app.jobs.service import tell_of_end

        print(f"{code}: {message}", flush=True)
        error = {"code": code, "message": message, "log": str(said_file(self._home, self._number))}
        self._queue.end(self._number, "Failed", json.dumps(error))
        entry = self._queue.entry(self._number)
        if entry is not None:
            tell_of_end(opened, record_named(self._home, entry.ticket.job), self._watch)

    @property
    def _watch(self) -> "Watch":
        from bep.app.jobs.service import Watch

        return Watch(self._report, self._say, self._stopping)

    @contextmanager
    def _stopping(self, what: str) -> Iterator[Flag]:
        self._has_job = True
        yield self._flag

    def _report(self, event: "Event") -> None:
        pass

    def _say(self, text: str) -> None:
        print(text, flush=True)
