"""A prepared job in its share, looked at: the names of its segments, what its sessions say, its logs. Writes nothing,
and reads no segment."""

import tempfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from bep.lazy_dataclasses import dataclass, field
from bep.runner.errors import JobInvalid, NotShared, ShareRefused
from bep.runner.inputs import partitions
from bep.runner.segments import names
from bep.runner.shards import log_names, prepared, status
from bep.runner.shards.prepared import Prepared
from bep.runner.shards.showing import Overview, Settled, overview
from bep.runner.shards.status import ShardStatus
from bep.runner.shares.share import Share
from bep.runner.transfer.transfers import Board, Transfer
from bep.schemas.findings.did_you_mean import listed


class NotPrepared(JobInvalid):
    """A share does not have the prepared job that was asked for."""

    code = "NotPrepared"


def _looking() -> Board:
    return Board("looking at the share", ShareRefused)


@dataclass(frozen=True, slots=True)
class Shared:
    """The prepared job `name` in a share. `board` is told of what takes long. All raise `ShareRefused`."""

    share: Share
    name: str
    board: Board = field(default_factory=_looking)

    def place(self, name: str) -> str:
        """The name in the share of what has this one below the job's folder."""
        return f"{self.name}/{name}"

    def document(self) -> Prepared:
        """What was prepared. Raises `NotPrepared` where nothing was, or not to its end, `PreparedInvalid`."""
        try:
            content = self.share.read(self.place(prepared.DOCUMENT), 0, prepared.LONGEST + 1)
        except NotShared:
            raise NotPrepared(f"{self.share.address} has no prepared job {self.name}{self._others()}") from None
        return prepared.read(content, self.name, self.share.address)

    def _others(self) -> str:
        there = [name for name in self.share.folders("") if name != self.name]
        return f"; it has {listed(there)}" if there else ""

    def must_have(self, manifest: str) -> None:
        """Raise `NotPrepared` where the prepared job of that name has other items than those with this digest."""
        if self.document().manifest_digest != manifest:
            raise NotPrepared(f"the prepared job {self.name} in {self.share.address} is another one, of other inputs")

    def starts(self, document: Prepared) -> Sequence[int]:
        """The first items of the mini-batches."""
        if not document.settings.partition_keys:
            return range(0, document.counts.items, document.stride)
        with tempfile.TemporaryDirectory(prefix="bep-shards-") as scratch:
            file = Path(scratch) / prepared.PARTITIONS
            self.share.get(self.place(prepared.PARTITIONS), file)
            try:
                found = partitions.read(file).starts
            except ValueError as why:
                raise prepared.damaged(f"{self.place(prepared.PARTITIONS)} in {self.share.address}", why) from None
            if found[-1] >= document.counts.items:
                place = f"{self.place(prepared.PARTITIONS)} in {self.share.address}"
                raise prepared.damaged(place, "it has groups beyond the last item")
            return found

    def overview(self, starts: Sequence[int], items: int, now: datetime) -> Overview:
        """How far all shards are."""
        whole, _ = names.whole(self.segments())
        settled = [Settled(one.first, one.end, one.segment.failed) for one in names.cover(whole, items).chosen]
        return overview(items, starts, settled, self.sessions(), now)

    def segments(self) -> Mapping[str, int]:
        """The size of every file that stands where segments do, by its name."""
        return self.share.listed(self.place(names.FOLDER))

    def sessions(self) -> list[ShardStatus]:
        """What every session says of itself. What is no such document, or went away meanwhile, is passed over."""
        folder = self.place(status.FOLDER)
        listed = self.share.listed(folder).items()
        names = [name for name, size in listed if size <= status.LONGEST and status.parsed(name)]
        told = zip(names, self._read([f"{folder}/{name}" for name in names]), strict=True)
        found = ((name, status.read(content)) for name, content in told)
        return [one for name, one in found if one and status.name_of(one) == f"{status.FOLDER}/{name}"]

    def logs(self) -> Mapping[str, tuple[str, int]]:
        """Where each log stands in the share, and its size, by its name below a job's folder of logs."""
        folder = self.place(log_names.FOLDER)
        listed = sorted(self.share.listed(folder).items())
        named = ((log_names.local_name(name), f"{folder}/{name}", size) for name, size in listed)
        return {name: (place, size) for name, place, size in named if name is not None}

    def _read(self, names: Sequence[str]) -> list[bytes]:
        """What these files have, several read at a time; nothing of one that is gone."""

        def reading(name: str) -> Transfer:
            def work(transfer: Transfer) -> bytes:
                try:
                    return self.share.read(name, 0, status.LONGEST)
                except NotShared:
                    return b""

            return Transfer(work)

        transfers = [reading(name) for name in names]
        self.board.carry_out(transfers)
        return [one.result if isinstance(one.result, bytes) else b"" for one in transfers]
