"""Brings a job into the share of its cluster, and writes down what a driver is to score of it: the order, last of all.

A kill before that leaves content that the next run finds by its digest. No value of a secret variable gets there.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import bep
from bep.disk.copying import digest
from bep.lazy_dataclasses import dataclass
from bep.runner.cluster import orders
from bep.runner.cluster.orders import Order
from bep.runner.cluster.remaining import ranges_of
from bep.runner.errors import JobInvalid, NotShared
from bep.runner.folder.folder import JobFolder
from bep.runner.folder.record import Counts, JobRecord
from bep.runner.inputs.manifest import Manifest
from bep.runner.request import JobRequest, RayCluster, ScoringTarget
from bep.runner.shards import prepared as document
from bep.runner.shards.contents import Contents
from bep.runner.shards.prepared import Content, Prepared, PreparedEnvironment, PreparedTarget, Uploads
from bep.runner.shards.uploading import File, Inputs, must_go_on, put_lists, upload_files
from bep.runner.shares.share import Share
from bep.runner.span import Span
from bep.runner.transfer.transfers import Board
from bep.schemas.secrets.recognising import secret_names

_OWN: Final = ("__pycache__",)


def secret_variables(target: ScoringTarget) -> tuple[str, ...]:
    """The names of variables whose values the share must not have: those that are secret, and those that look so."""
    return tuple(sorted({*target.secret_variables, *secret_names(target.environment_variables)}))


def earlier_orders(share: Share, record: JobRecord) -> tuple[Order, ...]:
    """The orders of the runs before this one, in their order. Raises `JobInvalid` where the share has another job of
    this name, `ShareRefused`."""
    name, address = record.name, share.address
    found = share.listed(f"{name}/{orders.FOLDER}")
    numbers = sorted(int(at.removesuffix(".json")) for at in found if at.removesuffix(".json").isdecimal())
    there = tuple(orders.read(share, name, number) for number in numbers)
    own = (record.created, record.manifest_digest)
    is_own = all((one.prepared.created, one.prepared.manifest_digest) == own for one in there)
    if not is_own or any(number >= record.runs for number in numbers) or _is_prepared(share, name):
        raise JobInvalid(
            f"{address} has a job {name} already, which is not this workspace's\n"
            f"    fix: choose another name, or remove the folder {name} there"
        )
    return there


def _is_prepared(share: Share, name: str) -> bool:
    try:
        share.read(f"{name}/{document.DOCUMENT}", 0, 1)
    except NotShared:
        return False
    return True


@dataclass(frozen=True)
class Ordering:
    """One run of a job that is to be scored by a cluster. `files` are those of its environment, where they are known,
    and `last` is the order of the run before."""

    request: JobRequest
    cluster: RayCluster
    record: JobRecord
    folder: JobFolder
    listed: Manifest
    share: Share
    board: Board
    files: Mapping[str, File]
    last: Order | None = None

    def put(self, spans: tuple[Span, ...], failed_before: int) -> Order:
        """Upload what is not there, and order these calls. Raises `InputsInvalid` and `StoredBytesDamaged` for what
        cannot be read, `ShareRefused`, `Cancelled`, `OSError`."""
        name = self.record.name
        contents = Contents(self.share, name)
        target = self._target(contents)
        sources = self.folder.path / document.SOURCES
        folders = [self.share.root] if self.share.root else []
        uploads = Inputs(self.listed, folders, ranges=ranges_of(spans)).upload(sources, contents, self.board)
        sources_digest = digest(sources)
        put_lists(self.share, name, self.folder, sources, is_wanted=self._is_wanted)
        sources.unlink()
        order = Order(
            number=self.record.runs,
            prepared=self._prepared(target, sources_digest, uploads),
            cluster=self.cluster,
            spans=tuple((span.first, span.count, span.size) for span in spans),
            failed_before=failed_before,
        )
        must_go_on(self.board)
        orders.put(self.share, order)
        return order

    def _is_wanted(self, at: str, _: Path) -> bool:
        """An order comes after the lists, so they are there; but each has sources of its own."""
        must_go_on(self.board)
        is_meant = at != document.PARTITIONS or bool(self.record.settings.partition_keys)
        return is_meant and (self.last is None or at == document.SOURCES)

    def _target(self, contents: Contents) -> PreparedTarget:
        target = self.request.target
        code = target.code_directory
        wanted = {
            "model": dict(_below(target.model_directory)) if target.model_directory else {},
            "code": dict(_below(code)) if code else {},
            "environment": self.files,
        }
        found = upload_files(wanted, contents, self.board)
        environment = self._environment(found["environment"])
        return document.target_of(target, found, environment, secret_variables(target), has_code=code is not None)

    def _environment(self, files: dict[str, Content]) -> PreparedEnvironment:
        """Its files are those of the last order where nobody has them any more: a record keeps no files."""
        made = PreparedEnvironment(
            label=self.request.target.environment, world=self.cluster.world, asks=self.cluster.asks, files=files
        )
        before = self.last.prepared.target.environment if self.last else None
        is_same = before is not None and (before.world, before.asks) == (made.world, made.asks)
        return before if before and is_same and not files else made

    def _prepared(self, target: PreparedTarget, sources_digest: str, uploads: Uploads) -> Prepared:
        return document.of_record(
            self.record,
            self.listed,
            target,
            counts=Counts(items=self.listed.items, mini_batches=len(self.listed.starts)),
            sources_digest=sources_digest,
            uploads=uploads,
            bep_version=bep.__version__,
        )


def _below(folder: Path) -> Iterator[tuple[str, File]]:
    """Every file below a folder, by its relative name; a link to a folder is one, unless it leads back."""
    waiting, seen = [(os.fspath(folder), "")], set[str]()
    while waiting:
        place, before = waiting.pop()
        if (real := os.path.realpath(place)) in seen:
            continue
        seen.add(real)
        with os.scandir(place) as entries:
            for entry in sorted(entries, key=lambda one: one.name):
                if entry.is_dir() and entry.name not in _OWN:
                    waiting.append((entry.path, f"{before}{entry.name}/"))
                elif entry.is_file():
                    yield before + entry.name, (os.fsencode(entry.path), None)
