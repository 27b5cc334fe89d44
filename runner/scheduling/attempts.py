"""Attempts that failed: counted, made durable, told. Knows no process beyond the worker's name and log."""

import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from bep.lazy_dataclasses import dataclass, replace
from bep.runner.events import Event, MiniBatchFailed
from bep.runner.folder.journal import Failure, Journal, beside
from bep.runner.inputs.manifest import Manifest
from bep.runner.scheduling.backlog import Backlog
from bep.runner.scheduling.tally import Tally
from bep.runner.scheduling.worker_deaths import Death
from bep.runner.scheduling.workers import Lease, Worker
from bep.runner.span import Span
from bep.runner.verdicts import Ended, Verdict


@dataclass(frozen=True, slots=True)
class Attempts:
    """Where a failed attempt leaves its marks; `booked` hears of each that is in the journal."""

    backlog: Backlog
    journal: Journal
    manifest: Manifest
    logs: Path
    tally: Tally
    report: Callable[[Event], None]
    booked: Callable[[Failure], None]

    def failed_in_script(self, worker: Worker, told: Mapping[str, Any]) -> None:
        """A call raised, or returned what is no result. The worker goes on."""
        first = int(told["first"])
        for lease in worker.leases:
            if lease.span.first <= first < lease.span.end:
                lease.failed.add(first)
                death = Death(told["type"], told["message"], told["traceback"], float(told["seconds"]))
                self.failed(worker, lease.span.call(first), death, Ended(told["how"]), f":{told['line']}")
                return

    def failed(self, worker: Worker, call: Span, why: Death, how: Ended = Ended.CUT, at: str = "") -> None:
        """Count the attempt, durably, and tell; `at` is which line of the worker's log it begins at."""
        log = str(worker.process.log.relative_to(self.logs.parent)) + at
        why = self._as_shown(call, why)
        outcome = self.backlog.failed(call, how)
        failure = Failure(
            call.first,
            call.count,
            outcome.attempt,
            *(why.type, why.message, why.traceback, log),
            ended=time.time(),
            seconds=why.seconds,
            how=how.value,
            verdict=outcome.verdict.value,
            unresolved=outcome.unresolved,
        )
        self.journal.append(failure)
        self.booked(failure)
        self.tally.retries += outcome.verdict is Verdict.RETRY
        self.tally.splits += outcome.is_first
        self._tell(failure, outcome.verdict)
        if outcome.verdict is Verdict.GIVEN_UP:
            self.tally.given_up += call.count
        for rest in outcome.unresolved:
            self.tally.given_up += rest.count
            self.tally.retries -= rest.alone
            self._tell(beside(failure, rest), Verdict.GIVEN_UP)

    def _as_shown(self, call: Span, why: Death) -> Death:
        """The same, with the addresses of fetched items where the script has said where their copies are."""
        paths = self.manifest.paths(call.first, call.count)
        message, trace = why.message, why.traceback
        for path, shown in sorted(zip(paths, self.manifest.shown(paths), strict=True), reverse=True):
            if path != shown:  # the longer of two first: one may begin as the other does
                message, trace = message.replace(path, shown), trace.replace(path, shown)
        return replace(why, message=message, traceback=trace)

    def done(self, lease: Lease, lost: Collection[Span] = ()) -> None:
        """A lease has ended. Its call may have failed before and be scored now, unless `lost` with its worker."""
        call = lease.span
        if call in self.backlog.attempts and call.first not in lease.failed and call not in lost:
            self.backlog.scored(call)

    def short(self, worker: Worker, told: Mapping[str, Any]) -> None:
        """Tell of a call that gave too few results. It is in its part's journal and counted from there."""
        first, count = int(told["first"]), int(told["count"])
        attempt = self.backlog.attempt(Span(first, count, count))
        log = f"{worker.process.log.relative_to(self.logs.parent)}:{told['line']}"
        why = (told["type"], told["message"], told["traceback"])
        self._tell(Failure(first, count, attempt, *why, log), Verdict.GIVEN_UP)

    def _tell(self, failure: Failure, verdict: Verdict) -> None:
        self.report(
            MiniBatchFailed(
                first=failure.first,
                files=self.manifest.names(failure.first, failure.count),
                attempt=failure.attempt,
                will_retry=verdict is not Verdict.GIVEN_UP,
                error_type=failure.type,
                message=failure.message,
                traceback=failure.traceback,
                log=failure.log,
                is_split=verdict is Verdict.SPLIT,
            )
        )
