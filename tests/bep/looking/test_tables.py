"""Outputs of every format as a table, a page at a time."""

import json
from pathlib import Path

import pyarrow
import pytest
from pyarrow import parquet

from bep.app.errors import Refused
from bep.app.jobs.looking.tables import ROWS, Table, table_of

COUNT = 2 * ROWS + 7


def read(path: Path, output_format: str, start: int = 0, *, back: bool = False) -> Table:
    with path.open("rb") as stream:
        return table_of(stream, path.name, output_format, start, back=back)


@pytest.fixture(params=["azureml", "csv", "jsonl", "parquet"])
def written(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, str]:
    """The same rows in each format."""
    path, kind = tmp_path / "predictions", str(request.param)
    if kind == "azureml":
        path.write_text("".join(f'{number} "n {number}"\n' for number in range(COUNT)))
    elif kind == "csv":
        path.write_text("number,name\n" + "".join(f"{number},n {number}\n" for number in range(COUNT)))
    elif kind == "jsonl":
        rows = ({"number": number, "name": f"n {number}"} for number in range(COUNT))
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        table = pyarrow.table({"number": range(COUNT), "name": [f"n {number}" for number in range(COUNT)]})
        parquet.write_table(table, path, row_group_size=30)
    return path, kind


def test_every_row_is_on_one_page(written: tuple[Path, str]) -> None:
    path, kind = written
    pages = [read(path, kind)]
    while (following := pages[-1].next) is not None:
        pages.append(read(path, kind, following))

    assert [row for page in pages for row in page.rows] == [(str(number), f"n {number}") for number in range(COUNT)]
    assert [len(page.rows) for page in pages] == [ROWS, ROWS, 7]
    assert pages[0].columns == (() if kind == "azureml" else ("number", "name"))
    assert pages[0].previous is None
    assert pages[2].previous is not None
    assert read(path, kind, pages[2].previous, back=True) == pages[1]


def test_displays_of_values_are_one_cell(tmp_path: Path) -> None:
    path = tmp_path / "predictions.csv"
    path.write_text("{'a': 1, 'b': 2}\n{'a': 3, 'b': 4}\n")

    assert read(path, "azureml").rows == (("{'a': 1, 'b': 2}",), ("{'a': 3, 'b': 4}",))


def test_cells_with_line_breaks_stay_whole(tmp_path: Path) -> None:
    path = tmp_path / "predictions.csv"
    path.write_bytes(b'name,text\na,"one\ntwo, ""three"""\nb,x\ry\n')

    assert read(path, "csv").rows == (("a", 'one\ntwo, "three"'), ("b", "x\ry"))


@pytest.mark.parametrize("output_format", ["azureml", "csv", "jsonl"])
@pytest.mark.parametrize(
    "content", [b"", b"\n", b'"', b'a,"b\n' * 3, b"\xff\xfe\0\n", b"x" * 100_000, b"[" * 5000 + b"\n", b"1e999\n{}\n"]
)
def test_any_bytes_are_a_table_of_some_kind(tmp_path: Path, output_format: str, content: bytes) -> None:
    path = tmp_path / "predictions"
    path.write_bytes(content)

    assert read(path, output_format).size == len(content)


def test_what_is_no_parquet_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "predictions.parquet"
    path.write_bytes(b"PAR1 not really")

    with pytest.raises(Refused, match="cannot be read as a Parquet file"):
        read(path, "parquet")


def test_columns_and_cells_that_no_page_has_room_for_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "predictions.csv"
    path.write_text(",".join(f"c{number}" for number in range(100)) + "\n" + ",".join(["x" * 50] * 100) + "\n")
    found = read(path, "csv")

    assert (len(found.columns), len(found.rows[0]), found.note) == (60, 60, "the first 60 of 100 columns")
