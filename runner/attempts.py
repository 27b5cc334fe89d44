"""Attempts that failed: counted, made durable, told. Knows no process beyond the worker's name and log."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bep.runner.backlog import Backlog, Span, Verdict
from bep.runner.deaths import Death
from bep.runner.events import Event, MiniBatchFailed
from bep.runner.journal import Failure, Journal
from bep.runner.manifest import Manifest
from bep.runner.tally import Tally
from bep.runner.workers import Worker


@dataclass(frozen=True, slots=True)
class Attempts:
    """Where a failed attempt leaves its marks."""

    backlog: Backlog
    journal: Journal
    manifest: Manifest
    logs: Path
    tally: Tally
    report: Callable[[Event], None]

    def failed_in_script(self, worker: Worker, told: Mapping[str, Any]) -> None:
        """A call raised, or returned what is no result. The worker goes on."""
        first = int(told["first"])
        for lease in worker.leases:
            if lease.span.first <= first < lease.span.end:
                lease.failed.add(first)
                death = Death(told["type"], told["message"], told["traceback"], float(told["seconds"]))
                self.failed(worker, lease.span.call(first), death, f":{told['position']}")
                return

    def failed(self, worker: Worker, call: Span, why: Death, at: str = "") -> None:
        """Count the attempt, durably, and tell; `at` is where in the worker's log it is."""
        log = str(worker.log.relative_to(self.logs.parent)) + at
        verdict, attempt = self.backlog.failed(call)
        told = (why.type, why.message, why.traceback, log)
        self.journal.append(Failure(call.first, call.count, attempt, *told, ended=time.time(), seconds=why.seconds))
        if verdict is Verdict.GIVEN_UP:
            self.tally.given_up += call.count
        else:
            self.tally.retries += 1
        self._tell(call, attempt, verdict is not Verdict.GIVEN_UP, why, log)

    def short(self, worker: Worker, told: Mapping[str, Any]) -> None:
        """Tell of a call that gave too few results. It is in its part's journal and counted from there."""
        call = Span(int(told["first"]), int(told["count"]), int(told["count"]))
        attempt = self.backlog.attempts.get(call, self.backlog.pieces.get(call, 0)) + 1
        why = Death(told["type"], told["message"], told["traceback"])
        self._tell(call, attempt, False, why, f"{worker.log.relative_to(self.logs.parent)}:{told['position']}")

    def _tell(self, call: Span, attempt: int, will_retry: bool, why: Death, log: str) -> None:
        self.report(
            MiniBatchFailed(
                first=call.first,
                files=self.manifest.names(call.first, call.count),
                attempt=attempt,
                will_retry=will_retry,
                error_type=why.type,
                message=why.message,
                traceback=why.traceback,
                log=log,
            )
        )
