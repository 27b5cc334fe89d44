"""Hands mini-batches to workers and survives whatever they do. Knows no spec, no row, no record file, no process."""

import threading
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from bep.lazy_dataclasses import dataclass, field
from bep.runner.events import Event, WorkerLost
from bep.runner.folder.journal import Journal
from bep.runner.folder.record import JobError
from bep.runner.grants import Grant
from bep.runner.inputs.manifest import Manifest
from bep.runner.scheduling import worker_deaths
from bep.runner.scheduling.attempts import Attempts
from bep.runner.scheduling.backlog import Backlog
from bep.runner.scheduling.crew import Crew
from bep.runner.scheduling.fleet import Fleet
from bep.runner.scheduling.open_grants import OpenGrants
from bep.runner.scheduling.pacing import Pace
from bep.runner.scheduling.progress import Gauge
from bep.runner.scheduling.supervision import Limits, Supervisor
from bep.runner.scheduling.tally import Ending, Tally, rows_unwritable, runner_failed, too_many_failed
from bep.runner.scheduling.worker_deaths import Death, Left
from bep.runner.scheduling.workers import Lease, Worker
from bep.runner.span import Span
from bep.runner.worker import wire

LEASES = 2  # in a worker's pipe, so that none waits for the round trip
TICK = 0.1  # seconds between looks at the cancel button


