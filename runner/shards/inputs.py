"""Inputs of a grant, brought to this machine before an engine is given it, and removed when it is published.

Several come at a time, each compared with its digest. The room that they take is that of the grants that are out.
"""

import os
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from math import inf
from pathlib import Path

from bep.disk.copying import digest
from bep.lazy_dataclasses import dataclass, field, replace
from bep.runner.shards.prepared import IN_PLACE, PreparedInvalid, content_name
from bep.runner.shards.taking import Range
from bep.runner.shares.share import Share
from bep.runner.span import Span
from bep.runner.transfer.transfers import AT_ONCE, Board, Transfer

ROOM = 1 << 30
"""Bytes that the inputs of one grant may take, where it has more than one call a worker."""

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
        return any(self.range.sources)

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
        for span in spans:
            for first in range(span.first, span.end, _TOGETHER):
                count = min(_TOGETHER, span.end - first)
                sources = [self.range.source(item) for item in range(first, first + count)]
                if any(source != IN_PLACE for source in sources):
                    names = self.range.listed.paths(first, count)
                    yield from ((n, s) for n, s in zip(names, sources, strict=True) if s != IN_PLACE)

    def _bring(self, name: str, source: bytes) -> None:
        target, sha256 = Path(name), source.hex()
        target.parent.mkdir(parents=True, exist_ok=True)
        content = f"{self.job}/{content_name(sha256)}"
        self.share.get(content, target)
        if digest(target) != sha256:
            target.unlink()
            raise PreparedInvalid(
                f"{content} in {self.share.address} has not the bytes that were uploaded as"
                f" {name.removeprefix(str(self.root))}\n"
                "    fix: remove that file, and prepare the job once more under the same name"
            )
        with self._lock:
            self.items += 1
            self.size += target.stat().st_size
