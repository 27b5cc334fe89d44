"""Parts, cut into segments and put together again, make the output that the parts would have made."""

import shutil
import tempfile
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from bep.lazy_dataclasses import replace
from bep.runner.folder import parts
from bep.runner.folder.journal import TRACEBACKS
from bep.runner.folder.parts import Scored
from bep.runner.segments.fetching import Taken, as_part, joined
from bep.runner.segments.format import Head
from bep.runner.segments.names import SegmentName, cover, whole
from bep.runner.segments.reading import Segment, verified
from bep.runner.segments.writing import write
from bep.runner.verdicts import Unresolved
from tests.runner.segments.scored import Call, assembled, failure, pieces, scored, shifted

DIGEST = "ab" * 32
ROWS = {b"": "row %d é\n".encode(), b"a,b\n": b'%d,"x\ny"\n', b"b,a\n": b'"\n",%d\n', b"a,b,c\n": b"%d,2,3\n"}
STRIDE = 4


@some.composite
def jobs(draw: some.DrawFn) -> list[Call]:
    """Calls in the order of their items: mini-batches halved, short, without any result, missing."""
    calls = []
    halved = [((0, 4),), ((0, 2), (2, 2)), ((0, 2), (2, 1), (3, 1)), ((2, 2),), ()]
    is_csv = draw(some.booleans())
    for first in range(0, draw(some.integers(1, 14)) * STRIDE, STRIDE):
        for start, items in draw(some.sampled_from(halved)):
            results = draw(some.integers(0, items))
            header = draw(some.sampled_from([header for header in ROWS if header])) if is_csv else b""
            row = ROWS[header]
            rows = b"".join(row.replace(b"%d", b"%d" % (first + start + n)) for n in range(results))
            calls.append(Call(first + start, items, results, rows, draw(some.integers(0, 3)), header))
    return calls


@some.composite
def cuts(draw: some.DrawFn) -> list[tuple[int, int, int]]:
    """Grants in mini-batches, overlapping as those of two sessions do: first, end, which session."""
    found = [(0, 14, 0)]
    for _ in range(draw(some.integers(0, 6))):
        first = draw(some.integers(0, 13))
        found.append((first, draw(some.integers(first + 1, 14)), draw(some.integers(0, 2))))
    return found


def head(first: int, end: int, session: int = 0, attempt: int = 0) -> Head:
    return Head(DIGEST, first, end, f"{session:08x}", attempt, "node0")


def told(entry: Scored) -> tuple[object, ...]:
    """All of a record but where it lies and when it began."""
    return entry._replace(offset=0, started=0, part=0)


