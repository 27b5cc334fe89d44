"""What stands behind a spec is looked into: scripts by the Python that they are for, models by their MLmodel."""

import json

import pytest

from tests.bep.conftest import Workspace
from tests.services.places import interpreter

MATCH = "def run(mini_batch):\n    match mini_batch:\n        case _:\n            return mini_batch\n"


def _ask_for(workspace: Workspace, python: str) -> None:
    workspace.edit("specs.yml", "image: python", f"conda_file: {{dependencies: [python={python}]}}")


@pytest.mark.parametrize("python", ["3.8", "3.99"])
def test_a_script_is_judged_by_the_python_that_it_is_for(workspace: Workspace, python: str) -> None:
    _ask_for(workspace, python)
    (workspace.folder / "code/score.py").write_text(MATCH)
    done = workspace.bep("validate", "--json", expect=3 if python == "3.8" else 0)
    found = [one for one in json.loads(done.stdout)["findings"] if one["code"] == "script-syntax"]
    assert [(one["severity"], one["file"], one["line"]) for one in found] == (
        [("error", "code/score.py", 2)] if python == "3.8" else []
    )
    for one in found:
        there = interpreter(python)
        assert one["message"].startswith("Python 3.8")
        assert ("Python 3.8." in one["message"]) is bool(there)


def test_a_script_of_an_older_grammar_is_right_where_that_python_is_here(workspace: Workspace) -> None:
    if not interpreter("3.6"):
        pytest.skip("no Python 3.6 here")
    _ask_for(workspace, "3.6")
    (workspace.folder / "code/score.py").write_text("async = 1\n\n\ndef run(mini_batch):\n    return mini_batch\n")
    assert "script-syntax" not in workspace.bep("validate", "--json").stdout


def test_a_model_of_mlflow_shows_what_it_takes_and_gives(workspace: Workspace) -> None:
    (workspace.folder / "model/MLmodel").write_text(
        "flavors:\n  python_function: {loader_module: x, python_version: 3.11.1}\n"
        'signature:\n  inputs: \'[{"name": "age", "type": "long"}]\'\n'
    )
    (workspace.folder / "model/requirements.txt").write_text("")
    workspace.bep("apply", "-y")
    shown = json.loads(workspace.bep("show", "model/alphabet/1", "-o", "json").stdout)
    assert shown["mlflow"] == {
        "flavors": ["python_function"],
        "signature": {"inputs": [{"name": "age", "type": "long"}]},
        "python_version": "3.11.1",
    }
    assert "long" in workspace.bep("show", "model/alphabet/1").stdout


CURATED = "environment: azureml:AzureML-sklearn:3"


def test_an_environment_of_azure_ml_has_an_equivalent_here(workspace: Workspace) -> None:
    workspace.edit("specs.yml", "environment: {name: plain, version: 1, image: python}", CURATED)
    assert "environment 'azureml:AzureML-sklearn:3' is kept by Azure ML" in workspace.bep("validate").stdout
    workspace.bep("apply", "-y")
    refused = workspace.bep("run", "job.yml", expect=5)
    assert "it names azureml:AzureML-sklearn:3, which Azure ML keeps" in refused.stderr
    assert "environments in bep.yml" in refused.stderr
    assert workspace.bep("job", "list", "-o", "json").stdout.strip() == "[]"
    bep_yml = workspace.folder / "bep.yml"
    bep_yml.write_text(bep_yml.read_text() + "environments:\n  AzureML-sklearn: {image: python}\n")
    assert "is kept by Azure ML" not in workspace.bep("validate").stdout
    workspace.bep("apply", "-y")
    assert any(address.startswith("environment/AzureML-sklearn/") for address in workspace.entries())
    workspace.bep("run", "job.yml")
    assert "Nothing to do" in workspace.bep("plan").stdout
