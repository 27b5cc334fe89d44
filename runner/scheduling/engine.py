"""Hands mini-batches to workers and survives whatever they do. Knows no spec, no row, no record file, no process."""

import errno
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bep.lazy_dataclasses import dataclass, field
from bep.runner.events import Event, WorkerLost
from bep.runner.folder.journal import Journal
from bep.runner.folder.record import JobError
from bep.runner.inputs.manifest import Manifest
from bep.runner.scheduling import worker_deaths
from bep.runner.scheduling.attempts import Attempts
from bep.runner.scheduling.backlog import Backlog
from bep.runner.scheduling.fleet import Fleet
from bep.runner.scheduling.pacing import Pace
from bep.runner.scheduling.progress import Gauge
from bep.runner.scheduling.supervision import Limits, Supervisor
from bep.runner.scheduling.tally import Ending, Tally, rows_unwritable, runner_failed, too_many_failed
from bep.runner.scheduling.worker_deaths import Death, Left
from bep.runner.scheduling.workers import Lease, Worker
from bep.runner.worker import wire

LEASES = 2  # in a worker's pipe, so that none waits for the round trip
_NO_PROGRAM = (errno.ENOENT, errno.EACCES, errno.ENOEXEC, errno.E2BIG)
TICK = 0.1  # seconds between looks at the cancel button


@dataclass(slots=True)
class EmbeddedEngine:
    """The `runner.engine.Engine` of this very process: one run of one job.

    Workers may be started before it is known what they will score; then `run`.
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
    _running: list[Worker] = field(default_factory=list)
    _sequence: int = 0
    _pace: Pace = field(default_factory=Pace)
    _error: JobError | None = None
    _is_ending: bool = False
    _gauge: Gauge = field(init=False)
    _supervisor: Supervisor = field(init=False)
    _attempts: Attempts = field(init=False)

    def start(self, workers: int) -> None:
        """Start so many of the workers: they load the script and call `init()` while the inputs are being listed."""
        for slot in range(len(self._running), min(workers, self.workers)):
            self._start(slot)

    def close(self) -> None:
        """End workers that were started for a job that is not run after all, and let the shared memory go."""
        for worker in self._running:
            worker.process.reap()
        self.fleet.close()

    def run(self, manifest: Manifest, backlog: Backlog, journal: Journal, before: Tally) -> Ending:
        """Score the backlog. Returns when every item is accounted for, or the job must stop, with no worker left.

        `before` is what earlier runs of the job have done already.
        """
        wanted = min(self.workers, backlog.calls)
        self.backlog, self.tally = backlog, before
        self._supervisor = Supervisor(self.fleet, self.limits, wanted)
        self._attempts = Attempts(backlog, journal, manifest, self.logs, before, self.report)
        self._gauge = Gauge(manifest.items, self.workers, before.scored + before.failed, self.fleet.now)
        try:
            self.start(wanted)
            while self._goes_on():
                self._step()
        except OSError as error:
            self._error = runner_failed(error)
        finally:
            self._end()
        return Ending(self._error, self._error is None and self.cancel.is_set())

    def _goes_on(self) -> bool:
        if self._error or self.cancel.is_set():
            return False
        failed = self._scored_and_short()[1] + self.tally.given_up
        if failed > self.limits.error_threshold >= 0:
            self._error = too_many_failed(failed, self.limits.error_threshold)
            return False
        return bool(self._running)

    def _step(self) -> None:
        with_news = self.fleet.wait(min(TICK, self._supervisor.pause(self._running)))
        for worker in [worker for worker in self._running if worker.process.number in with_news]:
            self._listen(worker)
        for worker in self._supervisor.overdue(self._running):
            self._reap(worker)
        self.fleet.tidy()
        if self.backlog.calls:
            self._feed()
        else:
            self._share_or_dismiss()
        if self._gauge.is_due():
            self._tell_progress()

    def _start(self, slot: int) -> None:
        try:
            process = self.fleet.start(slot)
        except OSError as error:
            if error.errno not in _NO_PROGRAM:
                raise
            message = f"the environment's interpreter cannot be started: {error.filename}: {error.strerror}"
            fix = "environment_variables take too much room" if error.errno == errno.E2BIG else ""
            self._error = JobError(code="InterpreterMissing", message=message, fix=fix)
            return
        now = self.fleet.now()
        self._running.append(Worker(process, started_at=now, asked=now))

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
            left = worker_deaths.settle(worker.process.recover(), worker, heartbeat, self._supervisor.suspects)
            self.tally.add(left.scored, left.short)
            self._lost(worker, worker_deaths.explain(worker, heartbeat, code, self.fleet.now()), left)

    def _lost(self, worker: Worker, death: Death, left: Left) -> None:
        self.backlog.give_back(left.untouched)
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
            self._start(worker.process.slot)

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
                self.backlog.give_back([rest])
            elif self.backlog.attempts:
                self._attempts.done(lease)

    def _share_or_dismiss(self) -> None:
        """Nothing is left to hand out: take back what others have not begun, or let the workers shut down.

        It is taken back for somebody who can begin it at once: who had it would only get it again.
        """
        busy = [worker for worker in self._running if worker.leases]
        if not busy:
            self._dismiss()
        elif any(worker.ready and not worker.leases and not worker.kill_reason for worker in self._running):
            for worker in busy:
                self.backlog.give_back(self._supervisor.take_back(worker))
            if self.backlog.calls:
                self._feed()
        else:
            self._replace(busy)

    def _replace(self, busy: list[Worker]) -> None:
        """Start somebody for calls that wait behind others, where one that has died has left a place."""
        waiting = sum(lease.span.calls for worker in busy for lease in worker.leases) - len(busy)
        preparing = sum(not worker.ready for worker in self._running)
        taken = {worker.process.slot for worker in self._running}
        free = [slot for slot in range(self.workers) if slot not in taken]
        for slot in free[: max(0, waiting - preparing)]:
            self._start(slot)

    def _dismiss(self) -> None:
        """Let the prepared shut down; who is still preparing is not needed any more."""
        for worker in list(self._running):
            if worker.ready and not worker.stopping:
                worker.dismiss(self.fleet.now())
            elif not worker.ready:
                worker.stopping = True
                worker.process.kill()

    def _scored_and_short(self) -> tuple[int, int]:
        counts = [worker.process.counts() for worker in self._running]
        return self.tally.scored + sum(c[0] for c in counts), self.tally.short + sum(c[1] for c in counts)

    def _tell_progress(self) -> None:
        self.report(self._gauge.read(self.tally, *self._scored_and_short(), self._running))

    def _end(self) -> None:
        """End everybody. What is lost by that is nobody's fault, whatever the reason: no attempt is counted."""
        self._is_ending = True
        for worker in self._running:
            worker.process.kill()
        for worker in list(self._running):
            self._reap(worker)
        self._tell_progress()
