"""Rows as the service writes them, and in the formats that a job may ask for."""

import csv
import json
from io import StringIO
from typing import Any

import pytest

from bep.commands.run import run
from bep.runner.request import Settings, default_name
from bep.runner.worker.results import csv_text
from bep.runner.worker.results.formats import FORMATS, READABLE
from bep.runner.worker.results.rows import Formatter
from bep.schemas.kinds.published import schema_of

Jobs = Any

FRAMES = """
    import pandas
    def run(mini_batch):
        return pandas.DataFrame([[p[-9:-4], 1.5] for p in mini_batch], columns=["file", "score"])
"""
DICTS = "def run(mini_batch): return [{'file': p[-9:-4], 'score': 1.5, 'text': 'a, b\\nc'} for p in mini_batch]"


def test_the_formats_of_a_job_are_those_of_the_table() -> None:
    known = schema_of("job")["properties"]["outputs"]["additionalProperties"]["properties"]["format"]["enum"]
    assert [*FORMATS] == known
    for name, one in FORMATS.items():
        Formatter(name)
        assert default_name(name) == f"predictions.{one.ending}"
        assert Settings(output_format=name).output_format == name
    assert FORMATS[READABLE].is_text
    assert (
        f"{', '.join(known[:-1])} or {known[-1]}" in run.__annotations__["output_format"].__metadata__[0].said["help"]
    )


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
    _, output = jobs.score(FRAMES, items=3, mini_batch_size=2, output_format=output_format)
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


ORDERS = """
import os, time
def run(mini_batch):
    n = int(mini_batch[0][-9:-4])
    time.sleep(0.02 if n % 3 else 0.05)
    rows = [{"file": 1, "score": "a"}, {"score": "b,\\n", "file": 2}]
    return [rows[n % 2]] if n < 30 else [rows[1], rows[0]]
"""


@pytest.mark.parametrize("workers", [1, 3])
def test_equal_sets_of_columns_are_one_header_by_name(jobs: Jobs, workers: int) -> None:
    record, output = jobs.score(ORDERS, items=32, mini_batch_size=1, workers=workers, output_format="csv")
    assert (record.status, record.counts.failed) == ("Completed", 0), record.failures
    expected = [["1", "a"], ["2", "b,\n"]] * 15 + [["2", "b,\n"], ["1", "a"]] * 2
    assert list(csv.reader(StringIO(output, newline=""))) == [["file", "score"], *expected]


OTHERS = """
import time
def run(mini_batch):
    n = int(mini_batch[0][-9:-4])
    time.sleep(0.03 if n == 0 else 0.01)
    return [{"extra": 1}] if n in (0, 7) else [{"b": n, "a": 1}]
"""


@pytest.mark.parametrize("workers", [1, 3])
def test_other_columns_fail_the_items_that_have_them_whoever_scored_them(jobs: Jobs, workers: int) -> None:
    record, output = jobs.score(OTHERS, items=12, mini_batch_size=1, workers=workers, output_format="csv")
    assert record.status == "Completed"
    assert (record.counts.scored, record.counts.failed, record.counts.retries) == (10, 2, 0)
    assert output.splitlines() == ["b,a", *(f"{n},1" for n in range(12) if n not in (0, 7))]
    told = [json.loads(line) for line in (record.folder / "failed_items.jsonl").read_text().splitlines()]
    assert [(item["position"], item["type"]) for item in told] == [(0, "ColumnsDiffer"), (7, "ColumnsDiffer")]
    assert told[0]["message"].startswith("run() returned the columns extra; the file has b,a")


def test_items_of_other_columns_are_scored_again_by_retry(jobs: Jobs) -> None:
    mended = OTHERS.replace("n in (0, 7)", "n in (0, 7) and not os.path.exists(os.path.dirname(__file__) + '/mended')")
    request = jobs.request("import os" + mended, items=12, mini_batch_size=1, workers=2, output_format="csv")
    record = jobs.run(request)
    assert record.counts.failed == 2
    (record.target.code_directory / "mended").touch()
    again = jobs.retry(request)
    assert (again.counts.scored, again.counts.failed) == (12, 0)
    assert again.output_file.read_text().splitlines() == ["b,a", *(f"{n},1" for n in range(12))]


