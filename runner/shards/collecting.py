"""Fetches the segments that count into a folder of this machine: each range verified, and a part, or not there at all.

A kill leaves whole ranges, which are not fetched again, and things that nobody takes for one. Knows no job's folder.
"""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from math import inf
from pathlib import Path
from typing import Final

from bep.disk.durable import replacing
from bep.lazy_dataclasses import dataclass, field, replace
from bep.runner.errors import NotShared, SegmentDamaged
from bep.runner.folder import parts
from bep.runner.folder.journal import TRACEBACKS, Failure, line_of, parsed
from bep.runner.segments import names
from bep.runner.segments.fetching import as_part
from bep.runner.segments.format import BEGINNING, head_of, header_length
from bep.runner.segments.names import Chosen, Cover, SegmentName
from bep.runner.segments.reading import Segment, verified
from bep.runner.shards.seen import Shared
from bep.runner.transfer.transfers import Board, Transfer

_FAILURES: Final = "failures"
_NODE: Final = "node"


@dataclass(frozen=True, slots=True)
class Collected:
    """What came of it. `cover` says what counts and what is missing, `warnings` what is there and does not count, and
    `ruined` are those of it that nobody will ever be able to use."""

    cover: Cover
    warnings: tuple[str, ...] = ()
    ruined: tuple[SegmentName, ...] = ()


@dataclass(slots=True)
class Collection:
    """The ranges of the prepared job `shared` below `folder`; `manifest` is the digest of the job's items."""

    shared: Shared
    folder: Path
    items: int
    manifest: str
    board: Board
    _damaged: dict[SegmentName, str] = field(default_factory=dict)

    def collect(self) -> Collected:
        """Fetch what counts. Nothing is fetched where something is missing from the beginning.

        A damaged segment is fetched once more, then it does not count: another attempt of its range does. Raises
        `ShareRefused`, `Cancelled`, `OSError`; what was fetched stays for the next time.
        """
        there, torn = names.whole(self.shared.segments())
        while True:
            cover = names.cover((name for name in there if name not in self._damaged), self.items)
            if cover.missing or not self._fetch(cover.chosen):
                break
        told = [f"{one.name.text} has {one.found} bytes instead of {one.name.size}, and does not count" for one in torn]
        told += [f"{why}, and does not count" for why in self._damaged.values()]
        return Collected(cover, tuple(told), tuple(self._damaged))

    def _fetch(self, chosen: Sequence[Chosen]) -> bool:
        """Fetch what is not there yet; whether anything of it was damaged."""
        before = len(self._damaged)
        self.folder.mkdir(parents=True, exist_ok=True)
        wanted: dict[SegmentName, list[Chosen]] = {}
        for one in chosen:
            if not self._is_there(one):
                wanted.setdefault(one.segment, []).append(one)
        transfers = [self._transfer(name, ranges) for name, ranges in wanted.items()]
        replace(self.board, stall=inf).carry_out(transfers)  # a share gives up by itself
        return len(self._damaged) > before

    def _transfer(self, name: SegmentName, ranges: Sequence[Chosen]) -> Transfer:
        def work(transfer: Transfer) -> None:
            file = self.folder / name.text
            try:
                segment = self._verified(name, file)
                transfer.check()
                for one in ranges:
                    self._keep(segment, one)
            except (SegmentDamaged, NotShared) as why:
                self._damaged[name] = str(why)
            finally:
                file.unlink(missing_ok=True)
            transfer.rising = name.size

        return Transfer(work, size=name.size)

    def _verified(self, name: SegmentName, file: Path) -> Segment:
        place = self.shared.place(f"{names.FOLDER}/{name.text}")
        self.shared.share.get(place, file)
        with suppress(SegmentDamaged):
            return verified(file, name, self.manifest)
        self.shared.share.get(place, file)  # it may have been damaged on its way
        return verified(file, name, self.manifest)

    def _keep(self, segment: Segment, one: Chosen) -> None:
        place = self._place(one)
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        with replacing(place / _FAILURES) as file:
            file.writelines(map(line_of, segment.failures(one.first, one.end)))
        (place / _NODE).write_text(segment.head.node)
        as_part(segment, one.first, one.end, place, 0)

    def _is_there(self, one: Chosen) -> bool:
        return parts.path(self._place(one), 0).with_suffix(".journal").exists()

    def _place(self, one: Chosen) -> Path:
        return self.folder / f"{one.first:012d}-{one.end:012d}.{one.segment.session}.{one.segment.attempt}"

    def failures(self, chosen: Sequence[Chosen]) -> Iterator[Failure]:
        """The failed attempts of what was collected, in the order of the ranges; so many tracebacks as a job keeps."""
        kept = 0
        for one in chosen:
            with (self._place(one) / _FAILURES).open("rb") as file:
                for failure in map(parsed, file):
                    if failure is not None:
                        kept += 1
                        yield failure if kept <= TRACEBACKS else replace(failure, traceback="")

    def lay_out(self, chosen: Sequence[Chosen], target: Path) -> dict[int, str]:
        """Give what was collected the names of parts in `target`, in the order of the ranges; the node of each."""
        nodes = {}
        for number, one in enumerate(chosen):
            place = self._place(one)
            nodes[number] = (place / _NODE).read_text()
            for ending in (".journal", ".columns", ".rows"):  # without a journal nobody takes it for whole
                with suppress(FileNotFoundError):
                    parts.path(place, 0).with_suffix(ending).replace(parts.path(target, number).with_suffix(ending))
        return nodes


def is_ruined(beginning: bytes, manifest: str) -> bool:
    """Whether a damaged segment, by its first bytes, is one of this job that no version of bep can read: then its range
    has to be scored again, which nobody does while it is there."""
    try:
        length = header_length(beginning[: BEGINNING.size])
        head = head_of(beginning[: BEGINNING.size], beginning[BEGINNING.size : BEGINNING.size + length])
    except ValueError as why:
        return "has format" not in str(why)
    return head.manifest == manifest