@dataclass(slots=True)
class EmbeddedEngine:
    """The `runner.engine.Engine` of this very process: one session of scoring, in the thread that calls `serve`.

    Workers may be started before it is known what they will score; then `open`. What other threads ask for waits in
    `_asked` until the engine's thread gets to it.
    """

    fleet: Fleet
    logs: Path
    limits: Limits
    workers: int
    report: Callable[[Event], None]
    cancel: threading.Event
    tally: Tally = field(default_factory=Tally)
    warnings: list[str] = field(default_factory=list)
    backlog: Backlog = field(init=False)
    _crew: Crew = field(init=False)
    _running: list[Worker] = field(init=False)
    _asked: deque[Callable[[], None]] = field(default_factory=deque)
    _grants: OpenGrants = field(default_factory=OpenGrants)
    _taken_from: list[Worker] = field(default_factory=list)
    _is_finished: bool = False
    _sequence: int = 0
    _pace: Pace = field(default_factory=Pace)
    _error: JobError | None = None
    _is_ending: bool = False
    _gauge: Gauge = field(init=False)
    _supervisor: Supervisor = field(init=False)
    _attempts: Attempts = field(init=False)

    def __post_init__(self) -> None:
        self._crew = Crew(self.fleet, self.workers)
        self._running = self._crew.running

    def start(self, workers: int) -> None:
        """Start so many of the workers: they load the script and call `init()` while the inputs are being listed."""
        self._error = self._error or self._crew.hire(workers)

    def open(self, manifest: Manifest, backlog: Backlog, journal: Journal, before: Tally) -> None:
        """Say what there is to score, and where failed attempts are written down. `before` is what was done already."""
        self.backlog, self.tally = backlog, before
        self._supervisor = Supervisor(self.fleet, self.limits, min(self.workers, backlog.calls or self.workers))
        self._attempts = Attempts(backlog, journal, manifest, self.logs, before, self.report, self._grants.failed)
        self._gauge = Gauge(manifest.items, self.workers, before.scored + before.failed, self.fleet.now)

    def give(self, grant: Grant) -> None:
        """Score this too, after what there is. Any thread may ask."""
        self._ask(lambda: self._given(grant))

    def revoke(self, key: int) -> None:
        """Give back what has not begun of a grant, if it is not settled. Any thread may ask."""
        self._ask(lambda: self._revoked(key))

    def published(self, key: int) -> None:
        """The rows of a settled grant are kept elsewhere: parts that nobody needs go. Any thread may say so."""
        self._ask(lambda: self._published(key))

    def finish(self) -> None:
        """No more will come: when nothing is left, let the workers shut down. Any thread may ask."""
        self._ask(self._finished)

    def close(self) -> None:
        """End workers that were started for a job that is not run after all, and let the shared memory go."""
        for worker in self._running:
            worker.process.reap()
        self.fleet.close()

    def serve(self) -> Ending:
        """Score what was opened and what is given. Returns when all is settled after `finish`, or it must stop, with no
        worker left."""
        try:
            self._obey()
            self._hire()
            while self._goes_on():
                self._step()
        except OSError as error:
            self._error = runner_failed(error)
        finally:
            self._end()
        return Ending(self._error, self._error is None and self.cancel.is_set())

    def _ask(self, command: Callable[[], None]) -> None:
        self._asked.append(command)
        self.fleet.ring()

    def _obey(self) -> None:
        while self._asked:
            self._asked.popleft()()

    def _given(self, grant: Grant) -> None:
        self._grants.add(grant)
        self.backlog.add(grant.spans)
        self._hire()

    def _revoked(self, key: int) -> None:
        if self._grants.revoke(key):
            self._give_back(())
            self._taken_from += [worker for worker in self._running if self._has_revoked(worker)]

    def _published(self, key: int) -> None:
        self._grants.parts.published(key)
        for part in self._grants.parts.unneeded({worker.process.part for worker in self._running}):
            self.fleet.drop(part)

    def _finished(self) -> None:
        self._is_finished = True

    def _hire(self) -> None:
        self._error = self._error or self._crew.hire(self.backlog.calls)

    def _goes_on(self) -> bool:
        if self._error or self.cancel.is_set():
            return False
        if self.limits.error_threshold >= 0:
            failed = self._scored_and_short()[1] + self.tally.given_up
            if failed > self.limits.error_threshold:
                self._error = too_many_failed(failed, self.limits.error_threshold)
                return False
        return bool(self._running or self._asked or not self._is_finished)

    def _step(self) -> None:
        with_news = self.fleet.wait(min(TICK, self._supervisor.pause(self._running)))
        if self._asked:
            self._obey()
        for worker in [worker for worker in self._running if worker.process.number in with_news]:
            self._listen(worker)
        for worker in self._supervisor.overdue(self._running):
            self._reap(worker)
        self.fleet.tidy()
        if self._taken_from:
            self._take_back_revoked()
        if self.backlog.calls:
            self._feed()
        else:
            self._share_or_dismiss()
        if self._grants.any_done:
            self._grants.settle()
        if self._gauge.is_due():
            self._tell_progress()

    def _give_back(self, spans: Iterable[Span]) -> None:
        """Untouched work that a worker will not do after all: to whoever revoked it, or to the next worker."""
        self.backlog.give_back(spans)
        if self._grants.any_revoked:
            self._grants.returned(self.backlog.withdraw(self._grants.is_revoked))

    def _has_revoked(self, worker: Worker) -> bool:
        return any(self._grants.is_revoked(lease.span) for lease in worker.leases)

    def _take_back_revoked(self) -> None:
        """From workers that were busy with a grant when it was revoked: what they have not begun."""
        asked, self._taken_from = self._taken_from, []
        for worker in asked:
            if worker not in self._running or not self._has_revoked(worker):
                continue
            self._give_back(self._supervisor.take_back(worker))
            if self._supervisor.is_taking(worker):
                self._taken_from.append(worker)

    def _listen(self, worker: Worker) -> None:
        """Everything it said; then, if it has ended, everything that follows from that."""
        process = worker.process
        gone = process.has_ended()
        for kind, told in process.frames():
            self._heard(worker, kind, told)
        if (process.closed or process.garbled) and not gone:
            self._supervisor.unreachable(worker)
        if gone or process.closed or process.garbled:
            self._reap(worker)

    def _heard(self, worker: Worker, kind: int, told: Any) -> None:
        match kind:
            case wire.READY:
                worker.ready = True
                self._supervisor.ready()
            case wire.LEASED:
                self._leased(worker, *told)
            case wire.FAILED:
                self._attempts.failed_in_script(worker, told)
            case wire.SHORT:
                self._attempts.short(worker, told)
            case wire.FATAL:
                self._fatal(worker, told)
            case _ if told["where"] == "rows":
                self.warnings.append(told["message"])
            case _:
                self.warnings.append(
                    f"{told['where']}() raised {told['type']}: {told['message']} ({worker.process.name})"
                )

    def _reap(self, worker: Worker) -> None:
        """Account for a worker that has ended: only the call that it was in has lost an attempt."""
        heartbeat, counts = worker.process.heartbeat(), worker.process.counts()
        code = worker.process.reap()
        self._running.remove(worker)
        if worker.stopping and code == 0:
            self.tally.add(*counts[:2])
        else:
            records = worker.process.records()
            if self._grants:
                records = list(records)
                self._grants.scored(records)
            left = worker_deaths.settle(records, worker, heartbeat, self._supervisor.suspects)
            self.tally.add(worker.scored + left.scored, worker.short + left.short)
            self._lost(worker, worker_deaths.explain(worker, heartbeat, code, self.fleet.now()), left)

    def _lost(self, worker: Worker, death: Death, left: Left) -> None:
        self._give_back(left.untouched)
        for lease in worker.leases:
            self._attempts.done(lease, (*left.untouched, *([left.blamed] if left.blamed else [])))
        if self._error or self._is_ending or self.cancel.is_set():
            return
        if worker.stopping:
            if worker.process.is_dismissed:
                self.warnings.append(f"{death.message} while shutting down ({worker.process.name})")
            return
        self.tally.workers_lost += 1
        self.fleet.lost(worker.process.name)
        self.report(WorkerLost(worker.process.name, death.message))
        if left.blamed is not None:
            self._attempts.failed(worker, left.blamed, death)
        else:
            self._error = self.fleet.advised(self._supervisor.fruitless(worker, death))
        if not self._error and self.backlog.calls and len(self._running) < self.workers:
            self._error = self._crew.start(worker.process.slot)

    def _fatal(self, worker: Worker, told: dict[str, Any]) -> None:
        """The script cannot be prepared, or has raised between two calls, or the disk refuses rows: the worker ends."""
        worker.fatal = told
        if told["where"] == "write":
            self._error = self._error or rows_unwritable(told["message"], told.get("errno"))
        elif told["where"] == "prepare":
            self._error = self._error or self._supervisor.unprepared(worker, told)

    def _feed(self) -> None:
        """Two leases for everybody, the idle first."""
        for depth in range(1, LEASES + 1):
            for worker in self._running:
                if worker.ready and not worker.kill_reason and len(worker.leases) < depth and self.backlog.calls:
                    worker.send(self._lease(), self.fleet.now())

    def _lease(self) -> Lease:
        self._sequence += 1
        span = self.backlog.take(self._pace.calls(self.backlog.calls, self.workers))
        return Lease(self._sequence, span, self.backlog.attempt(span))

    def _leased(self, worker: Worker, sequence: int, calls: int, seconds: float) -> None:
        if calls:
            self._pace.learn(calls, seconds)
            self._supervisor.productive()
        while worker.leases and worker.leases[0].sequence <= sequence:
            lease = worker.leases.popleft()
            rest = lease.span.after(calls if lease.sequence == sequence else 0)
            if rest:
                self._give_back([rest])
            elif self.backlog.attempts:
                self._attempts.done(lease)
        if self._grants:
            self._grants.scored(worker.collect())

    def _share_or_dismiss(self) -> None:
        """Nothing is left to hand out: take back what others have not begun, or let the workers shut down.

        It is taken back for somebody who can begin it at once: who had it would only get it again.
        """
        busy = [worker for worker in self._running if worker.leases]
        if not busy and self._is_finished:
            self._crew.dismiss()
        elif any(worker.ready and not worker.leases and not worker.kill_reason for worker in self._running):
            for worker in busy:
                self._give_back(self._supervisor.take_back(worker))
            if self.backlog.calls:
                self._feed()
            elif not any(self._supervisor.is_taking(worker) for worker in busy):
                self._grants.hunger()
        elif busy:
            self._error = self._error or self._crew.replace(busy)

    def _scored_and_short(self) -> tuple[int, int]:
        scored, short = self._crew.counts()
        return self.tally.scored + scored, self.tally.short + short

    def _tell_progress(self) -> None:
        self.report(self._gauge.read(self.tally, *self._scored_and_short(), self._running))

    def _end(self) -> None:
        """End everybody. What is lost by that is nobody's fault, whatever the reason: no attempt is counted."""
        self._is_ending = True
        for worker in self._running:
            worker.process.kill()
        for worker in list(self._running):
            self._reap(worker)
        self._grants.end()
        self._grants.settle()
        self._tell_progress()
