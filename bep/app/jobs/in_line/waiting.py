"""A job of this very process in the line: it takes a ticket, waits for its turn, and holds its place to the end."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from bep.app.errors import Refused
from bep.app.jobs.events import InLine
from bep.app.jobs.in_line.wanting import capacity_of
from bep.app.queue.queue import Queue
from bep.lazy_dataclasses import dataclass

if TYPE_CHECKING:
    from bep.app.jobs.service import Watch
    from bep.app.queue.line import Ticket, Turn
    from bep.app.workspace.contexts import Reading

LOOK: Final = 0.5
"""Seconds between two looks at the line."""


class TakenOut(Exception):
    """The job was cancelled by somebody else while it waited."""


@dataclass(frozen=True)
class Asking:
    """Who takes part: the job `name` asks for so many instances of a compute. `record` is how its record begins, None
    for one that goes on. `check` is asked before a long wait whether it could run at all, and raises where not."""

    name: str
    compute: str
    instances: int
    record: str | None
    check: Callable[[], object]


@contextmanager
def place_held(opened: "Reading", asking: Asking, watch: "Watch", patience: float | None) -> Iterator[None]:
    """The job's instances are its own until the end; whatever ends this process gives them back.

    Orders ahead in the line that nobody else starts are started from here: they would block it for ever. Raises
    `TakenOut`, and `Refused` where `patience` seconds were not enough.
    """
    queue = Queue(opened.home)
    with queue.presence.shown() as mark:
        mine, turn = queue.enter(
            asking.name,
            asking.compute,
            asking.instances,
            mark=mark,
            capacity=capacity_of(opened, asking.compute),
            record=asking.record,
        )
        if not turn.is_now:
            asking.check()
            _wait(opened, queue, mine, mark, turn, asking, watch, patience)
        yield


def _wait(
    opened: "Reading",
    queue: Queue,
    mine: "Ticket",
    mark: str,
    turn: "Turn",
    asking: Asking,
    watch: "Watch",
    patience: float | None,
) -> None:
    from bep.app.queue.dispatching import Dispatcher  # most jobs wait for nobody

    until = None if patience is None else time.monotonic() + patience
    dispatcher, told = Dispatcher(opened.root, opened.home, lambda compute: capacity_of(opened, compute)), None
    while not turn.is_now:
        if turn != told:
            told = turn
            watch.report(InLine(turn.job, turn.compute, turn.instances, turn.capacity, turn.taken, turn.behind))
        if turn.is_impossible:
            asking.check()  # which says why: the compute has become smaller
        if until is not None and time.monotonic() >= until:
            raise Refused(f"gave up waiting after {patience:g} seconds; nothing was scored: {asking.name} was {turn}")
        dispatcher.step()
        time.sleep(LOOK if until is None else min(LOOK, max(0.0, until - time.monotonic())))
        found = queue.look(mine, capacity_of(opened, mine.compute))
        if found is not None and found.is_now:
            found = queue.take(mine.number, mark, capacity_of(opened, mine.compute))
        if found is None:
            raise TakenOut
        turn = found
