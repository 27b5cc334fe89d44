"""Bytes of changes on their way, a line a change: drawn over on a terminal, now and then in a log. Knows no apply."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from bep.commands.jobs.progress import PLAIN_PERIOD, size

if TYPE_CHECKING:
    from bep.app.plans.events import Transferring
    from bep.console import Console


def transfer_line(event: "Transferring") -> str:
    """`  model/m/1: 120 MB of 2.3 GB transferred, 5%`."""
    share = int(100 * event.bytes / event.of_bytes) if event.of_bytes else 100
    return f"  {event.change.address}: {size(event.bytes)} of {size(event.of_bytes)} transferred, {share}%"


class Transfers:
    """The changes whose bytes are on their way. What takes less than `PLAIN_PERIOD` has no line in a log."""

    def __init__(self, console: "Console", clock: Callable[[], float] = time.monotonic) -> None:
        self._console, self._clock = console, clock
        self._lines: dict[str, str] = {}
        self._said: dict[str, float] = {}

    def show(self, event: "Transferring") -> None:
        """How far one of them is; it is over once all of its bytes are there."""
        change, now = event.change.id, self._clock()
        self._lines[change] = transfer_line(event)
        if event.bytes >= event.of_bytes:
            del self._lines[change]
        elif not self._console.live_possible and now - self._said.setdefault(change, now) >= PLAIN_PERIOD:
            self._said[change] = now
            self._console.say(self._lines[change])
        self.draw()

    def over(self, change: str) -> None:
        """That one has ended, however it did."""
        self._lines.pop(change, None)

    def draw(self) -> None:
        """Draw those that are left, on a terminal: what was said has taken them away."""
        if self._lines:
            self._console.live(*self._lines.values())
