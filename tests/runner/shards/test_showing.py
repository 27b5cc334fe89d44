"""How far shards are: from names of segments and what sessions say, whichever numbers they cut the job into."""

from datetime import UTC, datetime, timedelta

from bep.runner.folder.record import Counts
from bep.runner.shards.ranges import range_of
from bep.runner.shards.showing import (
    NOT_STARTED,
    SILENT,
    Items,
    Overview,
    Settled,
    Shard,
    by_shard,
    overview,
    without,
)
from bep.runner.shards.status import ShardStatus, State

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
STARTS = range(0, 100, 10)


def session(
    shard: int, shards: int, state: State, *, age: float = 1, name: str = "", began: float = 600
) -> ShardStatus:
    first, end = range_of(shard, shards, STARTS, 100)
    return ShardStatus(
        job="nightly", shards=shards, shard=shard, session=name or f"{shard:04x}{shards:04x}", first=first, end=end,
        host=f"host-{shard}", state=state, counts=Counts(items=end - first), started=NOW - timedelta(seconds=began),
        time=NOW - timedelta(seconds=age), every=10,
    )  # fmt: skip


def seen(settled: list[Settled], *sessions: ShardStatus) -> Overview:
    return overview(100, STARTS, settled, sessions, NOW)


def test_nobody_has_begun() -> None:
    found = seen([])
    assert (found.scored, found.failed, found.left, found.shards, found.rows) == (0, 0, 100, 0, ())
    assert found.missing == found.waiting == (Items(0, 100),)


def test_each_shard_has_its_range_its_counts_and_its_state() -> None:
    found = seen(
        [Settled(0, 25, 2), Settled(25, 40, 0), Settled(60, 70, 1)],
        session(0, 4, State.DONE),
        session(1, 4, State.RUNNING),
        session(2, 4, State.RUNNING, age=61),
    )
    assert [(str(row.of), row.items, row.scored, row.failed, row.left, row.state) for row in found.rows] == [
        ("0/4", (0, 20), 18, 2, 0, "done"),
        ("1/4", (20, 50), 18, 2, 10, "running"),  # which items of the first segment failed is in no name
        ("2/4", (50, 70), 9, 1, 10, SILENT),
        ("3/4", (70, 100), 0, 0, 30, NOT_STARTED),
    ]
    assert (found.scored, found.failed, found.left) == (47, 3, 50)
    assert found.missing == (Items(40, 60), Items(70, 100))
    assert found.waiting == (Items(50, 60), Items(70, 100))  # the one that works has items 40 to 49


def test_a_shard_without_anything_left_is_done_whoever_did_it() -> None:
    (first, second) = seen([Settled(0, 100, 0)], session(0, 2, State.FAILED), session(1, 2, State.RUNNING)).rows
    assert (first.state, second.state) == ("done", "done")


def test_of_two_sessions_of_a_shard_the_one_that_works_is_shown_then_the_newer() -> None:
    old = session(0, 1, State.RUNNING, age=20, name="aaaaaaaa")
    new = session(0, 1, State.FAILED, age=1, name="bbbbbbbb")
    assert [row.last for row in seen([], old, new).rows] == [old]
    gone = session(0, 1, State.RUNNING, age=900, name="aaaaaaaa")
    assert [row.last for row in seen([], new, gone).rows] == [new]


def test_the_job_is_shown_as_it_was_cut_last_and_who_works_with_another_cut_as_well() -> None:
    found = seen([], session(1, 2, State.RUNNING, began=100), session(0, 2, State.DONE, began=100),
                 session(2, 5, State.CANCELLED, began=10))  # fmt: skip
    assert [str(row.of) for row in found.rows] == ["1/2", "0/5", "1/5", "2/5", "3/5", "4/5"]
    assert found.shards == 5
    assert found.waiting == (Items(0, 50),)


def test_what_is_seen_can_be_asked_for_as_json() -> None:
    told = seen([Settled(0, 50, 1)], session(1, 2, State.RUNNING)).as_json()
    assert told["missing"] == [[50, 100]]
    assert told["waiting"] == []
    assert told["shards"][1]["host"] == "host-1"
    assert told["shards"][1]["seen"] == "2026-11-27T11:59:59Z"


def test_ranges_are_taken_out_of_ranges() -> None:
    assert without([Items(0, 10), Items(20, 30)], [Items(0, 2), Items(4, 5), Items(9, 21), Items(28, 40)]) == (
        Items(2, 4), Items(5, 9), Items(21, 28),
    )  # fmt: skip
    assert without([], [Items(0, 5)]) == ()
    assert without([Items(0, 5)], [Items(0, 3), Items(1, 2), Items(4, 9)]) == (Items(3, 4),)


def test_missing_items_are_those_of_shards() -> None:
    assert by_shard([Items(0, 1), Items(49, 51)], 4, STARTS, 100) == (
        (Shard(0, 4), (Items(0, 1),)),
        (Shard(1, 4), (Items(49, 50),)),
        (Shard(2, 4), (Items(50, 51),)),
    )
    assert by_shard([], 4, STARTS, 100) == ()


def test_ranges_are_said_as_a_person_counts_what_is_named() -> None:
    assert str(Items(0, 1_000)) == "items 0 to 999"
    assert str(Items(7, 8)) == "item 7"
