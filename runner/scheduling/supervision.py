"""Watches workers' time: calls that take too long, scripts that never get ready, work that others could begin."""

from math import inf
from pathlib import Path
from typing import Any

from bep.lazy_dataclasses import dataclass
from bep.runner.errors import NOT_STARTED
from bep.runner.folder.record import JobError
from bep.runner.heartbeat import Heartbeat
from bep.runner.scheduling.fleet import Fleet
from bep.runner.scheduling.worker_deaths import Death, call_of
from bep.runner.scheduling.workers import KillReason, Worker
from bep.runner.span import Span
from bep.runner.worker import wire

_GRACE = 0.1  # seconds in which a process that is too late may write its stack
_LOOK = 0.1  # seconds between two looks at how much memory workers hold
_ABSENT = 1.0  # seconds between two looks, a tenth of one apart, after which this process was surely stopped
_SETTLED = 0.002  # seconds after which a worker has surely seen that its leases were taken back

_IN_INIT = ("InitTimeout", "MemoryLimit")  # what befalls the first worker there befalls every one


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds for one `run()` and for loading and `init()`; failed items, -1 for any number; bytes for one worker."""

    timeout: float
    init_timeout: float
    error_threshold: int
    memory: int | None = None


class Supervisor:
    """Judges workers by their heartbeats. It decides; the engine counts and replaces."""

    def __init__(self, fleet: Fleet, limits: Limits, workers: int) -> None:
        self._fleet = fleet
        self._limits = limits
        self._patience = max(10, 4 * workers)
        self._prepared = False
        self._fruitless = 0
        self._taking: set[int] = set()
        self._looked = 0.0
        self._awake = self._fleet.now()
        self._absences: list[tuple[float, float]] = []
        self.suspects: set[int] = set()

    def ready(self) -> None:
        """A worker's `init()` has returned."""
        self._prepared = True

    def productive(self) -> None:
        """A lease is done: the workers get somewhere."""
        self._fruitless = 0

    def _notice_absence(self, now: float) -> None:
        """A runner that was stopped itself (SIGSTOP, a frozen container) was stopped with its workers: that time is
        not theirs."""
        if now - self._awake > _ABSENT:
            self._absences.append((now, now - self._awake))
        self._awake = now

    def _absent_since(self, moment: float) -> float:
        """For how many seconds the runner was not there after this moment."""
        return sum(seconds for until, seconds in self._absences if until > moment)

    def pause(self, workers: list[Worker]) -> float:
        """Seconds until someone may be too late; infinity where nobody is."""
        now = self._fleet.now()
        self._awake = now
        pause = min((self._deadline(worker, worker.process.heartbeat()) - now for worker in workers), default=inf)
        return min(pause, _SETTLED) if any(worker.process.number in self._taking for worker in workers) else pause

    def _deadline(self, worker: Worker, heartbeat: Heartbeat) -> float:
        if worker.kill_reason:
            return worker.kill_reason.kill_at
        match heartbeat.phase:
            case wire.STARTING | wire.PREPARING:
                began, limit = worker.started_at, self._limits.init_timeout
            case wire.RUNNING | wire.STOPPING:
                began, limit = heartbeat.started, self._limits.timeout
            case _ if worker.leases or worker.stopping:  # a slow disk is no slow script, but not waited for for ever
                began, limit = max(heartbeat.started, worker.asked), self._limits.init_timeout
            case _:
                return inf
        return began + limit + (self._absent_since(began) if self._absences else 0)

    def overdue(self, workers: list[Worker]) -> list[Worker]:
        """Workers to kill and reap now. One that is late is first told to write its stack and end; in milliseconds."""
        self._notice_absence(self._fleet.now())
        self._look_at_memory(workers)
        late = []
        for worker in workers:
            heartbeat = worker.process.heartbeat()
            is_in_time = self._fleet.now() < self._deadline(worker, heartbeat)
            if is_in_time or heartbeat != worker.process.heartbeat():
                continue
            if worker.kill_reason:
                late.append(worker)
            else:
                self._interrupt(worker, self._kill_reason(worker, heartbeat))
        return late

    def _interrupt(self, worker: Worker, kill_reason: KillReason) -> None:
        worker.kill_reason = kill_reason
        worker.process.interrupt()

    def _look_at_memory(self, workers: list[Worker]) -> None:
        """Interrupt whoever holds more than the limit, what its processes share counted once."""
        limit, now = self._limits.memory, self._fleet.now()
        if limit is None or now - self._looked < _LOOK:
            return
        self._looked = now
        for worker in workers:
            if worker.kill_reason or (worker.process.memory() or 0) <= limit:
                continue
            size = worker.process.own_memory()
            if size > limit:
                self._interrupt(worker, self._over_limit(worker, size, limit))

    def _over_limit(self, worker: Worker, size: int, limit: int) -> KillReason:
        heartbeat = worker.process.heartbeat()
        call = call_of(worker, heartbeat) if heartbeat.phase == wire.RUNNING else None
        reason = f"the worker held {_shown(size)} of memory, and worker_memory allows {_shown(limit)}"
        return KillReason("MemoryLimit", reason, call, self._fleet.now() + _GRACE, _size(worker.process.log))

    def _kill_reason(self, worker: Worker, heartbeat: Heartbeat) -> KillReason:
        kill_at = self._fleet.now() + _GRACE
        size = _size(worker.process.log)
        limits = self._limits
        match heartbeat.phase:
            case wire.RUNNING:
                reason = f"run() did not return within {limits.timeout:g} seconds"
                return KillReason("Timeout", reason, call_of(worker, heartbeat), kill_at, size)
            case wire.STOPPING:
                reason = f"shutdown() did not return within {limits.timeout:g} seconds"
                return KillReason("ShutdownTimeout", reason, None, kill_at, size)
            case wire.IDLE:
                reason = f"the process did nothing for {limits.init_timeout:g} seconds between two calls of run()"
                return KillReason("WorkerSilent", reason, None, kill_at, size)
        reason = f"init() did not return within {limits.init_timeout:g} seconds"
        return KillReason("InitTimeout", reason, None, kill_at, size)

    def unreachable(self, worker: Worker) -> None:
        """Its pipe is closed, or has what no worker writes. The first is how every death begins; one that goes on
        living has lost its descriptors."""
        if not worker.process.garbled and worker.process.has_ended(_GRACE):
            return
        heartbeat = worker.process.heartbeat()
        call = call_of(worker, heartbeat) if heartbeat.phase == wire.RUNNING else None
        what = "wrote to" if worker.process.garbled else "closed"
        reason = f"the script {what} file descriptors that the worker needs"
        worker.kill_reason = worker.kill_reason or KillReason("ChannelClosed", reason, call, self._fleet.now(), 0)

    def unprepared(self, worker: Worker, told: dict[str, Any]) -> JobError | None:
        """The script raised while it was loaded or in `init()`: the job fails, unless that has worked before."""
        if self._prepared:
            return None  # the death that follows is counted
        code = "ScriptInvalid" if told["type"] == "ScriptInvalid" else "InitFailed"
        message = told["message"] if code == "ScriptInvalid" else f"{told['type']}: {told['message']}"
        return JobError(code=code, message=message, traceback=told["traceback"], log=_log(worker))

    def fruitless(self, worker: Worker, death: Death) -> JobError | None:
        """A worker ended outside any call. Too many in a row, or an `init()` that hangs, and the job fails."""
        self._fruitless += 1
        is_final = death.type == NOT_STARTED or (death.type in _IN_INIT and not self._prepared)
        if not is_final and self._fruitless <= self._patience:
            return None
        place = "before init() returned" if not worker.ready else "between two calls of run()"
        message = (
            f"{death.message} ({place}, {self._fruitless} times in a row)" if self._fruitless > 1 else death.message
        )
        return JobError(code=death.type, message=message, traceback=death.traceback, log=_log(worker))

    def is_taking(self, worker: Worker) -> bool:
        """Whether work was asked back from it that it has not given yet."""
        return worker.process.number in self._taking

    def take_back(self, worker: Worker) -> list[Span]:
        """Work of a busy worker that others can do: asked for at the first call, given at a later one.

        The worker says what it begins, then looks whether that was taken back; this side marks first, and looks at
        what has begun only when the mark must have been seen. So no call is made by both.
        """
        self._taking.discard(worker.process.number)
        waiting = sum(lease.span.calls for lease in worker.leases) - 1
        if waiting < 1 or worker.kill_reason:
            return []
        last = worker.leases[-1].sequence
        if worker.stolen_up_to < last:  # never lower: leases taken back before wait in the worker's pipe
            worker.process.take_back(last)
            worker.stolen_at, worker.stolen_up_to = self._fleet.now(), last
            self._taking.add(worker.process.number)
            return []
        heartbeat = worker.process.heartbeat()
        if self._fleet.now() - worker.stolen_at < _SETTLED or heartbeat.phase != wire.RUNNING:
            self._taking.add(worker.process.number)
            return []
        return _not_begun(worker, heartbeat)


def _not_begun(worker: Worker, heartbeat: Heartbeat) -> list[Span]:
    """Shorten a worker's leases to what it has begun; what was cut off."""
    call = call_of(worker, heartbeat)
    if call is None:
        return []
    taken = []
    while worker.leases[-1].sequence > heartbeat.sequence:
        taken.append(worker.leases.pop().span)
    span = worker.leases[-1].span
    rest = span.after((call.first - span.first) // span.size + 1)
    if rest:
        worker.leases[-1].span = Span(span.first, span.count - rest.count, span.size)
        taken.append(rest)
    return taken


def _size(log: Path) -> int:
    return log.stat().st_size if log.exists() else 0


def _log(worker: Worker) -> str:
    return "/".join(worker.process.log.parts[-5:])


def _shown(size: int) -> str:
    """`2.1 GB`: three digits at most, a thousand kB to the MB."""
    amount = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.3g} {unit}"
        amount /= 1000
    return f"{amount:.3g} TB"
