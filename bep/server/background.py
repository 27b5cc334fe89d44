"""What a server does beside answering: jobs whose turn it is are started, schedules are kept. In a thread of its own.

A step that fails is told of and tried again: it never ends the thread. Several servers of one workspace may do this
side by side: what a step does, it does in one transaction.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING, Final

from bep.app.failures import failure_of
from bep.server.life import Life
from bep.server.observing.log import Log
from bep.server.site import Site

if TYPE_CHECKING:
    from bep.app.schedules.starting import Schedules

PAUSE: Final = 1.0
"""Seconds between two steps where nobody asks for one sooner."""
QUIET: Final = 60.0
"""Seconds in which the same failure is told of once."""

Step = Callable[[], object]


@contextmanager
def looking_after(steps: Sequence[Step], life: Life, log: Log) -> Iterator[None]:
    """Take these steps again and again until the end; the one that is being taken is finished then."""
    thread = Thread(target=_work, args=(steps, life, log), name="background", daemon=True)
    thread.start()
    try:
        yield
    finally:
        life.stopping.set()
        life.work.set()
        thread.join()


def steps_of(site: Site, log: Log) -> tuple[Step, ...]:
    """What there is to be done for a workspace: jobs are ordered whose time has come, and started whose turn it is."""
    from bep.app.jobs.in_line.wanting import capacity_of
    from bep.app.queue.dispatching import Dispatcher
    from bep.app.schedules.starting import Schedules

    schedules = Schedules()
    dispatcher = Dispatcher(site.root, site.home, lambda compute: capacity_of(site.opened(), compute))
    return (lambda: _see_to(schedules, site, log), dispatcher.step)


def _see_to(schedules: "Schedules", site: Site, log: Log) -> None:
    for seen in schedules.step(site.opened(), site.clock()):
        if seen.error and not seen.is_missed:
            log.fault(f"schedule {seen.name}: {seen.error}")
        else:
            log.note(f"schedule {seen.name}: {seen.job or seen.error}")


def _work(steps: Sequence[Step], life: Life, log: Log) -> None:
    told: dict[str, float] = {}
    while not life.stopping.is_set():
        life.work.clear()
        for step in steps:
            try:
                step()
            except Exception as problem:
                _tell(problem, told, log)
        life.work.wait(PAUSE)


def _tell(problem: Exception, told: dict[str, float], log: Log) -> None:
    """Say what went wrong, unless it was said a moment ago."""
    failure = failure_of(problem)
    why = failure.message if failure is not None else f"{type(problem).__name__}: {problem}"
    if time.monotonic() - told.get(why, -QUIET) >= QUIET:
        told.clear()
        told[why] = time.monotonic()
        log.fault(f"in the background: {why}", None if failure is not None else problem)
