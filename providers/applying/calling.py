"""One change, carried out: its call, the retries, the truth about a failure. Knows no state and no order."""

import math
import time
from collections.abc import Callable, Mapping
from threading import Event as Flag
from typing import Any, assert_never

from bep.lazy_dataclasses import dataclass, field, replace
from bep.planner.observed import Condition, Observed
from bep.planner.plan import Action, Change
from bep.planner.state import Entry, Guards
from bep.providers.applying.report import World
from bep.providers.applying.waiting import Unfinished, finished, ready
from bep.providers.protocol import Conflict, Done, Pending, Provider, ProviderError, Stopped, Transferred, Verb, Write
from bep.schemas.address import Address
from bep.schemas.resource import Resource
from bep.schemas.secrets.secret import Secret, is_sealed

Tell = Callable[[Exception, int, float], None]
"""Told of each failure that is followed by another attempt: the error, which attempt, seconds until the next."""
Keep = Callable[[str], None]
"""Comes back once this token is on disk."""


@dataclass(frozen=True, slots=True)
class Told:
    """Who is told of a call while it is made: of failures that are followed by another attempt, of the token of a world
    that takes its time, of bytes on their way.
    """

    failure: Tell
    token: Keep
    bytes: Transferred


@dataclass(frozen=True, slots=True)
class Retry:
    """How often a call that may succeed later is made in all, and how long is waited: doubling, up to a limit."""

    attempts: int = 5
    first_delay: float = 1.0
    longest_delay: float = 30.0

    def of(self, guards: Guards) -> "Retry":
        """The same, but for what a resource asks for itself."""
        asked = guards.retry
        if asked is None:
            return self
        return Retry(
            self.attempts if asked.attempts is None else asked.attempts,
            self.first_delay if asked.first_delay is None else asked.first_delay,
            self.longest_delay if asked.longest_delay is None else asked.longest_delay,
        )

    def delay(self, attempt: int) -> float:
        """Seconds to wait after this attempt, counted from 1."""
        return min(self.first_delay * 2.0 ** (attempt - 1), self.longest_delay)

    def delay_after(self, error: Exception, attempt: int) -> float:
        """The same, but as long as the world asks for, where it says so with the error."""
        asked = error.retry_after if isinstance(error, ProviderError) else None
        return self.delay(attempt) if asked is None else max(asked, 0.0)


