"""Inputs of a grant, brought to this machine before an engine is given it, and removed when it is published.

Several come at a time, each compared with its digest. The room that they take is that of the grants that are out.
"""

import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from math import inf
from pathlib import Path

from bep.lazy_dataclasses import dataclass, field, replace
from bep.runner.errors import Cancelled, ShareRefused
from bep.runner.shards.fetching import fetch
from bep.runner.shards.prepared import IN_PLACE
from bep.runner.shards.taking import Range
from bep.runner.shares.share import Share
from bep.runner.span import Span
from bep.runner.transfer.transfers import AT_ONCE, Board, Transfer

ROOM = 1 << 30
"""Bytes that the inputs of one grant may take, where it has more than one call a worker."""

_PAUSE = 1.0  # seconds before the share is asked again, doubled each time
_LONGEST_PAUSE = 30.0
_TOGETHER = 4096  # items whose names are read at once


@dataclass(slots=True, eq=False)
class Inputs:
    """What a range needs of the share of its job, whose name is `job`. `root` is the folder that copies are in.

    `items` and `size` (bytes) are of what was fetched so far. Any thread may remove; one fetches.
    """

    share: Share
    job: str
    range: Range
    root: Path
    items: int = 0
    size: int = 0
    _held: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def are_fetched(self) -> bool:
        """Whether any item of the range has to be."""
        return self.range.has_copies

    @property
    def most(self) -> int:
        """How many items a grant may have, so that their copies have room; any number before one was fetched."""
        return max(1, ROOM * self.items // self.size) if self.size else 1 << 40

    def hold(self, spans: Iterable[Span]) -> None:
        """Keep the copies of these inputs, once they are here, until they are removed as often as they were held."""
        with self._lock:
            self._held.update(name for name, _ in self._copies(spans))

    def fetch(self, spans: Iterable[Span], board: Board) -> None:
        """Bring the inputs of these spans here, as far as they are not. Raises `PreparedInvalid` for bytes that are not
        those that were uploaded, `ShareRefused`, `NotShared`, `Cancelled` when the board says so, `OSError`.
        """
        spans = tuple(spans)
        wanted = self._copies(spans)
        lock, lanes = threading.Lock(), min(AT_ONCE, sum(span.count for span in spans))

        def lane(transfer: Transfer) -> None:
            while True:
                with lock:
                    one = next(wanted, None)
                if one is None:
                    return
                transfer.check()
                if not os.path.lexists(one[0]):
                    self._bring(*one)

        replace(board, stall=inf).carry_out([Transfer(lane) for _ in range(lanes)])

    def fetch_patiently(self, spans: Sequence[Span], board: Board, patience: float, say: Callable[[str], None]) -> None:
        """The same, again and again while the share refuses, for so many seconds; `say` is told each time."""
        until, pause = time.monotonic() + patience, _PAUSE
        while True:
            try:
                return self.fetch(spans, board)
            except ShareRefused as error:
                if time.monotonic() + pause > until:
                    raise
                say(str(error))
            if board.cancel.wait(pause):
                raise Cancelled
            pause = min(2 * pause, _LONGEST_PAUSE)

    def remove(self, spans: Iterable[Span]) -> None:
        """Remove the copies of a grant's inputs, but those that another grant has, too."""
        for name, _ in self._copies(spans):
            with self._lock:
                self._held[name] -= 1
                if self._held[name] > 0:
                    continue
                del self._held[name]
                with suppress(OSError):
                    os.unlink(name)  # noqa: PTH108 - a name need not be text

    def _copies(self, spans: Iterable[Span]) -> Iterator[tuple[str, bytes]]:
        for span in spans if self.are_fetched else ():
            for first in range(span.first, span.end, _TOGETHER):
                count = min(_TOGETHER, span.end - first)
                sources = [self.range.source(item) for item in range(first, first + count)]
                if any(source != IN_PLACE for source in sources):
                    names = self.range.listed.paths(first, count)
                    yield from ((n, s) for n, s in zip(names, sources, strict=True) if s != IN_PLACE)

    def _bring(self, name: str, source: bytes) -> None:
        target = Path(name)
        fetch(self.share, self.job, source.hex(), target, name.removeprefix(str(self.root)))
        with self._lock:
            self.items += 1
            self.size += target.stat().st_size
