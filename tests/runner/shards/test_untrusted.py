"""What somebody else can have written to a share: it names no place elsewhere, and nothing that cannot be counted."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bep.runner.folder.record import Counts
from bep.runner.request import Settings
from bep.runner.segments.format import BEGINNING, Head, head_of, packed_head
from bep.runner.shards import prepared, status
from bep.runner.shards.prepared import Prepared, PreparedEnvironment, PreparedInvalid, PreparedTarget
from bep.runner.shards.seen import Shared
from bep.runner.shares.share import share_at

MOMENT = datetime(2026, 11, 27, 12, tzinfo=UTC)


def document() -> dict[str, Any]:
    target = PreparedTarget(
        endpoint="e", deployment="d", deployment_digest="", model={}, environment=PreparedEnvironment(label="here")
    )
    return Prepared(
        name="nightly", created=MOMENT, target=target, settings=Settings(), inputs=("a",), counts=Counts(items=5),
        manifest_digest="0" * 64, sources_digest="0" * 64, stride=2,
    ).model_dump(mode="json")  # fmt: skip


@pytest.mark.parametrize("name", ["../pwned", "/tmp/pwned", "a/b", "a/../../b", "..", ".", "a\0b", ""])
def test_predictions_are_written_nowhere_else(name: str) -> None:
    told = document()
    told["settings"]["output_file_name"] = name
    with pytest.raises(PreparedInvalid, match="cannot be the name of a file of predictions"):
        prepared.read(json.dumps(told).encode(), "nightly", "share")


@pytest.mark.parametrize("change", [{"counts": {"items": 10**30}}, {"stride": 10**30}])
def test_items_can_be_counted(change: dict[str, Any]) -> None:
    with pytest.raises(PreparedInvalid, match="more than 1,000,000,000,000 items"):
        prepared.read(json.dumps({**document(), **change}).encode(), "nightly", "share")


@pytest.mark.parametrize("groups", ["", "x", "[]", "[5]\n", '[0, ["a"]]\n[9, ["b"]]\n', '[1, ["a"]]\n'])
def test_a_damaged_list_of_groups_is_said_in_words(tmp_path: Path, groups: str) -> None:
    told = document()
    told["settings"]["partition_keys"] = ["letter"]
    share = share_at(str(tmp_path), tmp_path)
    share.put("nightly/manifest.partitions", groups.encode())
    found = prepared.read(json.dumps(told).encode(), "nightly", "share")
    with pytest.raises(PreparedInvalid, match=r"manifest\.partitions in .* is damaged"):
        Shared(share, "nightly").starts(found)


def test_what_a_session_cannot_have_said_is_passed_over(tmp_path: Path) -> None:
    share = share_at(str(tmp_path), tmp_path)
    good = status.ShardStatus(
        job="nightly", shards=3, shard=1, session="0a1b2c3d", first=0, end=5, host="h", state=status.State.RUNNING,
        started=MOMENT, time=MOMENT,
    )  # fmt: skip
    share.put(f"nightly/{status.name_of(good)}", status.written(good))

    def said(name: str, **changes: object) -> None:
        text = json.dumps({**good.model_dump(mode="json"), **changes}) + " " * (name == "3-0.00000000.json") * (2 << 20)
        share.put(f"nightly/shards/{name}", text.encode())

    said("2-0.0a1b2c3d.json", shards=10**15)
    said("999999999-0.0a1b2c3d.json", shards=999_999_999, shard=0)
    said("3-2.0a1b2c3d.json")  # it tells of another shard than its name
    said("3-1.11111111.json", session="11111111", every=1e300)
    said("3-0.00000000.json", shard=0, session="00000000")  # longer than any
    assert Shared(share, "nightly").sessions() == [good]


@pytest.mark.parametrize("node", ["", "../up", "a/b", "a\nb", "\x1b[31m", "\ud800", ".hidden", "a\0b", "n" * 300])
def test_a_node_has_a_name_that_can_be_shown_and_be_a_folder(node: str) -> None:
    packed = packed_head(Head("0" * 64, 0, 2, "0a1b2c3d", 1, node))
    with pytest.raises(ValueError, match="none of a segment's"):
        head_of(packed[: BEGINNING.size], packed[BEGINNING.size :])
