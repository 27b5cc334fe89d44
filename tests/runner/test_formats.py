"""Rows as the service writes them, and in the formats that a job may ask for."""

import csv
import importlib.util
import json
from typing import Any

import pytest

Jobs = Any

FAKE_PANDAS = '''
class DataFrame:
    """Just enough of the real one for a worker that must never import it."""

    def __init__(self, rows, columns):
        self.rows, self.columns = rows, columns

    def __len__(self):
        return len(self.rows)

    def to_csv(self, path, sep, header, index):
        assert path is None and header is False and index is False
        return "".join(sep.join(str(cell) for cell in row) + "\\n" for row in self.rows)

    def to_json(self, orient, lines, date_format):
        import json
        return "\\n".join(json.dumps(dict(zip(self.columns, row))) for row in self.rows)
'''

FRAMES = """
    import pandas
    def run(mini_batch):
        return pandas.DataFrame([[p[-9:-4], 1.5] for p in mini_batch], columns=["file", "score"])
"""
DICTS = "def run(mini_batch): return [{'file': p[-9:-4], 'score': 1.5, 'text': 'a, b\\nc'} for p in mini_batch]"


@pytest.mark.parametrize(
    ("output_format", "expected"),
    [
        ("azureml", "00000 1.5\n00001 1.5\n00002 1.5\n"),
        ("csv", "file,score\n00000,1.5\n00001,1.5\n00002,1.5\n"),
        (
            "jsonl",
            '{"file": "00000", "score": 1.5}\n{"file": "00001", "score": 1.5}\n{"file": "00002", "score": 1.5}\n',
        ),
    ],
)
def test_a_data_frame_has_a_row_a_line(jobs: Jobs, output_format: str, expected: str) -> None:
    _, output = jobs.score(
        FRAMES, modules={"pandas.py": FAKE_PANDAS}, items=3, mini_batch_size=2, output_format=output_format
    )
    assert output == expected


def test_lists_are_written_as_str_has_them(jobs: Jobs) -> None:
    record, output = jobs.score("def run(mini_batch): return [['a', 1], 2.0, 'x y', 'two\\nlines']", items=4)
    assert output == "['a', 1]\n2.0\nx y\ntwo\nlines\n"
    assert "1 line breaks of their own" in record.warnings[0]


def test_csv_and_jsonl_keep_rows_apart_whatever_is_in_them(jobs: Jobs) -> None:
    _, output = jobs.score(DICTS, items=2, output_format="csv")
    assert list(csv.reader(output.splitlines(keepends=True))) == [
        ["file", "score", "text"],
        ["00000", "1.5", "a, b\nc"],
        ["00001", "1.5", "a, b\nc"],
    ]
    _, output = jobs.score(DICTS, name="other", items=2, output_format="jsonl")
    assert [json.loads(line)["text"] for line in output.splitlines()] == ["a, b\nc"] * 2


def test_scalars_in_csv_are_a_column_called_prediction(jobs: Jobs) -> None:
    _, output = jobs.score("def run(mini_batch): return [7] * len(mini_batch)", items=2, output_format="csv")
    assert output == "prediction\n7\n7\n"


def test_csv_with_other_columns_half_way_is_refused(jobs: Jobs) -> None:
    script = "def run(mini_batch): return [{('a' if p < mini_batch[0][:-9] + '00020' else 'b'): 1} for p in mini_batch]"
    record, _ = jobs.score(script, output_format="csv", workers=1, max_retries=0)
    assert record.counts.failed == 20
    assert "run() returned the columns b after a" in record.failures[0].message


def test_names_that_are_no_text_come_through(jobs: Jobs) -> None:
    folder = jobs.root / "odd"
    folder.mkdir()
    names = [b"new\nline.txt", b"not-\xff-utf8.txt", "grüße.txt".encode(), b".hidden", b"empty"]
    for name in names:
        with open(bytes(folder) + b"/" + name, "wb") as file:  # noqa: PTH123 - a Path cannot be made of bytes
            file.write(b"" if name == b"empty" else b"x")
    script = "import os\ndef run(mini_batch): return [ascii(os.fsencode(p).split(b'/')[-1]) for p in mini_batch]"
    record, output = jobs.score(script, inputs=(str(folder),))
    assert record.status == "Completed"
    assert output.splitlines() == [ascii(name) for name in sorted(names)]


@pytest.mark.skipif(not importlib.util.find_spec("pyarrow"), reason="the environment has no pyarrow")
def test_parquet_keeps_types_and_order(jobs: Jobs) -> None:
    import pyarrow.parquet  # type: ignore[import-not-found,import-untyped,unused-ignore]

    script = "def run(mini_batch): return [{'file': p[-9:-4], 'n': int(p[-9:-4]), 'odd': None} for p in mini_batch]"
    record = jobs.run(jobs.request(script, items=205, output_format="parquet", output_file_name="rows.parquet"))
    assert record.status == "Completed", record.error
    table = pyarrow.parquet.read_table(record.output_file)
    assert table["n"].to_pylist() == list(range(205))
    assert [field.name for field in table.schema] == ["file", "n", "odd"]


@pytest.mark.skipif(bool(importlib.util.find_spec("pyarrow")), reason="the environment has pyarrow")
def test_parquet_without_pyarrow_fails_before_anything_is_scored(jobs: Jobs) -> None:
    record, _ = jobs.score(output_format="parquet")
    assert record.error.message == "ModuleNotFoundError: No module named 'pyarrow'"
    assert record.counts.scored == 0
