"""Segments that are damaged: each kind is said in words, and none is taken for whole."""

import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from bep.runner.errors import SegmentDamaged
from bep.runner.folder.journal import line_of
from bep.runner.folder.parts import Scored
from bep.runner.segments import reading, writing
from bep.runner.segments.fetching import as_part
from bep.runner.segments.format import FOOTER, Head
from bep.runner.segments.names import SegmentName
from bep.runner.segments.reading import verified
from bep.runner.segments.writing import write
from tests.runner.segments.scored import Call, failure, pieces, scored

DIGEST = "ab" * 32
HEAD = Head(DIGEST, 0, 6, "0123abcd", 4, "node0")
CALLS = [
    Call(0, 2, 2, b"1,2\n3,4\n", header=b"a,b\n"),
    Call(2, 2, 1, b"5,6\n", 1, b"b,a\n"),
    Call(4, 2, 2, b"7,8\n9,0\n"),
]


@pytest.fixture
def made(tmp_path: Path) -> tuple[SegmentName, Path]:
    return make(tmp_path)


def make(root: Path) -> tuple[SegmentName, Path]:
    folder = scored(root / "parts", CALLS)
    name = write(root / "it", HEAD, pieces(folder), [failure(0), failure(3)], folder)
    verified(root / "it", name, DIGEST)
    return name, root / "it"


def refused(name: SegmentName, path: Path, manifest: str = DIGEST) -> str:
    with pytest.raises(SegmentDamaged) as told:
        verified(path, name, manifest)
    assert str(told.value).startswith(f"{name.text} is damaged: it")  # it, its
    assert told.value.code == "SegmentDamaged"
    return str(told.value).partition(": ")[2]


def test_no_byte_of_a_segment_can_change_unseen(made: tuple[SegmentName, Path]) -> None:
    name, path = made
    whole = path.read_bytes()
    for position in range(len(whole)):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 1 << position % 8]) + whole[position + 1 :])
        refused(name, path)


def test_no_segment_can_be_shorter_or_longer_unseen(made: tuple[SegmentName, Path]) -> None:
    name, path = made
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        assert refused(name, path) == f"it has {length} bytes instead of {len(whole)}"
        refused(name._replace(size=length), path)  # nor under a name that says so
    for more in (whole + b"\0", whole + whole, b"\0" + whole):
        path.write_bytes(more)
        refused(name, path)
        refused(name._replace(size=len(more)), path)


@settings(max_examples=100, deadline=None)
@given(some.binary(max_size=300))
def test_bytes_that_nobody_wrote_are_refused_in_words(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("it") / "it"
    for bytes_ in (content, b"bep-segm" + content, b"bep-segm\1\0\0\0" + content):
        path.write_bytes(bytes_)
        refused(SegmentName(0, 6, 1, len(bytes_), "0123abcd", 4), path)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"first": 1}, "its header says something else than its name"),
        ({"end": 7}, "its header says something else than its name"),
        ({"session": "0123abce"}, "its header says something else than its name"),
        ({"attempt": 5}, "its header says something else than its name"),
        ({"failed": 0}, "its records say of other failed items than its name"),
    ],
)
def test_a_segment_under_another_name_is_refused(
    made: tuple[SegmentName, Path], changed: dict[str, object], told: str
) -> None:
    name, path = made
    assert refused(SegmentName(**{**name._asdict(), **changed}), path) == told


def test_a_segment_of_another_job_or_a_later_version_is_refused(made: tuple[SegmentName, Path]) -> None:
    name, path = made
    assert refused(name, path, "cd" * 32) == "it is of another job, or of other items of it"
    content = bytearray(path.read_bytes())
    struct.pack_into("<I", content, 8, 2)
    path.write_bytes(content)
    assert refused(name, path) == "it has format 2, and this version of bep reads format 1"