@settings(max_examples=30, deadline=None)
@given(jobs(), cuts(), some.integers(0, 13), some.booleans())
def test_segments_make_the_output_that_their_parts_make(
    calls: list[Call], grants: list[tuple[int, int, int]], shard: int, alone: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        items = 14 * STRIDE
        expected = assembled(scored(root / "job", calls), root / "expected")
        mid = shard * STRIDE
        low = scored(root / "low", [call for call in calls if call.first < mid])
        high = scored(root / "high", shifted([call for call in calls if call.first >= mid], -mid))
        listed = {}
        for attempt, (first, end, session) in enumerate(grants):
            for start, stop, source, offset in ((first, min(end, shard), low, 0), (max(first, shard), end, high, mid)):
                if start < stop:
                    target = root / "temporary"
                    wanted = head(start * STRIDE, stop * STRIDE, session, attempt)
                    name = write(target, wanted, pieces(source), [], source, offset)
                    target.rename(root / name.text)
                    listed[name.text] = name.size
        names, torn = whole(listed)
        assert torn == []
        covered = cover(names, items)
        assert covered.missing == ()
        target = root / "merged"
        target.mkdir()
        taken = [
            Taken(verified(root / chosen.segment.text, chosen.segment, DIGEST), chosen.first, chosen.end)
            for chosen in covered.chosen
        ]
        if alone:
            for number, each in enumerate(taken):
                assert list(as_part(each.segment, each.first, each.end, target, number)) == []
        else:
            joined(taken, target, 7)
        assert assembled(target, root / "found") == expected
        assert [told(entry) for entry in parts.in_order(target)] == [
            told(entry) for entry in parts.in_order(root / "job")
        ]
        assert parts.verify(target) == []


def segment(root: Path, calls: list[Call], failures: int = 0) -> tuple[SegmentName, Path]:
    folder = scored(root / "parts", calls)
    end = max(call.first + call.items for call in calls)
    name = write(root / "it", head(0, end), pieces(folder), [failure(n % end) for n in range(failures)], folder)
    return name, root / "it"


def test_failures_are_those_of_the_job_and_of_the_range(tmp_path: Path) -> None:
    folder = scored(tmp_path / "parts", [Call(0, 2, 2, b"a\nb\n"), Call(2, 1, 1, b"c\n")])
    told = [replace(failure(2, 2), unresolved=(Unresolved(3, 1, 2, True),)), failure(0), failure(3), failure(9)]
    name = write(tmp_path / "it", head(100, 104), pieces(folder), told, folder, 100)
    assert name[:3] == (100, 104, 1)
    read = verified(tmp_path / "it", name, DIGEST)
    moved = [
        replace(failure(2, 2), first=102, unresolved=(Unresolved(103, 1, 2, True),)),
        replace(failure(0), first=100),
        replace(failure(3), first=103),
    ]
    assert list(read.failures()) == moved
    assert list(as_part(read, 100, 102, tmp_path, 3)) == [moved[1]]
    assert list(as_part(read, 102, 104, tmp_path, 4)) == [moved[0], moved[2]]


def test_a_script_that_fails_for_every_item_does_not_fill_the_share(tmp_path: Path) -> None:
    name, path = segment(tmp_path, [Call(0, 9, 0, b"")], TRACEBACKS + 5)
    told = [each.traceback for each in verified(path, name, DIGEST).failures()]
    assert told == ["Traceback"] * TRACEBACKS + [""] * 5


def test_a_range_without_any_rows_is_a_part_all_the_same(tmp_path: Path) -> None:
    name, path = segment(tmp_path, [Call(0, 4, 0, b""), Call(4, 4, 2, b"x\ny\n"), Call(8, 4, 0, b"")])
    assert name.failed == 10
    read = verified(path, name, DIGEST)
    for number, (first, end) in enumerate([(0, 4), (8, 12), (4, 8), (4, 12)]):
        (tmp_path / str(number)).mkdir()
        as_part(read, first, end, tmp_path / str(number), 0)
        entries = list(parts.in_order(tmp_path / str(number)))
        assert [entry.first for entry in entries] == list(range(first, end, 4))
        assert assembled(tmp_path / str(number), tmp_path / "out") == (b"x\ny\n" if first <= 4 < end else b"")


def test_what_a_kill_left_of_a_part_is_written_over(tmp_path: Path) -> None:
    name, path = segment(tmp_path, [Call(0, 2, 2, b"1,2\n3,4\n", header=b"a,b\n")])
    for left in ("000003.rows", "000003.columns", ".000003.journal.99.tmp"):
        (tmp_path / left).write_bytes(b"half of something longer than what comes")
    assert parts.numbers(tmp_path) == []
    as_part(verified(path, name, DIGEST), 0, 2, tmp_path, 3)
    assert assembled(tmp_path, tmp_path / "out") == b"a,b\n1,2\n3,4\n"


def test_a_part_that_cannot_be_written_leaves_no_journal(tmp_path: Path) -> None:
    name, path = segment(tmp_path, [Call(0, 2, 2, b"a\nb\n"), Call(2, 2, 2, b"c\nd\n")])
    read = verified(path, name, DIGEST)

    def ranges() -> Iterator[Taken]:
        yield Taken(read, 0, 2)
        raise OSError("the share is gone")

    (tmp_path / "target").mkdir()
    with pytest.raises(OSError, match="the share is gone"):
        joined(ranges(), tmp_path / "target", 0)
    assert parts.numbers(tmp_path / "target") == []


def test_segments_are_asked_for_one_after_the_other(tmp_path: Path) -> None:
    name, path = segment(tmp_path, [Call(0, 2, 2, b"a\nb\n"), Call(2, 2, 2, b"c\nd\n")])
    before: Segment | None = None

    def ranges() -> Iterator[Taken]:
        nonlocal before
        for number, first in enumerate((0, 2)):
            copy = tmp_path / f"fetched {number}"
            shutil.copy(path, copy)
            if before:
                before.path.unlink()
            before = verified(copy, name, DIGEST)
            yield Taken(before, first, first + 2)

    (tmp_path / "target").mkdir()
    joined(ranges(), tmp_path / "target", 0)
    assert assembled(tmp_path / "target", tmp_path / "out") == b"a\nb\nc\nd\n"


def test_rows_are_never_held(tmp_path: Path) -> None:
    calls = [Call(n, 1, 1, bytes(1_000_000) + b"\n") for n in range(30)]
    folder = scored(tmp_path / "parts", calls)
    found = pieces(folder)
    tracemalloc.start()
    try:
        name = write(tmp_path / "it", head(0, 30), found, [], folder)
        (tmp_path / "target").mkdir()
        as_part(verified(tmp_path / "it", name, DIGEST), 3, 27, tmp_path / "target", 0)
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()
    assert assembled(tmp_path / "target", tmp_path / "out") == (bytes(1_000_000) + b"\n") * 24
