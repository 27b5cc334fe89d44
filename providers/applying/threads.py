"""The threads that call a provider, a few at once, and what they come back with. Knows no order and no state."""

import queue
import time
from collections.abc import Callable, Iterator
from threading import Event as Flag
from threading import Thread

from bep.lazy_dataclasses import dataclass
from bep.providers.applying.calling import Answer, Call, Retry, Told, carry_out, limit_of, unanswered
from bep.providers.applying.events import Event, Retrying, Slow, Transferring
from bep.providers.applying.redaction import said
from bep.providers.protocol import Provider, Stopped

LOOK_UP = 1.0
"""Seconds between two looks at what has been running for long."""
TRANSFERRING_PERIOD = 0.5
"""Seconds, at least, between two reports of the bytes of one change; the last of them is always told."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How calls are made. `slow_after` is in seconds; `secrets` are clear values that no message may repeat."""

    parallelism: int
    retry: Retry
    stop: Flag
    slow_after: float
    secrets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Running:
    """A call under way: since when, and until when it is waited for; both in seconds of the monotonic clock."""

    call: Call
    since: float
    ends: float


@dataclass(frozen=True, slots=True)
class Taken:
    """The world has taken a call on and gives a token; its thread waits for `kept`, set once that is on disk."""

    call: Call
    token: str
    kept: Flag


class CallThreads:
    """Runs calls in threads and collects their answers. One thread owns it; only that thread receives reports.

    A thread cannot be ended from outside. When a call takes longer than its limit, nobody waits for its thread any
    more: a late answer is not read, and the thread does not keep the process alive.
    """

    def __init__(self, provider: Provider, rules: Rules, report: Callable[[Event], None]) -> None:
        self._provider, self._rules, self._report = provider, rules, report
        self._calls: queue.SimpleQueue[Call | None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[Answer | Retrying | Transferring | Taken] = queue.SimpleQueue()
        self._threads: list[Thread] = []
        self._left = 0
        self._running: dict[str, _Running] = {}
        self._told_slow: dict[str, float] = {}

    @property
    def busy(self) -> int:
        """How many calls are being made and waited for."""
        return len(self._running)

    def start(self, call: Call) -> None:
        """Make a call at once; the walk sees to it that there are no more than `parallelism`."""
        now = time.monotonic()
        self._running[call.change.id] = _Running(call, now, now + limit_of(call.change))
        if len(self._running) + self._left > len(self._threads):
            thread = Thread(target=self._work, name=f"apply-{len(self._threads)}", daemon=True)
            self._threads.append(thread)
            thread.start()
        self._calls.put(call)

    def answers(self) -> Iterator[Answer | Taken]:
        """What has come back, was taken on, or is no longer waited for: at least one, and all that is there by then."""
        found = False
        while not found or not self._answers.empty():
            for answer in self._overdue():
                found = True
                yield answer
            message = self._next(0.0 if found else self._patience())
            if message is None:
                self._tell_slow()
            elif self._is_waited_for(message):
                if isinstance(message, Retrying | Transferring):
                    self._report(message)
                else:
                    found = True
                    yield message

    def _is_waited_for(self, message: Answer | Retrying | Transferring | Taken) -> bool:
        """Whether it is of a call that runs; one that has come back does no longer."""
        if isinstance(message, Answer):
            return self._running.pop(message.call.change.id, None) is not None
        change = message.call.change if isinstance(message, Taken) else message.change
        return change.id in self._running

    def _next(self, seconds: float) -> Answer | Retrying | Transferring | Taken | None:
        try:
            return self._answers.get(timeout=seconds) if seconds else self._answers.get_nowait()
        except queue.Empty:
            return None

    def _patience(self) -> float:
        soonest = min(running.ends for running in self._running.values())
        return max(0.0, min(LOOK_UP, soonest - time.monotonic()))

    def _overdue(self) -> Iterator[Answer]:
        """The calls whose time is over, each once."""
        now = time.monotonic()
        for running in [running for running in self._running.values() if running.ends <= now]:
            del self._running[running.call.change.id]
            self._left += 1
            yield unanswered(running.call, running.ends - running.since)

    def close(self) -> None:
        """End the threads and wait for them. Where a call was given up, wait for none: its thread may never end."""
        for _ in self._threads:
            self._calls.put(None)
        for thread in self._threads if not self._left else ():
            thread.join()

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            rules = self._rules
            self._answers.put(carry_out(call, self._provider, rules.retry, rules.stop, self._told(call)))

    def _told(self, call: Call) -> Told:
        last = -TRANSFERRING_PERIOD

        def failure(error: Exception, attempt: int, delay: float) -> None:
            self._answers.put(Retrying(call.change, said(error, self._rules.secrets), attempt, delay))

        def token(text: str) -> None:
            taken = Taken(call, text, Flag())
            self._answers.put(taken)
            taken.kept.wait()

        def transferred(done: int, total: int) -> None:
            nonlocal last
            if done < total and self._rules.stop.is_set():
                raise Stopped(call.change.address, call.change.action, "stopped while its bytes were on their way")
            now = time.monotonic()
            if done >= total or now - last >= TRANSFERRING_PERIOD:
                last = now
                self._answers.put(Transferring(call.change, done, total))

        return Told(failure, token, transferred)

    def _tell_slow(self) -> None:
        now = time.monotonic()
        for running in self._running.values():
            change = running.call.change
            if now - self._told_slow.get(change.id, running.since) >= self._rules.slow_after:
                self._told_slow[change.id] = now
                self._report(Slow(change, now - running.since))
