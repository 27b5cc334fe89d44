"""A few lines of a file of any size: on, back, at the end, found."""

import csv
import io
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bep.app.jobs.looking import windows
from bep.app.jobs.looking.windows import before, begins_line, found_in, last, window


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A hundred lines, the last of them not ended yet."""
    path = tmp_path / "log.txt"
    path.write_text("\n".join(f"line {number}" for number in range(100)))
    return path


def texts(found: windows.Window | windows.Found) -> list[str]:
    return [line.text.decode() for line in found.lines]


def test_it_goes_on_where_it_ended_and_back_again(file: Path) -> None:
    with file.open("rb") as stream:
        first = window(stream, 0, 40)
        second = window(stream, first.end, 40)
        third = window(stream, second.end, 40)
        back = before(stream, second.start, 40)

    assert texts(first) + texts(second) + texts(third) == [f"line {number}" for number in range(100)]
    assert (first.is_first, first.is_last, third.is_last) == (True, False, True)
    assert back == first.start


def test_the_last_lines(file: Path) -> None:
    with file.open("rb") as stream:
        assert texts(last(stream, 3)) == ["line 97", "line 98", "line 99"]


def test_words_are_found_and_the_search_goes_on(file: Path) -> None:
    with file.open("rb") as stream:
        found = found_in(stream, b"LINE 1", 0, 3)
        assert found.end is not None
        rest = found_in(stream, b"LINE 1", found.end, 100)
        stopped = found_in(stream, b"line", 0, 100, most_read=20)

    assert texts(found) == ["line 1", "line 10", "line 11"]
    assert [texts(rest)[0], texts(rest)[-1], rest.end] == ["line 12", "line 19", None]
    assert stopped.end == len("line 0\nline 1\nline 2\n")


def test_what_is_looked_for_is_found_however_the_file_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "log.txt"
    text = "".join(f"{'x' * (number % 7)}needle {number}\n{'y' * (number % 23)}\n" for number in range(60)) + "z" * 90
    path.write_text(f"{text}Needle{'z' * 90}\nlast needle")
    whole = [line for line in path.read_bytes().split(b"\n") if b"needle" in line.lower()]
    for size in range(1, 60):
        monkeypatch.setattr(windows, "SEARCHED", size)
        with path.open("rb") as stream:
            found: list[windows.Line] = []
            at = 0
            while True:
                some = found_in(stream, b"NEEDLE", at, 7)
                found += [line for line in some.lines if line.start not in {one.start for one in found}]
                if some.end is None:
                    break
                at = some.end
        if size >= 40:
            assert [line.text for line in found[:60]] == whole[:60]
        assert all(any(line.text in one for one in whole) for line in found)
        assert len(found) >= len(whole)


def test_a_line_without_end_is_cut_and_read_over(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_bytes(b"short\n" + b"x" * 1_000_000 + b"\nafter\n")
    with path.open("rb") as stream:
        found = window(stream, 0, 10)
        at = begins_line(stream, path.stat().st_size - 3)
        in_the_middle = begins_line(stream, 500_000)

    assert [len(line.text) for line in found.lines] == [5, windows.LONGEST, 5]
    assert [line.is_cut for line in found.lines] == [False, True, False]
    assert at == 6 + 1_000_001
    assert in_the_middle == 500_000  # nobody reads a megabyte back to find its beginning


def test_nobody_waits_for_the_end_of_an_endless_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "MOST_READ", 4 * windows.BLOCK)
    path = tmp_path / "log.txt"
    path.write_bytes(b"one\ntwo\n")
    with path.open("r+b") as stream:
        stream.truncate(1 << 40)  # a terabyte of nothing, which no test could read
        found = window(stream, 0, 10)
        later = window(stream, found.end, 10)
        at_the_end = last(stream, 10)
        searched = found_in(stream, b"three", 0, 10)

    assert [line.is_cut for line in found.lines] == [False, False, True]
    assert found.end == later.start == 4 * windows.BLOCK
    assert at_the_end.start == (1 << 40) - 4 * windows.BLOCK
    assert searched.end is not None
    assert searched.end < 5 * windows.BLOCK


def test_places_beyond_the_file_are_its_end(file: Path) -> None:
    with file.open("rb") as stream:
        assert window(stream, 10**9, 5).lines == ()
        assert window(stream, -5, 1).start == 0


_CELLS = st.text(st.sampled_from('ab",\n\r'), max_size=6)
_ROWS = st.lists(st.lists(_CELLS, min_size=2, max_size=2), min_size=1, max_size=12)


@given(rows=_ROWS, block=st.integers(1, 9))
def test_rows_of_csv_are_whole_whatever_their_cells_have(rows: list[list[str]], block: int) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(rows)
    whole = windows.BLOCK
    windows.BLOCK = block  # type: ignore[misc]
    try:
        with tempfile.TemporaryFile() as stream:
            stream.write(text.getvalue().encode())
            stream.flush()
            begins, at = [0], 0
            while (found := window(stream, at, 1, quoted=True)).lines:
                at = found.end
                begins.append(at)
            back = [before(stream, start, 1, quoted=True) for start in begins[1:]]
    finally:
        windows.BLOCK = whole  # type: ignore[misc]

    assert len(begins) == len(rows) + 1
    assert back == begins[:-1]