def test_rows_of_other_columns_in_one_result_are_told_apart_by_splitting(jobs: Jobs) -> None:
    script = "def run(mini_batch): return [{'odd' if p.endswith('3.txt') else 'a': 1} for p in mini_batch]"
    record, output = jobs.score(script, items=6, mini_batch_size=6, workers=1, output_format="csv")
    assert (record.counts.scored, record.counts.failed, output) == (5, 1, "a\n" + "1\n" * 5)


MIXED = """
import pandas
def run(mini_batch):
    n = int(mini_batch[0][-9:-4])
    codes, whole = (n, n) if n < 2 else ("A1", 0.5)
    big = 2**53 + 1 if n < 2 else 0.5
    return pandas.DataFrame({"n": n, "code": [codes] * len(mini_batch), "number": whole, "big": big})
"""


def test_types_that_differ_between_mini_batches_lose_no_row(jobs: Jobs) -> None:
    import pyarrow.parquet

    record = jobs.run(jobs.request(MIXED, items=4, mini_batch_size=1, output_format="parquet"))
    assert record.status == "Completed", record.error
    assert pyarrow.parquet.read_table(record.output_file).to_pylist() == [
        {"n": 0, "code": "0", "number": 0.0, "big": "9007199254740993"},
        {"n": 1, "code": "1", "number": 1.0, "big": "9007199254740993"},
        {"n": 2, "code": "A1", "number": 0.5, "big": "0.5"},
        {"n": 3, "code": "A1", "number": 0.5, "big": "0.5"},
    ]
    assert [warning.split("(")[0] for warning in record.warnings] == [
        "column code holds values of different types ", "column big holds values of different types ",
    ]  # fmt: skip


def test_a_shortened_display_is_warned_of(jobs: Jobs) -> None:
    script = "import numpy\ndef run(mini_batch): return list(numpy.zeros((len(mini_batch), 1500)))"
    record, output = jobs.score(script, items=2)
    assert "..." in output
    assert "return array.tolist()" in record.warnings[0]
    record, output = jobs.score(script, name="whole", items=2, output_format="csv")
    assert [len(row) for row in csv.reader(StringIO(output))] == [1500] * 3
    assert record.warnings == ()


@pytest.mark.parametrize(
    ("script", "is_warned"),
    [
        ("[numpy.array([1 / 3])]", True),
        ("[pandas.Series([1 / 3])]", True),
        ("[{'deep': ['x', numpy.array([1 / 3])]}]", True),
        ("[pandas.DataFrame({'a': numpy.zeros(100)})]", True),
        ("pandas.DataFrame({'a': [numpy.zeros(1500)]})", True),
        ("[numpy.array([0.5, 1e-12, numpy.nan])]", False),
        ("[numpy.array([0.1], 'float32')]", False),
        ("[{'text': 'wait...'}]", False),
        ("[numpy.array(['wait...'])]", False),
        ("[1 / 3, numpy.float64(1 / 3), numpy.float32(1 / 3)]", False),
        ("pandas.DataFrame({'a': [1 / 3], 'b': ['wait...']})", False),
    ],
)
def test_only_what_is_shortened_or_rounded_is_warned_of(script: str, is_warned: bool) -> None:
    import numpy
    import pandas

    told: list[str] = []
    Formatter("azureml", notice=told.append).rows(eval(script, {"numpy": numpy, "pandas": pandas}))
    assert bool(told) == is_warned


def test_a_tensor_is_written_with_all_its_digits() -> None:
    class Tensor:
        """What a tensor of another library than numpy looks like."""

        shape = ()
        dtype = "float64"

        def tolist(self) -> float:
            return 1 / 3

        def __str__(self) -> str:
            return "tensor(0.3333)"

    told: list[str] = []
    written = [Formatter(name, notice=told.append).rows([Tensor()])[2] for name in ("azureml", "csv", "jsonl")]
    assert written == [b"tensor(0.3333)\n", b"0.3333333333333333\n", b"0.3333333333333333\n"]
    assert len(told) == 1


