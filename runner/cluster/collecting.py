"""Brings what a cluster has scored into a job's own folder: segments become parts, their failures lines of its journal.

Each counts once, whatever is killed when: the failures are written first, then which segments a part is made of, and
the part is there when its own journal is, which gets its name last. Whoever goes on takes out the lines of what no part
has, and collects it again.
"""

import json
import shutil
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from math import inf
from pathlib import Path
from typing import Final

from bep.disk.durable import write_durably
from bep.lazy_dataclasses import dataclass, field, replace
from bep.runner.cluster.batches import Batches as Range
from bep.runner.cluster.batches import joined, without
from bep.runner.cluster.remaining import Lost, Piece
from bep.runner.errors import NotShared, SegmentDamaged
from bep.runner.events import Event, MiniBatchFailed
from bep.runner.folder import merged, parts
from bep.runner.folder.folder import JobFolder
from bep.runner.folder.journal import Failure, Journal
from bep.runner.inputs.manifest import Manifest
from bep.runner.segments import names
from bep.runner.segments.fetching import Taken
from bep.runner.segments.fetching import joined as joined_part
from bep.runner.segments.names import SegmentName
from bep.runner.segments.reading import Segment, verified
from bep.runner.shards.seen import Shared
from bep.runner.transfer.transfers import Board, Transfer
from bep.runner.verdicts import Ended, Verdict

_GOING: Final = "collecting"
_SEGMENTS: Final = ".segments"
_AT_ONCE: Final = 64  # segments of a round
_BYTES: Final = 64 << 20  # of a round: so much is on this disk beside the parts
_TOLD: Final = 1000  # failed attempts of which is told; the rest are in the journal


