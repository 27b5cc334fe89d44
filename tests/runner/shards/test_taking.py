"""What a session takes of a prepared job: names and inputs of its range alone, compared with what was uploaded."""

import hashlib
import json
import os
from pathlib import Path

import pytest

from bep.runner.folder.folder import JobFolder
from bep.runner.inputs import manifest, partitions
from bep.runner.inputs.manifest import Manifest
from bep.runner.segments.names import SegmentName
from bep.runner.shards.inputs import Inputs
from bep.runner.shards.prepared import (
    IN_PLACE,
    Prepared,
    PreparedEnvironment,
    PreparedInvalid,
    PreparedTarget,
    content_name,
)
from bep.runner.shards.scratch import scratch
from bep.runner.shards.session import Session, look
from bep.runner.shards.taking import _all_absolute, starts_of, taken
from bep.runner.shares.share import Share, share_at
from bep.runner.span import Span
from bep.runner.transfer.transfers import Board

NAMES = [b"/data/a", b"/data/new\nline", b"/data/\xff", b"/in place/d", b"/data/a", b"/data/e", b"/data/f"]
UPLOADED = [name if not name.startswith(b"/in") else None for name in NAMES]


def prepare(root: Path, sizes: list[int] | None = None) -> tuple[Share, Prepared]:
    """A share with seven items in mini-batches of two, or of these sizes by key."""
    (root / "share").mkdir()
    share, folder = share_at("share", root), JobFolder(root / "job")
    folder.make()
    groups = None
    if sizes:
        rest = iter(NAMES)
        files: dict[tuple[str, ...], list[bytes]] = {
            (str(day),): [next(rest) for _ in range(size)] for day, size in enumerate(sizes)
        }
        groups = partitions.write(folder.partitions, partitions.Groups(["day"], files))
        share.put("job/manifest.partitions", folder.partitions)
    listed: Manifest = manifest.write(folder, NAMES, 1 if sizes else 2, groups)
    sources = b""
    for content in UPLOADED:
        digest = hashlib.sha256(content).digest() if content else IN_PLACE
        sources += digest
        if content:
            share.put(f"job/{content_name(digest.hex())}", content)
    for name, held in (("manifest", folder.manifest), ("manifest.index", folder.index)):
        share.put(f"job/{name}", held)
    share.put("job/manifest.sources", sources)
    target = PreparedTarget(
        endpoint="e", deployment="d", deployment_digest="", model={}, environment=PreparedEnvironment(label="")
    )
    told = {
        "name": "job", "created": "2026-11-27T12:00:00Z", "target": target.model_dump(mode="json"),
        "settings": {"mini_batch_size": 2, "partition_keys": ["day"] if sizes else []}, "inputs": ["/data"],
        "counts": {"items": 7}, "manifest_digest": listed.digest, "sources_digest": "0" * 64, "stride": listed.stride,
    }  # fmt: skip
    return share, Prepared.model_validate(told)


def session(root: Path, shard: int, shards: int, sizes: list[int] | None = None) -> tuple[Session, JobFolder]:
    share, prepared = prepare(root, sizes)
    folder = JobFolder(root / "here")
    folder.make()
    return Session(share, prepared, shard, shards, "0a1b2c3d", starts_of(share, prepared, folder)), folder


def test_a_range_has_its_own_names_those_that_were_uploaded_below_a_folder(tmp_path: Path) -> None:
    ours, folder = session(tmp_path, 1, 2)
    assert (ours.items, ours.ahead) == ((4, 7), 2)
    here = taken(ours.share, ours.prepared, ours.starts, ours.items, folder, folder.inputs)
    root = str(folder.inputs)
    assert here.listed.paths(0, 3) == (f"{root}/data/a", f"{root}/data/e", f"{root}/data/f")
    assert here.listed.names(0, 1) == ("/data/a",)
    whole = taken(ours.share, ours.prepared, ours.starts, (0, 7), folder, folder.inputs)
    assert [os.fsencode(name) for name in whole.listed.paths(2, 2)] == [
        os.fsencode(root) + b"/data/\xff",
        b"/in place/d",
    ]
    whole.listed.verify()


def test_groups_of_a_range_are_numbered_from_its_first_item(tmp_path: Path) -> None:
    ours, folder = session(tmp_path, 1, 2, sizes=[3, 1, 2, 1])
    assert (ours.items, ours.ahead) == ((4, 7), 2)
    taken(ours.share, ours.prepared, ours.starts, ours.items, folder, folder.inputs)
    lines = [json.loads(line) for line in folder.partitions.read_text().splitlines()]
    assert lines == [[0, {"day": "2"}], [2, {"day": "3"}]]
    assert look(ours).spans(ours) == [Span(0, 2, 2), Span(2, 1, 1)]


