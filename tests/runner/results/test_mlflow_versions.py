"""MLflow models under the Pythons and releases that people still have: the same cells, the same rows, to the letter.

`make services` builds the environments; `test_mlflow.py` beside this asks more of the one that the tests run in.
"""

import json
import subprocess
from textwrap import dedent
from typing import Any

import pytest

from tests.runner.results.test_mlflow import failures, scored
from tests.services.places import PACKAGES, interpreter, mlflow_python

Jobs = Any

SAVING = """
import sys
import mlflow.pyfunc
import numpy, pandas
from mlflow.models.signature import ModelSignature
from mlflow.types import ColSpec, Schema, TensorSpec

{code}

mlflow.pyfunc.save_model(path=sys.argv[1], python_model=Model(), signature={signature})
"""

MODEL = """
class Model(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return {returned}
"""


@pytest.fixture(params=PACKAGES)
def python(request: pytest.FixtureRequest) -> str:
    """The interpreter of an environment with MLflow."""
    found = mlflow_python(request.param)
    if interpreter(request.param) is None:
        pytest.skip(f"no Python {request.param} here")
    if not (found.parent.parent / "made").exists():
        pytest.skip("no environments of old MLflows here: make services")
    return str(found)


def save(jobs: Jobs, python: str, returned: str, inputs: str | None) -> None:
    """Save, by its own MLflow, a model that returns such a value for inputs of such a `Schema`."""
    signature = f"ModelSignature(inputs=Schema({inputs}))" if inputs else "None"
    script = jobs.root / "saving.py"
    code = dedent(MODEL).replace("{returned}", returned)
    script.write_text(SAVING.replace("{code}", code).replace("{signature}", signature))
    target = jobs.root / "model" / "saved"
    subprocess.run([python, str(script), str(target)], check=True, cwd=jobs.root, capture_output=True)


def test_every_cell_is_what_stands_there(jobs: Jobs, python: str) -> None:
    inputs = "[ColSpec('string', 'zip'), ColSpec('long', 'n'), ColSpec('double', 'x')]"
    save(jobs, python, "[repr(row) for row in model_input.values.tolist()]", inputs)
    record = scored(
        jobs,
        {
            "a.csv": "zip,n,x\n00123,9007199254740993,0.1\nNA,8,1e300\n",
            "b.jsonl": '{"zip": "00123", "n": 9007199254740993, "x": 0.1}\n',
            "empty.csv": "zip,n,x\n01,,0.5\n",
            "text.csv": "zip,n,x\n01,many,0.5\n",
        },
        interpreter=python,
        mini_batch_size=10,
        output_format="jsonl",
    )
    assert record.status == "Completed", record.error
    rows = [json.loads(line) for line in record.output_file.read_text().splitlines()]
    assert [(row["file"], row["row"], row["prediction"]) for row in rows] == [
        ("a.csv", 0, "['00123', 9007199254740993, 0.1]"),
        ("a.csv", 1, "['NA', 8, 1e+300]"),
        ("b.jsonl", 0, "['00123', 9007199254740993, 0.1]"),
    ]
    assert set(failures(record)) == {"empty.csv", "text.csv"}


def test_a_tensor_of_whole_numbers_has_no_number_for_what_is_none(jobs: Jobs, python: str) -> None:
    inputs = "[TensorSpec(numpy.dtype('int64'), (-1, 2))]"
    save(jobs, python, "[[int(cell) for cell in row] for row in model_input]", inputs)
    files = {"good.csv": "a,b\n1,2\n8.0,9007199254740993\n", "empty.csv": "a,b\n1,\n", "text.csv": "a,b\n1,two\n"}
    record = scored(jobs, files, interpreter=python, mini_batch_size=10, output_format="jsonl")
    assert record.status == "Completed", record.error
    rows = [json.loads(line) for line in record.output_file.read_text().splitlines()]
    assert [row["prediction"] for row in rows] == [[1, 2], [8, 9007199254740993]]
    assert set(failures(record)) == {"empty.csv", "text.csv"}


@pytest.mark.parametrize(
    ("returned", "rows"),
    [
        ("{'p': numpy.array([[0.25, 0.75]] * 2), 'l': numpy.ones(2)}", [[[0.25, 0.75], 1.0]] * 2),
        ("{'label': 'a', 'p': 0.5}", [["a", 0.5]]),
        ("pandas.DataFrame({'row': ['own'] * 2, 'n': [9007199254740993] * 2})", [["own", 9007199254740993]] * 2),
    ],
)
def test_what_predict_returns_is_rows(jobs: Jobs, python: str, returned: str, rows: list[Any]) -> None:
    save(jobs, python, returned, None)
    record = scored(jobs, {"a.csv": "a\n1\n2\n"}, interpreter=python, output_format="jsonl")
    assert record.status == "Completed", record.error
    told = [list(json.loads(line).values()) for line in record.output_file.read_text().splitlines()]
    assert [row[1:-1] for row in told] == rows
