"""Two jobs of one endpoint on the same inputs, row by row: whatever the format, whoever failed."""

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from bep.app.jobs.comparing.rows import LONGEST, cells_of, rows_of
from tests.bep.conftest import FILES, Workspace, write

SCRIPT = """\
import os

def init():
    pass

def run(mini_batch):
    rows = []
    for path in mini_batch:
        name = os.path.basename(path)
        if name in {failing!r}:
            raise ValueError(name)
        rows.append({row})
    return rows
"""
BLUE = FILES["specs.yml"].split("---\n")[2]
OTHER = BLUE.replace("name: blue", "name: green").replace("code: code", "code: green")


def two(folder: Path, first: str, second: str, *, failing: tuple[str, ...] = (), output_format: str = "") -> Workspace:
    """A workspace with a job of each of two deployments, whose scripts return the rows that these expressions give."""
    write(folder, FILES)
    write(folder, {"code/score.py": SCRIPT.format(row=first, failing=())})
    write(folder, {"green/score.py": SCRIPT.format(row=second, failing=failing)})
    specs = f"{FILES['specs.yml']}---\n{OTHER}".replace("mini_batch_size: 2", "mini_batch_size: 1")
    (folder / "specs.yml").write_text(specs)
    found = Workspace(folder)
    found.bep("apply", "-y")
    wanted = ("--output-format", output_format) if output_format else ()
    for name in ("blue", "green"):
        found.bep("run", "job.yml", "--deployment", name, "--name", f"by-{name}", *wanted)
    return found


def compared(workspace: Workspace, *names: str) -> dict[str, Any]:
    """What the command says, as a value."""
    found: dict[str, Any] = json.loads(
        workspace.bep("job", "compare", *(names or ("by-blue", "by-green")), "-o", "json").stdout
    )
    return found


def test_rows_that_differ_are_told_with_their_items(tmp_path: Path) -> None:
    workspace = two(tmp_path, "f'{name} 1'", "f'{name} 2' if name[0] in 'bd' else f'{name} 1'")

    found = compared(workspace)

    assert (found["same"], found["different"], found["only_first"], found["only_second"]) == (3, 2, 0, 0)
    assert found["exact"] is True
    rows = found["rows"]
    assert [(row["item"], Path(row["name"]).name, row["first"], row["second"]) for row in rows] == [
        (2, "b.txt", ["b.txt 1"], ["b.txt 2"]),
        (4, "d.txt", ["d.txt 1"], ["d.txt 2"]),
    ]
    said = workspace.bep("job", "compare", "by-blue", "by-green", "--rows", "1").stdout
    assert "3 rows are the same, 2 differ" in said
    assert "  - b.txt 1\n  + b.txt 2\nand 1 more" in said
    workspace.bep("job", "compare", "by-blue", "by-green", "--rows", "0", "--detailed-exitcode", expect=2)


def test_an_item_that_failed_in_one_job_moves_no_other_row(tmp_path: Path) -> None:
    found = compared(two(tmp_path, "name", "name", failing=("a.txt", "c.txt")))

    assert (found["same"], found["different"], found["only_first"], found["only_second"]) == (3, 0, 2, 0)
    rows = found["rows"]
    assert [(row["item"], row["first"], row["second"]) for row in rows] == [(1, ["a.txt"], None), (3, ["c.txt"], None)]


def test_a_script_that_returns_more_rows_than_items_is_compared_in_its_order(tmp_path: Path) -> None:
    workspace = two(tmp_path, "name", "name")
    write(tmp_path, {"green/score.py": "def init(): pass\ndef run(paths): return ['a.txt', 'more', 'and more']\n"})
    workspace.bep("apply", "-y")
    workspace.bep("run", "job.yml", "--deployment", "green", "--name", "many")

    found = compared(workspace, "by-blue", "many")

    assert found["exact"] is False
    assert (found["same"], found["different"], found["only_first"], found["only_second"]) == (1, 4, 0, 10)


@pytest.mark.parametrize("output_format", ["csv", "jsonl", "parquet"])
def test_every_format(tmp_path: Path, output_format: str) -> None:
    if output_format == "parquet":
        pytest.importorskip("pyarrow", reason="no pyarrow here")
    row = "{{'name': name, 'text': 'two\\nlines, \"quoted\"', 'count': {count}}}"
    workspace = two(
        tmp_path,
        row.format(count="1").replace("{{", "{").replace("}}", "}"),
        row.format(count="2 if name == 'c.txt' else 1").replace("{{", "{").replace("}}", "}"),
        output_format=output_format,
    )

    found = compared(workspace)

    assert (found["same"], found["different"]) == (4, 1)
    assert found["columns"] == ["name", "text", "count"]
    [different] = found["rows"]
    assert different["first"] == ["c.txt", 'two\nlines, "quoted"', "1"]
    assert different["second"] == ["c.txt", 'two\nlines, "quoted"', "2"]


def test_two_that_cannot_be_compared_are_told_why(tmp_path: Path) -> None:
    workspace = two(tmp_path, "name", "name")
    write(tmp_path, {"others/x.txt": "x"})
    workspace.bep("run", "-e", "letters", "-i", "others", "--name", "other")
    workspace.bep("run", "job.yml", "--name", "rows", "--output-format", "jsonl")

    def refused(*names: str, expect: int = 1) -> str:
        return workspace.bep("job", "compare", *names, expect=expect).stderr

    assert "by-blue is one job; name two" in refused("by-blue", "by-blue")
    assert "they have not the same inputs" in refused("by-blue", "other")
    assert "one output is azureml and the other jsonl" in refused("by-blue", "rows")
    assert "there is no job 'nobody'" in refused("by-blue", "nobody")
    output = json.loads(workspace.bep("job", "show", "by-blue", "-o", "json").stdout)["output_file"]
    Path(output).write_text("a.txt\n")
    assert "has fewer rows than it was written with" in refused("by-blue", "by-green", expect=4)


@pytest.mark.parametrize(
    ("output_format", "data", "rows"),
    [
        ("azureml", b"one\ntwo", [b"one", b"two"]),
        ("csv", b'a,b\n1,"x\ny"\n2,z\n', [b'1,"x\ny"', b"2,z"]),
        ("jsonl", b"{}\n", [b"{}"]),
        ("csv", b"", []),
    ],
)
def test_rows_of_texts(output_format: str, data: bytes, rows: list[bytes]) -> None:
    assert list(rows_of(BytesIO(data), "file", output_format).each) == rows


@pytest.mark.parametrize("output_format", ["azureml", "csv"])
def test_of_a_long_row_no_more_is_kept_than_tells_it_from_others(output_format: str) -> None:
    long = b"x" * (5 * LONGEST)
    head = b"head\n" if output_format == "csv" else b""

    def row(data: bytes) -> list[object]:
        return list(rows_of(BytesIO(head + data + b"\nnext\n"), "file", output_format).each)

    one, following = row(long)
    assert following == b"next"
    assert len(one) <= LONGEST + 100  # type: ignore[arg-type]
    assert row(long) == [one, b"next"]
    assert row(long[:-1] + b"y")[0] != one


def test_cells_that_are_no_row_are_one_cell() -> None:
    assert cells_of(b"{", "jsonl") == ("{",)
    assert cells_of(b"[1]", "jsonl") == ("[1]",)
    assert cells_of(b'{"a": {"b": 1}}', "jsonl") == {"a": '{"b": 1}'}
    assert cells_of(b"\xff", "azureml") == ("\ufffd",)