@dataclass(frozen=True, slots=True)
class Call:
    """All that one change's call needs. `etag` is the version to change; `operation` the id to leave behind."""

    change: Change
    operation: str
    resource: Resource | None
    entry: Entry | None
    etag: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a call. `error` is None when it was done. `settled` is false where an object of this very
    operation may be there after all: its intent must then stay open for recovery. `begun` is false where a stop came
    first: the provider was never called, or has sent bytes and no more. With an error, `observed` is what this
    operation made and what failed. `touched` are other objects whose version the call changed."""

    call: Call
    observed: Observed | None = None
    error: Exception | None = None
    settled: bool = True
    world: World = World.THERE
    attempts: int = 1
    seconds: float = 0.0
    begun: bool = True
    touched: Mapping[Address, Observed] = field(default_factory=dict)


def limit_of(change: Change) -> float:
    """Seconds that this change may take; infinite where its resource asks for no limit."""
    asked = change.guards.timeouts
    if asked is None:
        return math.inf
    made = change.action is Action.CREATE or (change.action is Action.SHIFT and change.etag is None)
    seconds = asked.delete if change.after is None else asked.create if made else asked.update
    return math.inf if seconds is None else seconds


def unanswered(call: Call, limit: float) -> Answer:
    """What came of a call that took longer than it may: nobody knows, so its intent stays open."""
    error = ProviderError(call.change.address, call.change.action, f"no answer within {limit:g} s")
    return Answer(call, error=error, settled=False, world=World.UNKNOWN, seconds=limit)


def carry_out(call: Call, provider: Provider, retry: Retry, stop: Flag, told: Told) -> Answer:
    """Make the call until it succeeds, cannot, has no time for another attempt, or is stopped before one.

    Where the world takes its time, its token has been made durable before anybody waits.
    Never raises. A call that does not come back is not ended here: `CallThreads` stops waiting for it.
    """
    if stop.is_set():
        return Answer(call, world=World.UNTOUCHED, attempts=0, begun=False)
    began = time.monotonic()
    retry, ends = retry.of(call.change.guards), began + limit_of(call.change)
    attempt = 0
    while True:
        attempt += 1
        try:
            done = _called(call, provider, ends, told)
            answer = Answer(call, done.observed, touched=done.touched)
            break
        except Exception as error:
            if isinstance(error, Stopped) and attempt == 1:
                answer = Answer(call, world=World.UNTOUCHED, begun=False)
                break
            retryable = isinstance(error, ProviderError) and error.retryable
            delay = retry.delay_after(error, attempt)
            too_late = time.monotonic() + delay >= ends
            if not retryable or attempt >= retry.attempts or too_late:
                answer = _failed(call, provider, error)
                break
            told.failure(error, attempt, delay)
            if stop.wait(delay):
                answer = _failed(call, provider, error)
                break
    return replace(answer, attempts=attempt, seconds=time.monotonic() - began)


def _called(call: Call, provider: Provider, ends: float, told: Told) -> Done:
    address = call.change.address
    found = provider.begin(_write(call, told.bytes))
    if isinstance(found, Pending):
        told.token(found.token)
        return finished(provider, address, found, until=ends, keep=told.token)
    return Done(ready(provider, address, found.observed, until=ends), found.touched)


def _write(call: Call, transferred: Transferred) -> Write:
    change = call.change
    verb = _verb(change)
    if verb is Verb.DELETE:
        return Write(verb, change.address, call.operation, etag=call.etag, entry=call.entry)
    etag = "" if verb is Verb.CREATE else call.etag
    return Write(verb, change.address, call.operation, _wanted(call), etag, call.entry, transferred)


def _verb(change: Change) -> Verb:
    match change.action:
        case Action.CREATE:
            return Verb.CREATE
        case Action.UPDATE:
            return Verb.UPDATE
        case Action.DELETE:
            return Verb.DELETE
        case Action.SHIFT:
            return Verb.DELETE if change.after is None else Verb.CREATE if change.etag is None else Verb.UPDATE
        case Action.ADOPT | Action.FORGET | Action.RETAIN:
            raise ValueError(f"{change.action} needs no provider")
        case _:
            assert_never(change.action)


def _failed(call: Call, provider: Provider, error: Exception) -> Answer:
    """A call may fail after its work was done: look, so that neither state nor report claims what is not so."""
    unknown = Answer(call, error=error, settled=False, world=World.UNKNOWN)
    if isinstance(error, Unfinished):
        return unknown
    try:
        there = provider.read([call.change.address]).get(call.change.address)
    except Exception:
        return unknown
    if call.change.after is None:
        return Answer(call) if there is None else Answer(call, error=error)
    if there is None:
        return Answer(call, error=error, world=World.ABSENT)
    return _as_found(call, there, error)


def _as_found(call: Call, there: Observed, error: Exception) -> Answer:
    """What came of a failed call whose object is there: this operation's, or another's."""
    if there.operation != call.operation:
        return Answer(call, error=error)
    if there.condition is Condition.FAILED:
        return Answer(call, there, error=error)
    if there.condition is Condition.PROGRESSING:
        return Answer(call, error=error, settled=False)
    if isinstance(error, ProviderError) and error.retryable and not isinstance(error, Conflict):
        return Answer(call, there)
    return Answer(call, error=error, settled=False)


def _wanted(call: Call) -> Resource:
    """The resource as planned, not as declared: what was reviewed is what is written, with its secrets readable."""
    assert call.resource is not None
    assert call.change.after is not None
    return replace(call.resource, attributes=unsealed(call.change.after, call.resource.attributes))


def unsealed(planned: Any, declared: Any) -> Any:
    """The planned value with the declared secret wherever it was sealed; a sealed one nobody declares stays so."""
    if is_sealed(planned):
        return declared if isinstance(declared, Secret) else planned
    if isinstance(planned, Mapping):
        inner = declared if isinstance(declared, Mapping) else {}
        return {name: unsealed(value, inner.get(name)) for name, value in planned.items()}
    if isinstance(planned, list | tuple):
        others = declared if isinstance(declared, list | tuple) and len(declared) == len(planned) else planned
        return [unsealed(value, other) for value, other in zip(planned, others, strict=True)]
    return planned