LONG = r"""
import os
def run(mini_batch):
    n = int(mini_batch[0][-9:-4])
    rows = [{"n": n, "text": "x" * 200_000 + '\r\ny\r"'}, {"text": "a\rb", "n": n}]
    return [rows[n % 2]]
"""


def test_cells_of_any_length_and_with_any_line_end_keep_their_rows(jobs: Jobs) -> None:
    record = jobs.run(jobs.request(LONG, items=4, mini_batch_size=1, output_format="csv"))
    assert (record.status, record.counts.failed) == ("Completed", 0), record.failures
    output = record.output_file.read_bytes().decode()
    rows = list(csv_text.rows(output))
    expected = [[str(n), "x" * 200_000 + '\r\ny\r"' if n % 2 == 0 else "a\rb"] for n in range(4)]
    assert rows == [["n", "text"], *expected]
    assert list(csv.reader(StringIO(output, newline=""))) == rows


def test_a_row_that_no_file_can_hold_fails_alone(jobs: Jobs) -> None:
    script = "def run(mini_batch): return [{} if p.endswith('3.txt') else {'a': 1} for p in mini_batch]"
    for name in ("csv", "parquet"):
        request = jobs.request(script, name=name, items=6, mini_batch_size=6, workers=1, output_format=name)
        record = jobs.run(request)
        assert (record.status, record.counts.scored, record.counts.failed) == ("Completed", 5, 1)
        assert "an empty dict for a row" in (record.folder / "failed_items.jsonl").read_text()


UNEQUAL = """
import datetime
import pandas
def run(mini_batch):
    n = int(mini_batch[0][-9:-4])
    day = datetime.date(2021, 1, 1) if n else datetime.datetime(2021, 1, 1, 5)
    when = pandas.Timestamp("2021-01-01T00:00:00.000000001", tz="UTC" if n else None)
    return [{"day": day, "when": when, "empty": {} if n else {"a": 1}, "deep": [2**53 + 1] if n else [0.5]}]
"""


def test_no_value_is_bent_to_the_type_of_another_mini_batch(jobs: Jobs) -> None:
    import pyarrow.parquet

    record = jobs.run(jobs.request(UNEQUAL, items=2, mini_batch_size=1, output_format="parquet"))
    assert record.status == "Completed", record.error
    time = "2021-01-01T00:00:00.000000001"
    assert pyarrow.parquet.read_table(record.output_file).to_pylist() == [
        {"day": "2021-01-01T05:00:00", "when": time, "empty": '{"a": 1}', "deep": "[0.5]"},
        {"day": "2021-01-01", "when": time + "+00:00", "empty": "{}", "deep": "[9007199254740993]"},
    ]


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


def test_parquet_keeps_types_and_order(jobs: Jobs) -> None:
    import pyarrow.parquet  # type: ignore[import-not-found,import-untyped,unused-ignore]

    script = "def run(mini_batch): return [{'file': p[-9:-4], 'n': int(p[-9:-4]), 'odd': None} for p in mini_batch]"
    record = jobs.run(jobs.request(script, items=205, output_format="parquet", output_file_name="rows.parquet"))
    assert record.status == "Completed", record.error
    table = pyarrow.parquet.read_table(record.output_file)
    assert table["n"].to_pylist() == list(range(205))
    assert [field.name for field in table.schema] == ["file", "n", "odd"]


def test_parquet_without_pyarrow_fails_before_anything_is_scored(jobs: Jobs) -> None:
    (jobs.root / "none").mkdir()
    (jobs.root / "none" / "pyarrow.py").write_text("raise ModuleNotFoundError(\"No module named 'pyarrow'\")")
    request = jobs.request(output_format="parquet")
    environment = {**(request.environment or {}), "PYTHONPATH": str(jobs.root / "none")}
    record = jobs.run(request.model_copy(update={"environment": environment}))
    assert record.error.message == "ModuleNotFoundError: No module named 'pyarrow'"
    assert record.counts.scored == 0
