"""Drift, looked for beside the pages: a world may take its time, and no page waits for that. Decides nothing."""

from collections.abc import Sequence
from datetime import datetime
from threading import Lock, Thread
from typing import TYPE_CHECKING, Final

from fastapi import Request

from bep.app.failures import failure_of
from bep.app.overviews.drift import Drifted, drift_of
from bep.command_words import said
from bep.lazy_dataclasses import dataclass

if TYPE_CHECKING:
    from bep.server.site import Site

FRESH: Final = 60.0
"""Seconds for which an answer is not asked for again."""
WAIT: Final = 0.25
"""Seconds that a page waits for the first answer: a world on this machine has given it by then."""


@dataclass(frozen=True)
class Seen:
    """What was found, and when; `problem` says why nothing could be."""

    at: datetime
    drifted: Sequence[Drifted] = ()
    problem: str = ""


class DriftWatch:
    """The last look, and the one that is under way."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._seen: Seen | None = None
        self._looking: Thread | None = None

    def last(self, site: "Site") -> Seen | None:
        """What is known, looking anew where that is old; None where nothing is known yet."""
        with self._lock:
            now = site.clock()
            is_old = self._seen is None or (now - self._seen.at).total_seconds() > FRESH
            if is_old and (self._looking is None or not self._looking.is_alive()):
                self._looking = Thread(target=self._look, args=(site,), daemon=True)
                self._looking.start()
            looking = self._looking if self._seen is None else None
        if looking is not None:
            looking.join(WAIT)
        return self._seen

    def forget(self) -> None:
        """What was found is not true any more."""
        self._seen = None

    def _look(self, site: "Site") -> None:
        at = site.clock()
        try:
            self._seen = Seen(at, drift_of(site.opened()))
        except Exception as problem:
            failure = failure_of(problem)
            if failure is None:
                raise
            self._seen = Seen(at, problem=said(failure.message, failure.next))


def watch_of(request: Request) -> DriftWatch:
    """The one of this server."""
    state = request.app.state
    if not hasattr(state, "drift_watch"):
        state.drift_watch = DriftWatch()
    found: DriftWatch = state.drift_watch
    return found
