"""MLflow models without code: tables and images, one predict a file, types as the signature says.

tests/test_examples.py runs a whole example in an environment of its own.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

Jobs = Any

pytestmark = pytest.mark.filterwarnings("ignore")  # mlflow's own, while it saves

TABLES = """
import mlflow.pyfunc
import pandas

class Model(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        print([str(kind) for kind in model_input.dtypes])
        return {returned}

mlflow.models.set_model(Model())
"""
IMAGES = """
import mlflow.pyfunc

class Model(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return [f"{model_input.dtype}|{model_input.shape}|{int(model_input.sum())}"]

mlflow.models.set_model(Model())
"""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """MLflow keeps a database in the current folder."""
    monkeypatch.chdir(tmp_path)


def save(jobs: Jobs, code: str, inputs: Any = None) -> None:
    """Save a model whose inputs are such columns or arrays; None: without signature."""
    import mlflow
    from mlflow.models import ModelSignature

    script = jobs.root / "model_code.py"
    script.write_text(code)
    mlflow.pyfunc.save_model(
        jobs.root / "model" / "saved",
        python_model=str(script),
        signature=inputs and ModelSignature(inputs=inputs),
        pip_requirements=["mlflow-skinny"],
    )


def table_of(columns: dict[str, str]) -> Any:
    from mlflow.types import ColSpec, Schema

    return Schema([ColSpec(kind, name) for name, kind in columns.items()])


def scored(jobs: Jobs, files: Mapping[str, str | bytes], **how: object) -> Any:
    """Run the model over files of such contents; the record."""
    folder = jobs.root / "tables"
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    how = {"max_retries": 0, "workers": 1, **how}
    return jobs.run(jobs.request(None, scoring_script=None, inputs=(str(folder),), **how))


def failures(record: Any) -> dict[str, tuple[str, str]]:
    lines = map(json.loads, (record.folder / "failed_items.jsonl").read_text().splitlines())
    return {Path(told["item"]).name: (told["type"], told["message"]) for told in lines}


def test_tables_of_every_sort_have_the_types_of_the_signature(jobs: Jobs) -> None:
    import pandas

    save(
        jobs,
        TABLES.replace("{returned}", "(model_input['length'] * 2).to_numpy()"),
        table_of({"length": "double", "count": "long", "code": "string", "date": "datetime"}),
    )
    parquet = jobs.root / "rows.parquet"
    frame = pandas.DataFrame({"length": [1.0, 2.0], "count": [1, 2], "code": ["01", "2"], "date": ["2021-03-31"] * 2})
    frame.astype({"date": "datetime64[ns]"}).to_parquet(parquet)
    record = scored(
        jobs,
        {
            "a.csv": "length,count,code,date\n1,1,01,2021-03-31\n2,2,2,2021-03-31\n",
            "b.parquet": parquet.read_bytes(),
            "c.jsonl": frame.to_json(orient="records", lines=True),
            "d.pqt": parquet.read_bytes(),
        },
    )
    assert record.status == "Completed", record.failures
    assert record.output_file.read_text().splitlines() == [
        f"{row} {2.0 * (row + 1)} {name}" for name in ("a.csv", "b.parquet", "c.jsonl", "d.pqt") for row in range(2)
    ]
    assert (record.counts.items, record.counts.scored, record.counts.rows) == (4, 4, 8)
    assert record.warnings == ()
    printed = "".join(path.read_text() for path in (record.folder / "logs/user/stdout").rglob("*.txt"))
    for kinds in map(json.loads, printed.replace("'", '"').splitlines()):
        assert kinds[:2] == ["float64", "int64"]
        assert kinds[2] in ("object", "str", "string")
        assert kinds[3].startswith("datetime64")


def test_a_bad_file_fails_that_file_only_and_says_why(jobs: Jobs) -> None:
    save(jobs, TABLES.replace("{returned}", "model_input['a'].to_numpy()"), table_of({"a": "long", "b": "double"}))
    good = "a,b\n5,0.5\n"
    record = scored(
        jobs,
        {
            "a.csv": good,
            "missing-column.csv": "a\n1\n",
            "not-a-number.csv": "a,b\nmany,0.5\n",
            "empty.csv": "",
            "not-parquet.parquet": "PAR2",
            "other.doc": "?",
            "upper.CSV": good,
            "z.csv": good,
        },
        mini_batch_size=10,
    )
    assert record.status == "Completed", record.error
    assert record.output_file.read_text() == "0 5 a.csv\n0 5 z.csv\n"
    assert (record.counts.scored, record.counts.failed, record.counts.rows) == (2, 6, 2)
    why = failures(record)
    assert why["missing-column.csv"][0] == "MlflowException"
    assert "['b']" in why["missing-column.csv"][1]
    assert why["not-a-number.csv"][0] == "ValueError"
    assert why["empty.csv"][0] == "EmptyDataError"
    assert "endings are matched as written" in why["upper.CSV"][1]
    assert set(why) == {
        "missing-column.csv",
        "not-a-number.csv",
        "empty.csv",
        "not-parquet.parquet",
        "other.doc",
        "upper.CSV",
    }


def test_several_columns_keep_their_names_beside_row_and_file(jobs: Jobs) -> None:
    save(jobs, TABLES.replace("{returned}", "pandas.DataFrame({'row': model_input['a'], 'file': 'own'})"))
    record = scored(jobs, {"a.csv": "a\n7\n8\n", "none.csv": "a\n"}, output_format="csv")
    assert record.status == "Completed", record.failures
    assert record.output_file.read_text() == "_row,row,file,_file\n0,7,own,a.csv\n1,8,own,a.csv\n"
    assert (record.counts.scored, record.counts.failed, record.counts.rows) == (2, 0, 2)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((-1, 2, 3, 3), "float32|(1, 2, 3, 3)|180"),
        ((-1,), "float32|(18,)|180"),
        (None, "uint8|(1, 2, 3, 3)|180"),
    ],
)
def test_an_image_becomes_the_array_that_the_signature_asks_for(
    jobs: Jobs, shape: tuple[int, ...] | None, expected: str
) -> None:
    import numpy
    from mlflow.types import Schema, TensorSpec
    from PIL import Image

    save(jobs, IMAGES, shape and Schema([TensorSpec(numpy.dtype("float32"), shape)]))
    file = jobs.root / "made.png"
    Image.fromarray(numpy.full((2, 3, 3), 10, dtype="uint8")).save(file)
    record = scored(jobs, {"a.png": file.read_bytes(), "broken.png": "not an image"}, output_format="csv")
    assert record.output_file is not None, record.failures
    assert record.output_file.read_text() == f'row,prediction,file\n0,"{expected}",a.png\n', record.failures
    assert {name: kind for name, (kind, _) in failures(record).items()} == {"broken.png": "UnidentifiedImageError"}


def test_an_image_as_bytes_for_a_model_that_takes_one_binary_column(jobs: Jobs) -> None:
    save(
        jobs,
        TABLES.replace("{returned}", "[len(image) for image in model_input['image']]"),
        table_of({"image": "binary"}),
    )
    record = scored(jobs, {"a.png": b"12345"})
    assert record.status == "Completed", record.failures
    assert record.output_file.read_text() == "0 5 a.png\n"


def test_an_image_for_a_model_that_takes_columns_is_refused(jobs: Jobs) -> None:
    save(jobs, TABLES.replace("{returned}", "[0]"), table_of({"a": "long"}))
    record = scored(jobs, {"a.csv": "a\n1\n", "a.png": b"12345"})
    assert "the model's signature has columns" in failures(record)["a.png"][1]


def test_images_of_any_size_are_a_batch_of_one_object(jobs: Jobs) -> None:
    import numpy
    from mlflow.types import Schema, TensorSpec
    from PIL import Image

    code = IMAGES.replace("int(model_input.sum())", "model_input[0].dtype}|{model_input[0].shape")
    save(jobs, code, Schema([TensorSpec(numpy.dtype(object), (-1,))]))
    Image.fromarray(numpy.zeros((4, 3, 3), dtype="uint8")).save(jobs.root / "made.png")
    record = scored(jobs, {"a.png": (jobs.root / "made.png").read_bytes()}, output_format="csv")
    assert record.output_file.read_text() == 'row,prediction,file\n0,"object|(1,)|uint8|(4, 3, 3)",a.png\n'


def test_each_cell_of_an_array_is_what_stands_there_or_fails_its_file(jobs: Jobs) -> None:
    import numpy
    from mlflow.types import Schema, TensorSpec

    save(jobs, TABLES.replace("print([str(kind) for kind in model_input.dtypes])", "pass").replace(
        "{returned}", "model_input"), Schema([TensorSpec(numpy.dtype("int64"), (-1, 3))]))  # fmt: skip
    files: dict[str, str | bytes] = {
        "a.csv": "a,b,c\n7,8.0,9007199254740993\n",
        "empty-cell.csv": "a,b,c\n1,,3\n",
        "no-header.csv": "1,2,3\n4,5,6\n",
        "numbered.csv": "0,1,2\n4,5,6\n",
        "short.csv": "a,b,c\n1,2,3\n4,5\n",
        "text.csv": "a,b,c\n1,2,3\n4,x,6\n",
        "z.jsonl": "[1, 2.0, 9007199254740993]\n",
    }
    record = scored(jobs, files, mini_batch_size=10)
    assert record.output_file.read_text().splitlines() == [
        "0 7 8 9007199254740993 a.csv", "0 1 2 3 no-header.csv", "1 4 5 6 no-header.csv", "0 4 5 6 numbered.csv",
        "0 1 2 9007199254740993 z.jsonl",
    ]  # fmt: skip
    assert {name: why for name, (_, why) in failures(record).items()} == {
        "empty-cell.csv": "line 2, column b: nothing is not a number",
        "short.csv": "line 3 has 2 cells; the file has 3 columns",
        "text.csv": "line 3, column b: 'x' is not an integer",
    }


SIGNED = {
    "text-is-text.csv": ("zip,n\n00123,8.0\nNA,9007199254740993\n", "0 00123 8|1 NA 9007199254740993"),
    "big-beside-missing.jsonl": (
        '{"zip":"00123","n":9007199254740993}\n{"zip":1.50,"n":"7"}\n',
        "0 00123 9007199254740993|1 1.5 7",
    ),
    "half.csv": ("zip,n\n1,8.5\n", "row 1, column n: '8.5' is not an integer"),
    "half.jsonl": ('\n{"zip":"1","n":8.5}\n', "line 2, column n: 8.5 is not an integer"),
    "list.jsonl": ("5\n", "line 1: 5 is neither an object nor a list"),
    "cut-off.jsonl": ('{"zip":"1","n":8}\n{"zip"', "line 2: "),
}


def test_columns_keep_every_digit_of_a_number_and_every_letter_of_a_text(jobs: Jobs) -> None:
    save(jobs, TABLES.replace("{returned}", "model_input"), table_of({"zip": "string", "n": "long"}))
    record = scored(jobs, {name: content for name, (content, _) in SIGNED.items()}, mini_batch_size=10)
    rows = record.output_file.read_text().splitlines()
    why = failures(record)
    for name, (_, expected) in SIGNED.items():
        if name in why:
            assert why[name][1].startswith(expected)
        else:
            assert [row.removesuffix(f" {name}") for row in rows if row.endswith(name)] == expected.split("|")
    assert len(why) == 4


def test_json_lines_say_themselves_what_is_text(jobs: Jobs) -> None:
    save(jobs, TABLES.replace("{returned}", "model_input"))
    lines = '{"zip":"00123","id":9007199254740993,"x":1}\n{"zip":"01234","id":null,"x":0.1}\n'
    record = scored(jobs, {"x.jsonl": lines}, output_format="csv")
    assert record.output_file.read_text() == (
        "row,zip,id,x,file\n0,00123,9007199254740993,1.0,x.jsonl\n1,01234,,0.1,x.jsonl\n"
    )


def test_arrays_and_objects_in_columns_come_from_json_lines_and_csv(jobs: Jobs) -> None:
    from mlflow.types import ColSpec, DataType, Schema
    from mlflow.types.schema import Array, Object, Property

    signature = Schema(
        [
            ColSpec("string", "id"),
            ColSpec(Array(DataType.double), "emb"),
            ColSpec(Object([Property("a", DataType.long)]), "o"),
        ]
    )
    returned = "[[i, sum(e), o['a']] for i, e, o in zip(*(model_input[c] for c in ('id', 'emb', 'o')))]"
    save(jobs, TABLES.replace("{returned}", returned), signature)
    record = scored(
        jobs,
        {
            "x.jsonl": '{"id":"01","emb":[0.5,0.25],"o":{"a":1}}\n',
            "y.csv": 'id,emb,o\n02,"[0.5, 1.5]","{""a"": 2}"\n',
        },
        output_format="jsonl",
    )
    assert record.status == "Completed", record.failures
    found = [json.loads(line)["prediction"] for line in record.output_file.read_text().splitlines()]
    assert [[str(cells[0]), float(cells[1]), int(cells[2])] for cells in found] == [["01", 0.75, 1], ["02", 2.0, 2]]


@pytest.mark.parametrize(
    ("returned", "rows"),
    [
        ("{'p': numpy.array([[0.25, 0.75]] * 2), 'l': numpy.ones(2)}", ["0,[0.25, 0.75],1.0", "1,[0.25, 0.75],1.0"]),
        ("{'label': 'a', 'p': 0.5}", ["0,a,0.5"]),
        ("{'one': [1], 'two': [1, 2]}", ["0,[1],[1, 2]"]),
        ("0.5", ["0,0.5"]),
        ("numpy.float64(0.5)", ["0,0.5"]),
        ("'text'", ["0,text"]),
        ("numpy.array([[1, 2], [3, 4]])", ["0,1,2", "1,3,4"]),
        ("numpy.zeros((0, 3))", []),
        ("pandas.Series([1, 2], index=[5, 6])", ["0,1", "1,2"]),
        ("[{'label': 'a'}, {'label': 'b'}]", ["0,{'label': 'a'}", "1,{'label': 'b'}"]),
    ],
)
def test_whatever_predict_returns_is_rows(returned: str, rows: list[str]) -> None:
    import csv
    import io

    import numpy
    import pandas

    from bep.runner.worker.mlflow_models.results import frame_of

    frame = frame_of(pandas, eval(returned, {"numpy": numpy, "pandas": pandas}))
    frame.insert(0, "row", range(len(frame)))
    text = list(csv.reader(io.StringIO(frame.to_csv(index=False, header=False))))
    assert [",".join(cells) for cells in text] == rows