def test_inputs_come_verified_and_go_when_no_grant_has_them(tmp_path: Path) -> None:
    ours, folder = session(tmp_path, 0, 1)
    here = taken(ours.share, ours.prepared, ours.starts, ours.items, folder, folder.inputs)
    inputs, first, last = Inputs(ours.share, "job", here, folder.inputs), [Span(0, 2, 2)], [Span(4, 2, 2)]
    for spans in (first, last):  # /data/a is in both
        inputs.hold(spans)
        inputs.fetch(spans, Board())
    assert (folder.inputs / "data/a").read_bytes() == b"/data/a"
    inputs.remove(first)
    assert (folder.inputs / "data/a").exists()
    assert not (folder.inputs / "data/new\nline").exists()
    inputs.remove(last)
    assert [path for path in folder.inputs.rglob("*") if path.is_file()] == []


def test_bytes_that_were_not_uploaded_are_refused(tmp_path: Path) -> None:
    ours, folder = session(tmp_path, 0, 1)
    here = taken(ours.share, ours.prepared, ours.starts, ours.items, folder, folder.inputs)
    ours.share.put(f"job/{content_name(hashlib.sha256(b'/data/a').hexdigest())}", b"others")
    with pytest.raises(PreparedInvalid, match="not the bytes that were uploaded as /data/a"):
        Inputs(ours.share, "job", here, folder.inputs).fetch([Span(0, 2, 2)], Board())
    assert not (folder.inputs / "data/a").exists()


DAMAGES = [("manifest", "shorter"), ("manifest", "other"), ("manifest.index", "shorter"), ("manifest.index", "other")]
"""Other bytes in manifest.sources are digests, each of which is compared with an input."""


@pytest.mark.parametrize(("name", "how"), [*DAMAGES, ("manifest.sources", "shorter")])
def test_a_damaged_list_is_said_by_its_name(tmp_path: Path, name: str, how: str) -> None:
    ours, folder = session(tmp_path, 0, 1)
    content = ours.share.read(f"job/{name}")
    ours.share.put(f"job/{name}", content[:-9] if how == "shorter" else content[:8] + b"\x07/../.." + content[15:])
    with pytest.raises(PreparedInvalid, match="is damaged"):
        taken(ours.share, ours.prepared, ours.starts, ours.items, folder, folder.inputs)


def test_what_is_in_the_share_is_not_scored_again(tmp_path: Path) -> None:
    ours, _ = session(tmp_path, 0, 1)
    for name in (SegmentName(2, 4, 1, 3, "00000001", 1), SegmentName(0, 2, 0, 9, "00000001", 2)):
        ours.share.put(f"job/segments/{name.text}", b"abc")  # the second is torn
    found = look(ours)
    assert (found.done, found.failed, found.missing) == (2, 1, ((0, 2), (4, 7)))
    assert [(span.first, span.end) for span in found.spans(ours)] == [(0, 2), (4, 6), (6, 7)]


def test_a_new_session_removes_what_dead_ones_have_left_and_no_other(tmp_path: Path) -> None:
    around = {"XDG_CACHE_HOME": str(tmp_path)}
    with scratch("00000001", around) as living:
        dead = JobFolder(living.path.with_name("00000002"))
        dead.make()
        with scratch("00000003", around) as other:
            assert living.path.exists()
            assert not dead.path.exists()
        assert not other.path.exists()
    assert not living.path.exists()


@pytest.mark.parametrize("place", range(len(NAMES)))
@pytest.mark.parametrize("wrong", [b"/data/../a", b"/..", b"/a/..", b"a", b"", b"..", b"/a/\0b"])
def test_a_name_that_leads_elsewhere_is_seen_wherever_it_stands(place: int, wrong: bytes) -> None:
    names = [*NAMES[:place], wrong, *NAMES[place + 1 :]]
    assert not _all_absolute(b"\0".join(names).split(b"\0"))
    assert _all_absolute([*NAMES, b"/..a", b"/a../b", b"/..../", b"/"])


def test_the_name_that_is_wrong_is_shown(tmp_path: Path) -> None:
    ours, folder = session(tmp_path, 0, 1)
    content = ours.share.read("job/manifest")
    ours.share.put("job/manifest", content.replace(b"/data/e", b"/../a/e"))
    with pytest.raises(PreparedInvalid, match=r"'/\.\./a/e' is no absolute path"):
        taken(ours.share, ours.prepared, ours.starts, ours.items, folder, folder.inputs)