@dataclass(slots=True, eq=False)
class Collector:
    """Collects for one run of a job. `damaged` has why a segment does not count, by its name; `scored` and `failed` are
    items of what this run has collected.

    All is done in the thread that calls; several segments are fetched at a time.
    """

    shared: Shared
    folder: JobFolder
    listed: Manifest
    journal: Journal
    report: Callable[[Event], None]
    damaged: dict[SegmentName, str] = field(default_factory=dict)
    scored: int = 0
    failed: int = 0
    _there: set[Piece] = field(default_factory=set)
    _lost: set[Lost] = field(default_factory=set)
    _waiting: dict[Piece, None] = field(default_factory=dict)
    _ranges: list[Range] = field(default_factory=list)
    _told: int = 0

    def __post_init__(self) -> None:
        self._there = set(_collected(self.folder.parts))

    def is_there(self, piece: Piece) -> bool:
        """Whether a part has it."""
        return piece in self._there

    @property
    def ranges(self) -> tuple[Range, ...]:
        """The items of all that this run has collected."""
        return joined(self._ranges)

    @property
    def is_worth_it(self) -> bool:
        """Whether as much waits as goes into one part."""
        return len(self._waiting) >= _AT_ONCE or sum(one.segment.size for one in self._waiting) >= _BYTES

    def want(self, pieces: Iterable[Piece]) -> None:
        """These count: what is not here is to be collected."""
        self._waiting.update(dict.fromkeys(one for one in pieces if one not in self._there))

    def forget(self, ranges: Sequence[Range]) -> None:
        """Take out of the journal what a run that was killed has noted of items of which it made no part."""
        self.journal.forget(lambda failure: any(first <= failure.first < end for first, end in ranges))

    def collect(self, board: Board) -> None:
        """Make parts of all that waits. Raises `ShareRefused`, `Cancelled`, `OSError`: the next time goes on."""
        going = self.folder.path / _GOING
        try:
            while self._waiting:
                shutil.rmtree(going, ignore_errors=True)
                going.mkdir()
                wanted = tuple(self._round())
                for node, taken in self._fetched(wanted, going, board).items():
                    self._keep(node, taken)
                for one in wanted:
                    del self._waiting[one]
        finally:
            shutil.rmtree(going, ignore_errors=True)

    def give_up(self, lost: Iterable[Lost]) -> None:
        """Note the calls that were lost with their nodes, once each."""
        for one in sorted(set(lost) - self._lost, key=lambda one: one.call.first):
            self._lost.add(one)
            if not without([Range(one.call.first, one.call.end)], self._ranges):
                continue  # somebody scored it after all
            self._ranges.append(Range(one.call.first, one.call.end))
            self.failed += one.call.count
            nodes = (
                "the node that scored it was" if one.losses == 1 else f"each of {one.losses} nodes that scored it was"
            )
            self._fail(
                Failure(
                    one.call.first,
                    one.call.count,
                    one.losses,
                    "NodeLost",
                    f"{nodes} lost; the last one: {one.why}",
                    "",
                    "",
                    ended=time.time(),
                    how=Ended.CUT.value,
                    verdict=Verdict.GIVEN_UP.value,
                )
            )
        self.journal.settle()

    def remove_damaged(self) -> None:
        """Take what is damaged out of the share: where it is gone, its range is scored again. Raises
        `ShareRefused`."""
        for name in self.damaged:
            self.shared.share.remove(self.shared.place(f"{names.FOLDER}/{name.text}"))

    def _round(self) -> Iterator[Piece]:
        size = 0
        for number, one in enumerate(self._waiting):
            size += one.segment.size
            if number and (number >= _AT_ONCE or size > _BYTES):
                return
            yield one

    def _fetched(self, wanted: Iterable[Piece], going: Path, board: Board) -> dict[str, list[tuple[Piece, Segment]]]:
        """What of it is whole, by the node that scored it, in the order of the items."""
        ranges: dict[SegmentName, list[Piece]] = {}
        for one in wanted:
            ranges.setdefault(one.segment, []).append(one)
        transfers = {name: self._transfer(name, pieces, going) for name, pieces in ranges.items()}
        replace(board, stall=inf).carry_out(list(transfers.values()))  # a share gives up by itself
        found: dict[str, list[tuple[Piece, Segment]]] = {}
        for name, transfer in transfers.items():
            if isinstance(transfer.result, Segment):
                of_node = found.setdefault(transfer.result.head.node, [])
                of_node += [(piece, transfer.result) for piece in ranges[name]]
        return {node: sorted(taken, key=lambda one: one[0].first) for node, taken in sorted(found.items())}

    def _transfer(self, name: SegmentName, pieces: Collection[Piece], going: Path) -> Transfer:
        def work(transfer: Transfer) -> Segment | None:
            file = going / name.text
            place = self.shared.place(f"{names.FOLDER}/{name.text}")
            try:
                self.shared.share.get(place, file)
                with suppress(SegmentDamaged):
                    return _checked(verified(file, name, self.listed.digest), pieces)
                transfer.check()
                self.shared.share.get(place, file)  # it may have been damaged on its way
                return _checked(verified(file, name, self.listed.digest), pieces)
            except (SegmentDamaged, NotShared) as why:
                self.damaged[name] = str(why)
                return None
            finally:
                transfer.rising = name.size

        return Transfer(work, size=name.size)

    def _keep(self, node: str, taken: Sequence[tuple[Piece, Segment]]) -> None:
        """Make one part of what a node has scored."""
        for piece, segment in taken:
            good = sum(record.good for record in segment.records(piece.first, piece.end))
            self.scored += good
            self.failed += piece.end - piece.first - good
            for failure in segment.failures(piece.first, piece.end):
                self._fail(failure)
        self.journal.settle()
        number = parts.next_number(self.folder.parts)
        merged.write(self.folder.parts, {**merged.nodes(self.folder.parts), number: node})
        pieces = [(piece.segment.text, piece.first, piece.end) for piece, _ in taken]
        write_durably(_list_of(self.folder.parts, number), json.dumps(pieces).encode())
        ranges = (Taken(segment, piece.first, piece.end) for piece, segment in taken)
        joined_part(ranges, self.folder.parts, number)
        self._there.update(piece for piece, _ in taken)
        self._ranges += [Range(piece.first, piece.end) for piece, _ in taken]
        for path in {segment.path for _, segment in taken}:
            path.unlink(missing_ok=True)

    def _fail(self, failure: Failure) -> None:
        self.journal.append(failure)
        self._told += 1
        if self._told > _TOLD:
            return
        self.report(
            MiniBatchFailed(
                first=failure.first,
                files=self.listed.names(failure.first, failure.count),
                attempt=failure.attempt,
                will_retry=failure.verdict == Verdict.RETRY.value,
                error_type=failure.type,
                message=failure.message,
                traceback=failure.traceback,
                log=failure.log,
                is_split=failure.verdict == Verdict.SPLIT.value,
            )
        )


def _checked(segment: Segment, pieces: Collection[Piece]) -> Segment:
    """The same. Raises `SegmentDamaged` where a call goes on beyond a range that is to be taken."""
    for piece in pieces:
        if any(one.first + one.items > piece.end for one in segment.records(piece.first, piece.end)):
            raise SegmentDamaged(segment.path.name, f"it has a call that goes on beyond item {piece.end}")
    return segment


def _list_of(folder: Path, number: int) -> Path:
    return parts.path(folder, number).with_suffix(_SEGMENTS)


def _collected(folder: Path) -> Iterator[Piece]:
    """What the parts in a folder are made of. A list without its part, whose writer was killed, says nothing."""
    for number in parts.numbers(folder):
        with suppress(OSError, ValueError, TypeError, RecursionError):
            for text, first, end in json.loads(_list_of(folder, number).read_bytes()):
                if (name := names.parsed(text)) is not None:
                    yield Piece(name, int(first), int(end))
