"""The workers of an engine: started for calls that wait, replaced, dismissed. Knows how many calls, not which."""

import errno

from bep.lazy_dataclasses import dataclass, field
from bep.runner.folder.record import JobError
from bep.runner.scheduling.fleet import Fleet
from bep.runner.scheduling.workers import Worker

_NO_PROGRAM = (errno.ENOENT, errno.EACCES, errno.ENOEXEC, errno.E2BIG)


@dataclass(slots=True)
class Crew:
    """Those that live, in the order of their start; at most `slots`, one in each slot."""

    fleet: Fleet
    slots: int
    running: list[Worker] = field(default_factory=list)

    def start(self, slot: int) -> JobError | None:
        """Start one in this slot; why that cannot be, if it cannot. Raises `OSError` for what may pass."""
        try:
            process = self.fleet.start(slot)
        except OSError as error:
            if error.errno not in _NO_PROGRAM:
                raise
            message = f"the environment's interpreter cannot be started: {error.filename}: {error.strerror}"
            fix = "environment_variables take too much room" if error.errno == errno.E2BIG else ""
            return JobError(code="InterpreterMissing", message=message, fix=fix)
        now = self.fleet.now()
        self.running.append(Worker(process, started_at=now, asked=now))
        return None

    def hire(self, calls: int) -> JobError | None:
        """Start as many more as so many calls want, those counted that have nothing to do or are not ready yet."""
        idle = sum(not worker.leases and not worker.stopping and not worker.kill_reason for worker in self.running)
        return self._fill(calls - idle)

    def replace(self, busy: list[Worker]) -> JobError | None:
        """Start somebody for calls that wait behind others, where one that has died has left a place."""
        waiting = sum(lease.span.calls for worker in busy for lease in worker.leases) - len(busy)
        return self._fill(waiting - sum(not worker.ready for worker in self.running))

    def _fill(self, wanted: int) -> JobError | None:
        if wanted <= 0 or len(self.running) >= self.slots:
            return None
        taken = {worker.process.slot for worker in self.running}
        free = [slot for slot in range(self.slots) if slot not in taken]
        for slot in free[:wanted]:
            if error := self.start(slot):
                return error
        return None

    def dismiss(self) -> None:
        """Let the prepared shut down; who is still preparing is not needed any more."""
        for worker in list(self.running):
            if worker.ready and not worker.stopping:
                worker.dismiss(self.fleet.now())
            elif not worker.ready:
                worker.stopping = True
                worker.process.kill()

    def counts(self) -> tuple[int, int]:
        """Items scored, and failed for want of results, of what the living have in their journals."""
        counts = [worker.process.counts() for worker in self.running]
        return sum(c[0] for c in counts), sum(c[1] for c in counts)
