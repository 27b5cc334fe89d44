"""MLflow models under the Pythons and releases that people still have: the same cells, the same rows, to the letter.

`make services` builds the environments; `test_mlflow.py` beside this asks more of the one that the tests run in.
"""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.runner.results.test_mlflow import failures, scored
from tests.services.places import PACKAGES, interpreter, mlflow_python

Jobs = Any

SAVING = """
import json, sys
import mlflow.pyfunc
import numpy, pandas
from mlflow.models.signature import ModelSignature
from mlflow.types import ColSpec, Schema, TensorSpec

MODEL = '\\n'.join((
    "class Model(mlflow.pyfunc.PythonModel):",
    "    def predict(self, context, model_input, params=None):",
    "        return ",
))
for name, (returned, inputs) in json.loads(sys.argv[1]).items():
    exec(MODEL + returned)
    signature = ModelSignature(inputs=eval("Schema(%s)" % inputs)) if inputs else None
    mlflow.pyfunc.save_model(path=name, python_model=Model(), signature=signature, pip_requirements=["mlflow-skinny"])
"""
"""Saves, by its own MLflow, models that return such a value for inputs of such a `Schema`: it takes long to import.

Which packages a model needs is said, for a late MLflow tries for a minute to find that out by itself.
"""

CELLS = "[ColSpec('string', 'zip'), ColSpec('long', 'n'), ColSpec('double', 'x')]"
RETURNED = {
    "columns": ("{'p': numpy.array([[0.25, 0.75]] * 2), 'l': numpy.ones(2)}", [[[0.25, 0.75], 1.0]] * 2),
    "labels": ("{'label': 'a', 'p': 0.5}", [["a", 0.5]]),
    "frame": (
        "pandas.DataFrame({'row': ['own'] * 2, 'n': [9007199254740993] * 2})",
        [["own", 9007199254740993]] * 2,
    ),
}
"""What a model returns, and the rows that it is."""
MODELS = {
    "cells": ("[repr(row) for row in model_input.values.tolist()]", CELLS),
    "tensor": (
        "[[int(cell) for cell in row] for row in model_input]",
        "[TensorSpec(numpy.dtype('int64'), (-1, 2))]",
    ),
    **{name: (returned, None) for name, (returned, _) in RETURNED.items()},
}


@pytest.fixture(scope="module", params=PACKAGES)
def python(request: pytest.FixtureRequest) -> str:
    """The interpreter of an environment with MLflow."""
    found = mlflow_python(request.param)
    if interpreter(request.param) is None:
        pytest.skip(f"no Python {request.param} here")
    if not (found.parent.parent / "made").exists():
        pytest.skip("no environments of old MLflows here: make services")
    return str(found)


@pytest.fixture(scope="module")
def saved(python: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The models of `MODELS`, by name."""
    folder = tmp_path_factory.mktemp("models")
    command = [python, "-c", SAVING, json.dumps(MODELS)]
    subprocess.run(command, check=True, cwd=folder, capture_output=True)
    return folder


def choose(jobs: Jobs, saved: Path, name: str) -> None:
    """Score with one of the models."""
    shutil.copytree(saved / name, jobs.root / "model/saved")


def test_every_cell_is_what_stands_there(jobs: Jobs, python: str, saved: Path) -> None:
    choose(jobs, saved, "cells")
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


def test_a_tensor_of_whole_numbers_has_no_number_for_what_is_none(jobs: Jobs, python: str, saved: Path) -> None:
    choose(jobs, saved, "tensor")
    files = {"good.csv": "a,b\n1,2\n8.0,9007199254740993\n", "empty.csv": "a,b\n1,\n", "text.csv": "a,b\n1,two\n"}
    record = scored(jobs, files, interpreter=python, mini_batch_size=10, output_format="jsonl")
    assert record.status == "Completed", record.error
    rows = [json.loads(line) for line in record.output_file.read_text().splitlines()]
    assert [row["prediction"] for row in rows] == [[1, 2], [8, 9007199254740993]]
    assert set(failures(record)) == {"empty.csv", "text.csv"}


@pytest.mark.parametrize("name", RETURNED)
def test_what_predict_returns_is_rows(jobs: Jobs, python: str, saved: Path, name: str) -> None:
    choose(jobs, saved, name)
    _, rows = RETURNED[name]
    record = scored(jobs, {"a.csv": "a\n1\n2\n"}, interpreter=python, output_format="jsonl")
    assert record.status == "Completed", record.error
    told = [list(json.loads(line).values()) for line in record.output_file.read_text().splitlines()]
    assert [row[1:-1] for row in told] == rows