@pytest.mark.parametrize(
    ("records", "told"),
    [
        (lambda found: found[::-1], "its records do not say where its rows are"),
        (lambda found: [found[0], *found], "its records are not those of its items, in their order"),
        (lambda found: [found[0], replace_in(found[1], items=9)], "its records are not those of its items"),
        (lambda found: [found[0], replace_in(found[1], items=0)], "its records are not those of its items"),
        (lambda found: [replace_in(found[0], offset=1), *found[1:]], "its records do not say where its rows are"),
        (lambda found: found[:-1], "its records do not say where its rows are"),
        (lambda found: [*found[:-1], replace_in(found[-1], results=1)], "its records say of other failed items"),
    ],
)
def test_records_that_do_not_fit_are_refused_though_every_checksum_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, records: Callable[[list[Scored]], list[Scored]], told: str
) -> None:
    """As a writer with an error would make one."""
    as_they_are = writing._write_records

    def changed(file: object, found: list[Scored], offset: int) -> None:
        position, ordered = 0, []
        for piece in found:
            ordered.append(piece._replace(offset=position))
            position += piece.length
        from bep.runner.segments.format import packed_record

        for each in records(ordered):
            file.write(packed_record(each, each.first, each.offset))  # type: ignore[attr-defined]

    monkeypatch.setattr(writing, "_write_records", changed)
    folder = scored(tmp_path / "parts", CALLS)
    name = write(tmp_path / "it", HEAD, pieces(folder), [], folder)
    assert refused(name, tmp_path / "it").startswith(told)
    assert as_they_are is not changed


def replace_in(piece: Scored, **changed: int) -> Scored:
    return piece._replace(**changed)


@pytest.mark.parametrize("line", [b"", b"half of a line", b"00000000 {}\n", line_of(failure(0))[:-2] + b"\n"])
def test_failures_that_do_not_read_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: bytes) -> None:
    monkeypatch.setattr(writing, "line_of", lambda told: line_of(told) + line)
    folder = scored(tmp_path / "parts", CALLS)
    name = write(tmp_path / "it", HEAD, pieces(folder), [failure(0)], folder)
    if line:
        assert refused(name, tmp_path / "it") == "it has a line of failures that is none"
    else:
        assert list(verified(tmp_path / "it", name, DIGEST).failures()) == [failure(0)]


def test_a_range_that_cuts_a_call_is_refused(made: tuple[SegmentName, Path]) -> None:
    name, path = made
    (path.parent / "target").mkdir()
    with pytest.raises(SegmentDamaged, match="it has a call that goes on beyond item 3"):
        as_part(verified(path, name, DIGEST), 0, 3, path.parent / "target", 0)
    assert list((path.parent / "target").glob("*.journal")) == []


def test_a_part_that_is_shorter_than_its_journal_makes_no_segment(tmp_path: Path) -> None:
    folder = scored(tmp_path / "parts", CALLS)
    found = pieces(folder)
    rows = folder / "000001.rows"
    rows.write_bytes(rows.read_bytes()[:-1])
    with pytest.raises(OSError, match=r"000001\.rows"):
        write(tmp_path / "it", HEAD, found, [], folder)
    assert not (tmp_path / "it").exists()


def test_reading_holds_a_block_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No read is larger than a block, however long the rows and the records are."""
    monkeypatch.setattr(reading, "_BLOCK", 64)
    monkeypatch.setattr(reading, "_RECORDS", 2)
    calls = [Call(2 * n, 2, 2, b"x" * 100 + b"\n" + b"y\n") for n in range(200)]
    folder = scored(tmp_path / "parts", calls)
    name = write(tmp_path / "it", HEAD._replace(end=400), pieces(folder), [failure(0)] * 3, folder)
    sizes: list[int] = []
    as_it_is = Path.open

    class Watched:
        def __init__(self, file: object) -> None:
            self._file = file

        def __enter__(self) -> "Watched":
            return self

        def __exit__(self, *_: object) -> None:
            self._file.close()  # type: ignore[attr-defined]

        def __getattr__(self, what: str) -> object:
            return getattr(self._file, what)

        def read(self, size: int = -1) -> bytes:
            found: bytes = self._file.read(size)  # type: ignore[attr-defined]
            sizes.append(len(found))
            return found

    monkeypatch.setattr(Path, "open", lambda self, *how: Watched(as_it_is(self, *how)))
    read = verified(tmp_path / "it", name, DIGEST)
    assert len(list(read.records())) == 200
    assert max(sizes) <= max(256, FOOTER.size)
    assert sum(sizes) > name.size
