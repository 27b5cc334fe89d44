"""What a session of a shard says of itself: written, read back, named, and nothing that is none read as one."""

from datetime import UTC, datetime

import pytest

from bep.runner.folder.record import Counts, JobError
from bep.runner.shards import status
from bep.runner.shards.ranges import range_of
from bep.runner.shards.status import Named, ShardStatus, State


def _status(**changes: object) -> ShardStatus:
    moment = datetime(2026, 11, 27, 12, 0, 5, 250000, tzinfo=UTC)
    told = ShardStatus(
        job="nightly", shards=40, shard=3, session="0a1b2c3d", node="s3-0a1b2c3d", first=30, end=40, host="spot-7",
        process=12, workers=4, state=State.RUNNING, counts=Counts(items=8, scored=5, failed=1, rows=5), before=2,
        items_per_second=1.5, started=moment, time=moment, every=10,
    )  # fmt: skip
    return told.model_copy(update=changes)


@pytest.mark.parametrize(
    "told",
    [
        _status(),
        _status(state=State.DONE, warnings=("one", "two")),
        _status(state=State.FAILED, error=JobError(code="InitFailed", message="no\udcffmodel", traceback="Traceback")),
    ],
)
def test_a_status_is_read_as_it_was_written(told: ShardStatus) -> None:
    assert status.read(status.written(told)) == told


def test_what_is_left_is_what_the_session_took_on_and_has_not_settled() -> None:
    assert _status().left == 2
    assert _status(counts=Counts(items=3, scored=3, failed=1)).left == 0


def test_its_name_says_which_shard_and_session() -> None:
    folder, name = status.name_of(_status()).split("/")
    assert (folder, name) == (status.FOLDER, "40-3.0a1b2c3d.json")
    assert status.parsed(name) == Named(40, 3, "0a1b2c3d")


@pytest.mark.parametrize(
    "name",
    ["40-40.0a1b2c3d.json", "0-0.0a1b2c3d.json", "40-03.0a1b2c3d.json", "40-3.0a1b2c3.json", "40-3.0A1B2C3D.json",
     "40-3.0a1b2c3d.json.tmp", ".40-3.0a1b2c3d.json", "40-3.json", "x/40-3.0a1b2c3d.json", ""],
)  # fmt: skip
def test_other_names_are_none_of_a_session(name: str) -> None:
    assert status.parsed(name) is None


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"format_version": 2}', b"[" * 100_000,
     status.written(_status())[:-20], status.written(_status()).replace(b'"running"', b'"asleep"'),
     status.written(_status()).replace(b'"format_version": 1', b'"format_version": 2')],
)  # fmt: skip
def test_other_bytes_are_no_status(content: bytes) -> None:
    assert status.read(content) is None


@pytest.mark.parametrize("shards", [1, 2, 3, 7, 10, 11, 25])
@pytest.mark.parametrize(("starts", "items"), [(range(0, 97, 10), 97), ([0, 1, 50, 51, 90], 97), (range(0, 1, 10), 1)])
def test_shards_have_every_mini_batch_once_and_about_as_many_each(
    shards: int, starts: range | list[int], items: int
) -> None:
    ranges = [range_of(shard, shards, starts, items) for shard in range(shards)]
    assert [first for first, _ in ranges] + [items] == [0] + [end for _, end in ranges]
    calls = [sum(first <= start < end for start in starts) for first, end in ranges]
    assert sum(calls) == len(starts)
    assert max(calls) - min(calls) <= 1
