"""What earlier runs of a job have left in the cluster and its share: drivers that may live, and what nobody collected.

A job whose process was killed has a driver that ends with it, or one that goes on in the cluster for nobody.
"""

import time
from collections.abc import Callable, Sequence
from typing import Final

from bep.lazy_dataclasses import dataclass
from bep.runner.cluster import claims, telling
from bep.runner.cluster.batches import Batches as Range
from bep.runner.cluster.batches import joined
from bep.runner.cluster.begun import Session
from bep.runner.cluster.collecting import Collector
from bep.runner.cluster.journal import read_all
from bep.runner.cluster.orders import Order
from bep.runner.cluster.remaining import Lost, Piece, harvest_of
from bep.runner.cluster.rest import Dashboard
from bep.runner.errors import Cancelled, JobBusy, NotShared
from bep.runner.shares.share import Share
from bep.runner.transfer.transfers import Board

_LOOK: Final = 0.5  # seconds
_STILL: Final = 4 * claims.EVERY  # seconds in which a driver that lives has written its claim
_HEARS: Final = 60.0  # seconds that one gets to end, when it is asked to


@dataclass(frozen=True, slots=True)
class Earlier:
    """The drivers of a job that may live. `dashboard` asks for those that the cluster has, where it can be asked."""

    share: Share
    job: str
    dashboard: Callable[[], Dashboard]

    def end(self, sessions: Sequence[Session], board: Board) -> None:
        """Return when none of them lives. Raises `JobBusy` where one does not end, `ClusterRefused` and `ShareRefused`
        where nobody can tell, `Cancelled`."""
        for session in sessions:
            if not self._is_over(session):
                self.share.put(telling.cancel_place(self.job, session.name), b"")
                self._wait(session, board)
            claims.removed(self.share, self.job, session.name)

    def _is_over(self, session: Session) -> bool:
        """Whether it has said its last word, or the cluster says that it has none such any more."""
        try:
            told = telling.read(self.share.read(telling.place_of(self.job, session.name)))
        except NotShared:
            told = None
        if told is not None and told.state.is_end:
            return True
        if not session.submission:
            return False
        status = self.dashboard().status(session.submission)
        return status is None or status.has_ended

    def _wait(self, session: Session, board: Board) -> None:
        began = changed = time.monotonic()
        beat = claims.beat_of(self.share, self.job, session.name)
        while not self._is_over(session):
            if board.cancel.wait(_LOOK):
                raise Cancelled
            now, found = time.monotonic(), claims.beat_of(self.share, self.job, session.name)
            if found != beat:
                beat, changed = found, now
            if not session.submission and now - changed > _STILL:
                return  # it is dead: one that lives writes its claim
            if now - began > _HEARS:
                self._must_stop(session)
                return

    def _must_stop(self, session: Session) -> None:
        if session.submission:
            self.dashboard().stop(session.submission)
            return
        raise JobBusy(
            f"a driver of an earlier run of {self.job} still scores it and does not end (session {session.name})\n"
            "    fix: end that process, which runs bep.runner.cluster.main, then resume the job"
        )


def adopt(collector: Collector, found: Sequence[Order], board: Board) -> tuple[Range, ...]:
    """Collect what was committed of these orders and is in no part yet; the items of all that, collected or not.

    Raises `ShareRefused`, `Cancelled`, `OSError`.
    """
    shared = collector.shared
    pieces: list[Piece] = []
    lost: list[Lost] = []
    for order in found:
        committed = read_all(shared.share, shared.name, order.prepared.manifest_digest, order.number)
        harvest = harvest_of(committed, order.calls)
        pieces += [piece for piece in harvest.pieces if not collector.is_there(piece)]
        lost += harvest.lost
    calls = (Range(one.call.first, one.call.end) for one in lost)
    ranges = joined([*(Range(one.first, one.end) for one in pieces), *calls])
    collector.forget(ranges)
    collector.want(pieces)
    collector.collect(board)
    collector.give_up(lost)
    return ranges
