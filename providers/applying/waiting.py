"""A write that takes its time: asked after until it is through, failed or forgotten. Knows no state and no thread."""

import time
from collections.abc import Callable

from bep.planner.observed import Condition, Observed
from bep.providers.protocol import Done, Pending, Provider, ProviderError
from bep.schemas.address import Address

PAUSE = 1.0
"""Seconds between two questions where the world says nothing of it."""


class Unfinished(ProviderError):
    """An operation is still under way, and nobody waits for it any more: its token tells later how it ended."""

    def __init__(self, address: str) -> None:
        super().__init__(
            address, "wait", "it is still being worked on; the next apply goes on with it", code="Unfinished"
        )


def finished(
    provider: Provider, address: Address, pending: Pending, *, until: float, keep: Callable[[str], None]
) -> Done:
    """Ask until the operation is through, at least once. `until` is a moment of the monotonic clock.

    `keep` makes a token durable before anybody waits: it is called whenever there is another than was given.
    Raises `Unfinished` at that moment, `Forgotten` as `poll` does, `ProviderError` for an operation that failed, and
    for an object that is there and failed. A question that fails in passing is asked again.
    """
    token = pending.token
    if pending.retry_after:
        _pause(address, pending.retry_after, until)
    while True:
        try:
            found = provider.poll(token)
        except ProviderError as error:
            if not error.retryable:
                raise
            wait = PAUSE if error.retry_after is None else error.retry_after
        else:
            if isinstance(found, Done):
                return Done(ready(provider, address, found.observed, until=until), found.touched)
            if found.token != token:
                token = found.token
                keep(token)
            wait = found.retry_after
        _pause(address, wait, until)


def settled(provider: Provider, address: Address, there: Observed | None, *, until: float) -> Observed | None:
    """The object once the world is no longer at work on it; None where it is gone. Raises `Unfinished` at `until`."""
    while there is not None and there.condition is Condition.PROGRESSING:
        _pause(address, PAUSE, until)
        there = provider.read([address]).get(address)
    return there


def ready(provider: Provider, address: Address, there: Observed | None, *, until: float) -> Observed | None:
    """As `settled`. Raises `ProviderError` for one that failed, too."""
    there = settled(provider, address, there, until=until)
    if there is not None and there.condition is Condition.FAILED:
        raise ProviderError(address, "wait", there.why or "it failed, and nothing says why", code="Failed")
    return there


def resumed(provider: Provider, address: Address, token: str, *, until: float) -> Done | None:
    """How an operation ended that another process began; None where the world has forgotten it or says it failed.

    What the object is like tells then. Raises `Unfinished` at the moment `until`.
    """
    try:
        return finished(provider, address, Pending(token, retry_after=0), until=until, keep=lambda token: None)
    except Unfinished:
        raise
    except ProviderError:
        return None


def _pause(address: Address, seconds: float, until: float) -> None:
    if time.monotonic() + seconds >= until:
        raise Unfinished(address)
    time.sleep(max(seconds, 0.0))
