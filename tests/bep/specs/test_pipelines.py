"""Pipelines and their components in the local world: planned, kept, compared, let go; no job begins with one."""

import json

import pytest

from tests.bep.conftest import Workspace, write

FILES = {
    "pipelines.yml": """\
name: steps
endpoint_name: letters
type: pipeline
component: steps.yml
settings: {default_compute: cpu-cluster}
""",
    "count.yml": """\
name: count
version: 1
type: command
inputs: {texts: {type: uri_folder}, mode: {type: string, default: all}}
outputs: {counts: {type: uri_folder}}
code: count
environment: azureml:plain:1
command: python count.py ${{inputs.texts}} ${{inputs.mode}} ${{outputs.counts}}
""",
    "steps.yml": """\
name: steps
version: 1
type: pipeline
inputs: {texts: {type: uri_folder}}
outputs: {counts: {type: uri_folder}}
jobs:
  count_job:
    type: command
    component: azureml:count:1
    inputs: {texts: "${{parent.inputs.texts}}"}
    outputs: {counts: "${{parent.outputs.counts}}"}
""",
    "count/count.py": "print('counted')\n",
    "inputs.yml": """\
inputs:
  texts: {type: uri_folder, path: texts}
  mode: {type: string, default: all}
""",
}
DEPLOYMENT = "deployment/letters/steps"


@pytest.fixture
def pipelines(workspace: Workspace) -> Workspace:
    """The small workspace with a pipeline of one step beside its model."""
    write(workspace.folder, FILES)
    workspace.edit("bep.yml", "specs: [specs.yml]", "specs: [specs.yml, pipelines.yml, count.yml]")
    return workspace


def changes(workspace: Workspace) -> dict[str, str]:
    """What a plan does, by address."""
    planned = json.loads(workspace.bep("plan", "--json").stdout)
    return {change["address"]: change["action"] for change in planned["changes"] if change["action"] != "no-op"}


def test_a_pipeline_lives_as_a_resource(pipelines: Workspace) -> None:
    pipelines.bep("apply", "-y")
    assert {DEPLOYMENT, "component/steps/1", "component/count/1"} <= pipelines.entries()
    assert "Nothing to do" in pipelines.bep("plan").stdout
    shown = json.loads(pipelines.bep("show", DEPLOYMENT, "-o", "json").stdout)
    assert shown["attributes"]["component"] == "component/steps/1"
    assert "settings" in shown["attributes"]
    assert "mini_batch_size" not in shown["attributes"]["settings"]
    assert "pipeline steps/1" in pipelines.bep("show").stdout
    pipelines.edit("pipelines.yml", "{default_compute", "{force_rerun: true, default_compute")
    assert changes(pipelines) == {DEPLOYMENT: "update"}
    pipelines.bep("destroy", "-y")
    assert not pipelines.entries()


def test_a_registered_component_does_not_change(pipelines: Workspace) -> None:
    pipelines.bep("apply", "-y")
    pipelines.edit("count/count.py", "counted", "counted again")
    refused = pipelines.bep("plan", expect=3)
    assert "component/count/1" in refused.stdout + refused.stderr
    assert "bump the version of this component" in refused.stdout + refused.stderr
    pipelines.edit("count.yml", "version: 1", "version: 2")
    pipelines.edit("steps.yml", "version: 1", "version: 2")
    pipelines.edit("steps.yml", "azureml:count:1", "azureml:count@latest")
    assert changes(pipelines) == {
        "component/count/1": "retain",
        "component/count/2": "create",
        "component/steps/1": "retain",
        "component/steps/2": "create",
        DEPLOYMENT: "update",
    }
    pipelines.bep("apply", "-y")
    assert "component/count/1" in pipelines.entries()
    assert "Nothing to do" in pipelines.bep("plan").stdout


@pytest.mark.parametrize("asked", [("--deployment", "steps", "-i", "texts"), ("inputs.yml", "--deployment", "steps")])
def test_no_job_begins_with_a_pipeline(pipelines: Workspace, asked: tuple[str, ...]) -> None:
    pipelines.bep("apply", "-y")
    for more in ((), ("--dry-run",), ("--no-wait",), ("--sample", "1")):
        refused = pipelines.bep("run", *asked, "-e", "letters", *more, expect=5)
        assert "it runs a pipeline (component/steps/1), and this machine runs none yet" in refused.stderr
    assert json.loads(pipelines.bep("job", "list", "-o", "json").stdout) == []
    jobs = pipelines.folder / ".bep/jobs"
    assert not jobs.exists() or not list(jobs.iterdir())


def test_the_model_beside_it_is_scored_as_ever(pipelines: Workspace) -> None:
    pipelines.bep("apply", "-y")
    done = pipelines.bep("run", "job.yml", "--query", "counts.scored", "-o", "tsv")
    assert done.stdout.strip() == "5"
    assert "value" in pipelines.bep("run", "inputs.yml", "-e", "letters", expect=3).stderr
    pipelines.bep("env", "list")
    pipelines.bep("env", "prune", "-y")
