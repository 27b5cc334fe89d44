"""The threads that call a provider, a few at once, and what they come back with. Knows no order and no state."""

import queue
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event as Flag

from bep.planner.plan import Change
from bep.providers.calling import Answer, Call, Retry, carry_out
from bep.providers.events import Event, Retrying, Slow
from bep.providers.protocol import Provider
from bep.providers.saying import said

LOOK_UP = 1.0
"""Seconds between two looks at what has been running for long."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How calls are made. `slow_after` is in seconds; `secrets` are clear values that no message may repeat."""

    parallelism: int
    retry: Retry
    stop: Flag
    slow_after: float
    secrets: tuple[str, ...]


class Crew:
    """Belongs to one thread, which alone is told anything."""

    def __init__(self, provider: Provider, rules: Rules, report: Callable[[Event], None]) -> None:
        self._provider, self._rules, self._report = provider, rules, report
        self._pool = ThreadPoolExecutor(rules.parallelism, thread_name_prefix="apply")
        self._answers: queue.SimpleQueue[Answer | Retrying] = queue.SimpleQueue()
        self._running: dict[str, tuple[Change, float]] = {}
        self._told_slow: dict[str, float] = {}

    @property
    def busy(self) -> int:
        """How many calls are being made."""
        return len(self._running)

    def start(self, call: Call) -> None:
        """Make a call as soon as a thread is free."""
        self._running[call.change.id] = (call.change, time.monotonic())
        self._pool.submit(self._work, call)

    def answers(self) -> Iterator[Answer]:
        """What has come back: at least one, waiting for it, and all that is there by then."""
        found = False
        while True:
            try:
                message = self._answers.get_nowait() if found else self._answers.get(timeout=LOOK_UP)
            except queue.Empty:
                if found:
                    return
                self._tell_slow()
                continue
            if isinstance(message, Retrying):
                self._report(message)
            else:
                found = True
                del self._running[message.call.change.id]
                yield message

    def close(self) -> None:
        """Send the threads home, once what they do is done."""
        self._pool.shutdown()

    def _work(self, call: Call) -> None:
        def tell(error: Exception, attempt: int, delay: float) -> None:
            self._answers.put(Retrying(call.change, said(error, self._rules.secrets), attempt, delay))

        self._answers.put(carry_out(call, self._provider, self._rules.retry, self._rules.stop, tell))

    def _tell_slow(self) -> None:
        now = time.monotonic()
        for change, since in self._running.values():
            if now - self._told_slow.get(change.id, since) >= self._rules.slow_after:
                self._told_slow[change.id] = now
                self._report(Slow(change, now - since))
