"""The folder of an MLflow model is looked into: findings in golden files, what it says of itself as values."""

from collections.abc import Callable

import pytest

from bep.command_words import findings_said
from bep.schemas.environments.mlflow_models import described
from bep.schemas.findings.finding import errors
from bep.schemas.findings.rendering import findings_text
from tests.schemas.conftest import Workbench

FUNCTION = "flavors:\n  python_function: {loader_module: mlflow.sklearn, env: conda.yaml}\n"
SPECS = """\
kind: compute
name: cpu
type: amlcompute
---
kind: endpoint
name: letters
---
name: blue
endpoint_name: letters
compute: azureml:cpu
model: {name: flow, version: 1, type: mlflow_model, path: flow}
"""
BROKEN = {
    "no-mlmodel": {"flow/saved/MLmodel": FUNCTION, "flow/saved/conda.yaml": "name: x\n"},
    "no-yaml": {"flow/MLmodel": "flavors: {python_function: \n"},
    "no-mapping": {"flow/MLmodel": "- flavors\n"},
    "no-function": {"flow/MLmodel": "run_id: 1\nflavors:\n  sklearn: {pickled_model: model.pkl}\n"},
    "no-flavors": {"flow/MLmodel": "run_id: 1\n"},
    "no-environment": {
        "flow/MLmodel": FUNCTION.replace("conda.yaml", "{conda: conda.yaml, virtualenv: python_env.yaml}")
    },
    "near-environment": {"flow/MLmodel": FUNCTION, "flow/condas.yaml": "name: x\n"},
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_a_model_lacks(bench: Workbench, golden: Callable[[str, str], None], name: str) -> None:
    bench.write("specs.yml", SPECS)
    for path, text in BROKEN[name].items():
        bench.write(path, text)
    bench.write("bep.yml", "workspace: x\nspecs: [specs.yml]\n")
    loaded = bench.load()
    golden(f"schemas/mlflow-{name}.txt", findings_text(findings_said(loaded.findings), loaded.sources))


def test_a_model_without_a_python_function_scores_with_a_script(bench: Workbench) -> None:
    script = "environment: {name: e, version: 1, image: x}\ncode_configuration: {code: code, scoring_script: s.py}\n"
    bench.write("specs.yml", SPECS + script)
    bench.write("code/s.py", "def run(b): return list(b)\n")
    bench.write("flow/MLmodel", "flavors: {sklearn: {}}\n")
    loaded = bench.load("specs.yml")
    assert not errors(loaded.findings)
    assert [finding.code for finding in loaded.findings] == ["mlflow-not-by-itself"]


@pytest.mark.parametrize("file", ["conda.yaml", "conda.yml", "python_env.yaml", "requirements.txt"])
def test_a_file_of_a_usual_name_stands_in(bench: Workbench, file: str) -> None:
    bench.write("specs.yml", SPECS)
    bench.write("flow/MLmodel", FUNCTION.replace("conda.yaml", "conda-env.yml"))
    bench.write(f"flow/{file}", "name: x\n")
    assert bench.load("specs.yml").findings == ()


def test_a_model_says_what_it_takes_and_gives() -> None:
    written = b"""\
flavors:
  python_function: {loader_module: x, python_version: 3.8.10}
  sklearn: {}
mlflow_version: 2.9.2
signature:
  inputs: '[{"name": "age", "type": "long"}]'
  outputs: '[{"type": "double"}]'
  params: null
"""
    assert described(written) == {
        "flavors": ["python_function", "sklearn"],
        "signature": {"inputs": [{"name": "age", "type": "long"}], "outputs": [{"type": "double"}]},
        "python_version": "3.8.10",
        "mlflow_version": "2.9.2",
    }
    assert described(b"flavors: {}\nsignature: {inputs: 'not json'}\n")["signature"] == {"inputs": "not json"}
    assert described(b"flavors: [a]\n") == {"flavors": [], "signature": None}
    for nothing in (b"", b"- a", b"a: [", b"\xff"):
        assert described(nothing) == {}
