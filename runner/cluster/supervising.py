"""Watches one session of a driver to its end: whether it lives, whether it hears, and what is said where it does not.

Knows no item and no segment: whoever has the session hears what the driver tells, after each look.
"""

import threading
import time
from collections.abc import Callable
from typing import Final

from bep.lazy_dataclasses import dataclass, field
from bep.runner.cluster import telling
from bep.runner.cluster.following import Follower
from bep.runner.cluster.starting import Driver
from bep.runner.cluster.telling import Driving, State
from bep.runner.errors import ClusterRefused, ShareRefused
from bep.runner.folder.record import JobError

_FIX: Final = "resume the job: what was scored is kept, and it goes on from there"
_ASKED: Final = 5.0  # seconds between two questions to whoever runs the driver
_CANCELLING: Final = 0.2  # seconds between two looks while it is asked to stop


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: for which a driver may say nothing, may take to say its first word, may be deaf to a cancel, may take to
    end when it has heard it, for which the share may refuse, and for which it may go on after its last word."""

    silence: float = 90.0
    start: float = 300.0
    deaf: float = 15.0
    ending: float = 120.0
    share: float = 600.0
    leaving: float = 10.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a session ended: what it said last, and why it failed, or that somebody asked for its end."""

    told: Driving | None
    error: JobError | None = None
    is_cancelled: bool = False


@dataclass(slots=True, eq=False)
class Supervision:
    """`hear` is told what the driver says after each look, in the thread that calls `run`."""

    driver: Driver
    follower: Follower
    cancel: threading.Event
    hear: Callable[[Driving | None], None]
    patience: Patience = field(default_factory=Patience)
    _marked: float | None = None
    _asked: float = float("-inf")
    _refusal: str = ""

    def run(self) -> Outcome:
        """Return when the session is over, or is taken for over: then no agent of it lives, as far as can be helped. A
        driver that has said its last word may still be leaving the cluster."""
        while True:
            told = self.follower.look()
            self.hear(told)
            outcome = self._outcome(told)
            if outcome is not None:
                return outcome
            if self.cancel.is_set():
                self._mark()
                time.sleep(_CANCELLING)
            else:
                self.cancel.wait(self.follower.pause)

    def _outcome(self, told: Driving | None) -> Outcome | None:
        if told is not None and told.state.is_end:
            return self._at_end(told)
        if how := self._ended():
            return self._gone(how)
        if self._marked is not None:
            has_heard = told is not None and told.state is State.ENDING
            if time.monotonic() - self._marked > (self.patience.ending if has_heard else self.patience.deaf):
                return self._stopped(None)
        if self.follower.refused_for > self.patience.share and self.follower.refusal is not None:
            refusal = self.follower.refusal
            return self._stopped(JobError(code=refusal.code, message=str(refusal), fix=_FIX))
        allowed = self.patience.silence + (0.0 if told is not None else self.patience.start)
        return self._stopped(self._silent()) if self.follower.silent > allowed else None

    def _at_end(self, told: Driving) -> Outcome:
        """It has said its last word, and leaves the cluster now."""
        if told.state is State.CANCELLED:
            return Outcome(told, is_cancelled=True)
        if told.state is State.DONE:
            return Outcome(told)
        unsaid = JobError(
            code="DriverFailed", message="the driver in the cluster failed, and does not say why", fix=_FIX
        )
        return Outcome(told, told.error or unsaid)

    def _ended(self) -> str:
        """How the driver ended; asked for now and then, for that may be a question to a busy machine."""
        if time.monotonic() - self._asked < (_CANCELLING if self._marked is not None else _ASKED):
            return ""
        try:
            how, self._refusal = self.driver.ended(), ""
        except ClusterRefused as error:
            how, self._refusal = "", str(error)
        self._asked = time.monotonic()
        return how

    def _gone(self, how: str) -> Outcome:
        """It does not live: what it said last may have come since the last look."""
        told = self.follower.look()
        self.hear(told)
        if told is not None and told.state.is_end:
            return self._at_end(told)
        if self._marked is not None:
            return Outcome(told, is_cancelled=True)
        message = f"the driver in the cluster is gone without a last word: {how}"
        return Outcome(told, JobError(code="DriverLost", message=message, fix=_FIX))

    def _silent(self) -> JobError:
        reached = f"; {self._refusal}" if self._refusal else ""
        message = f"the driver in the cluster has said nothing for {self.follower.silent:.0f} s{reached}"
        return JobError(code="DriverLost", message=message, fix=_FIX)

    def _stopped(self, error: JobError | None) -> Outcome:
        """End it, as it does not by itself."""
        self._stop()
        told = self.follower.look()
        self.hear(told)
        if told is not None and told.state is State.DONE:
            return Outcome(told)
        return Outcome(told, error, is_cancelled=error is None)

    def _stop(self) -> None:
        try:
            self.driver.stop()
        except ClusterRefused as error:
            self._refusal = str(error)

    def _mark(self) -> None:
        """Ask it to stop, by the one way that needs nothing but the share."""
        if self._marked is not None:
            return
        follower = self.follower
        try:
            follower.share.put(telling.cancel_place(follower.job, follower.session), b"")
        except ShareRefused:
            return  # it is tried again
        self._marked = time.monotonic()
