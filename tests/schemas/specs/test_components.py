"""Components, and deployments that run one: read, checked, made resources. Findings in golden files."""

from collections.abc import Callable
from typing import Any

import pytest

from bep.command_words import findings_said
from bep.schemas.findings.finding import errors
from bep.schemas.findings.rendering import findings_text
from bep.schemas.specs.loading import Loaded
from tests.schemas.conftest import Workbench

WORLD = """\
kind: compute
name: cpu
type: amlcompute
---
kind: endpoint
name: hearts
---
kind: environment
name: e
version: 1
image: x
"""
PREPARE = """\
$schema: https://azuremlschemas.azureedge.net/latest/commandComponent.schema.json
name: prepare
version: 1
type: command
inputs:
  data: {type: uri_folder}
  encoding: {type: string, optional: true, default: ordinal}
outputs:
  prepared: {type: uri_folder}
code: src
environment: azureml:e:1
command: >-
  python prepare.py --data ${{inputs.data}} $[[--encoding ${{ inputs.encoding }}]] --out ${{outputs.prepared}}
"""
SCORE = """\
name: score
type: command
inputs: {model: {type: mlflow_model}, data: {type: uri_folder}, mode: {type: string}}
outputs: {scores: {type: uri_folder}}
code: ../src
environment: {image: y}
command: python score.py ${{inputs.model}} ${{inputs.data}} ${{inputs.mode}} ${{outputs.scores}}
"""
PIPELINE = """\
name: hearts_pipeline
type: pipeline
inputs:
  input_data: {type: uri_folder}
  score_mode: {type: string, default: append}
outputs:
  scores: {type: uri_folder, mode: upload}
jobs:
  prepare_job:
    type: command
    component: azureml:prepare@latest
    inputs:
      data: ${{parent.inputs.input_data}}
    outputs:
      prepared:
  score_job:
    type: command
    component: components/score.yml
    inputs:
      data: ${{parent.jobs.prepare_job.outputs.prepared}}
      model: {path: azureml:heart@latest, type: mlflow_model}
      mode: ${{parent.inputs.score_mode}}
    outputs:
      scores: {mode: upload, path: "${{parent.outputs.scores}}"}
"""
DEPLOYMENT = """\
$schema: https://azuremlschemas.azureedge.net/latest/pipelineComponentBatchDeployment.schema.json
name: hearts-pipeline
endpoint_name: hearts
type: pipeline
component: pipeline.yml
settings: {continue_on_step_failure: false, default_compute: cpu, default_datastore: workspaceblobstore}
"""
MODEL = """\
kind: deployment
name: blue
endpoint_name: hearts
compute: azureml:cpu
environment: azureml:e:1
model: {name: m, version: 1, path: src}
code_configuration: {code: src, scoring_script: prepare.py}
settings: {force_rerun: true, mini_batch_size: 3}
"""


@pytest.fixture
def specs(bench: Workbench) -> Workbench:
    """A deployment of a pipeline whose steps stand in files of their own and in the specs."""
    for name, text in {
        "bep.yml": "workspace: w\nspecs: [world.yml, prepare.yml, deployment.yml]\n",
        "world.yml": WORLD,
        "prepare.yml": PREPARE,
        "deployment.yml": DEPLOYMENT,
        "pipeline.yml": PIPELINE,
        "components/score.yml": SCORE,
        "src/prepare.py": "print('x')\n",
    }.items():
        bench.write(name, text)
    return bench


def edited(specs: Workbench, file: str, old: str, new: str) -> Loaded:
    text = (specs.root / file).read_text()
    assert old in text
    specs.write(file, text.replace(old, new, 1))
    return specs.load()


def by_kind(loaded: Loaded, kind: str) -> dict[str, Any]:
    assert not errors(loaded.findings), loaded.findings
    return {str(r.address): r for r in loaded.resources if r.kind == kind}


def test_everything_becomes_a_resource(specs: Workbench) -> None:
    loaded = specs.load()
    assert loaded.findings == ()
    components = by_kind(loaded, "component")
    assert [name.split("/")[1] for name in sorted(components)] == ["hearts_pipeline", "prepare", "score"]
    (pipeline,) = (one for name, one in components.items() if "pipeline" in name)
    score = next(name for name in components if "/score/" in name)
    assert pipeline.attributes["jobs"]["prepare_job"]["component"] == "component/prepare/1"
    assert pipeline.attributes["jobs"]["score_job"]["component"] == score
    assert pipeline.attributes["jobs"]["prepare_job"]["outputs"] == {"prepared": {}}
    assert {reference.address for reference in pipeline.references} == {"component/prepare/1", score}
    assert "${{inputs.data}}" in components["component/prepare/1"].attributes["command"]
    assert components["component/prepare/1"].contents["code"].files.keys() == {"prepare.py"}
    (deployment,) = by_kind(loaded, "deployment").values()
    assert deployment.attributes == {
        "name": "hearts-pipeline",
        "endpoint_name": "hearts",
        "type": "pipeline",
        "component": pipeline.address,
        "settings": {
            "continue_on_step_failure": False,
            "default_compute": "compute/cpu",
            "default_datastore": "datastore/workspaceblobstore",
        },
    }


def test_a_version_follows_from_what_a_component_is(specs: Workbench) -> None:
    def pipeline() -> str:
        return next(name for name in by_kind(specs.load(), "component") if "pipeline" in name)

    first = pipeline()
    specs.write("more/pipeline.yml", "")  # where it lies is not what it is
    assert pipeline() == first
    edited(specs, "components/score.yml", "score.py", "scores.py")
    assert pipeline() != first


def test_a_component_may_be_written_where_it_runs(specs: Workbench) -> None:
    inline = "{code: ../src, environment: azureml:e:1, command: python hello.py}"
    specs.write("in/hello.yml", f"name: hello\nversion: 1\ntype: pipeline\njobs:\n  main_job:\n    type: command\n    component: {inline}\n")  # fmt: skip  # noqa: E501
    loaded = edited(specs, "deployment.yml", "component: pipeline.yml", "component: in/hello.yml")
    components = by_kind(loaded, "component")
    assert [name.split("/")[1] for name in sorted(components)] == ["hello", "hello_main_job", "prepare"]


@pytest.mark.parametrize("written", ["component: azureml:hearts_pipeline@latest", "component: file:./pipeline.yml"])
def test_every_way_to_name_a_component(specs: Workbench, written: str) -> None:
    specs.write("bep.yml", "workspace: w\nspecs: [world.yml, prepare.yml, deployment.yml, pipeline.yml]\n")
    loaded = edited(specs, "deployment.yml", "component: pipeline.yml", written)
    assert len(by_kind(loaded, "component")) == 3


def test_a_job_of_the_service_may_be_deployed(specs: Workbench) -> None:
    loaded = edited(specs, "deployment.yml", "component: pipeline.yml", "job_definition: azureml:nightly")
    assert (
        by_kind(loaded, "deployment")["deployment/hearts/hearts-pipeline"].attributes["job_definition"]
        == "azureml:nightly"
    )


def test_variables_stand_beside_bindings(specs: Workbench) -> None:
    specs.write("bep.yml", "workspace: w\nspecs: [world.yml, prepare.yml]\nvariables: {depth: {default: '3'}}\n")
    loaded = edited(specs, "prepare.yml", "prepare.py", "prepare.py --depth ${{ var.depth }}")
    command = by_kind(loaded, "component")["component/prepare/1"].attributes["command"]
    assert command.startswith("python prepare.py --depth 3 --data ${{inputs.data}}")


BROKEN = [
    ("command", "prepare.yml", "${{inputs.data}}", "${{inputs.dta}} ${{parent.inputs.data}}"),
    ("command-output", "prepare.yml", "${{outputs.prepared}}", "${{outputs.prepard}}"),
    ("optional", "prepare.yml", "$[[--encoding ${{ inputs.encoding }}]]", "--encoding ${{ inputs.encoding }}"),
    ("no-command", "prepare.yml", "command: >-", "commnd: >-"),
    ("parent", "pipeline.yml", "${{parent.inputs.input_data}}", "${{parent.inputs.input_dta}}"),
    (
        "job",
        "pipeline.yml",
        "${{parent.jobs.prepare_job.outputs.prepared}}",
        "${{parent.jobs.prepar_job.outputs.prepared}}",
    ),
    ("job-output", "pipeline.yml", "outputs.prepared}}", "outputs.prepard}}"),
    ("output", "pipeline.yml", "${{parent.outputs.scores}}", "${{parent.outputs.score}}"),
    ("input-missing", "pipeline.yml", "      mode: ${{parent.inputs.score_mode}}\n", ""),
    ("input-unknown", "pipeline.yml", "      mode: ", "      mod: "),
    ("cycle", "pipeline.yml", "${{parent.inputs.input_data}}", "${{parent.jobs.score_job.outputs.scores}}"),
    ("field", "pipeline.yml", "    component: azureml:prepare@latest", "    componet: azureml:prepare@latest"),
    ("reference", "pipeline.yml", "azureml:prepare@latest", "azureml:prepar@latest"),
    ("file", "pipeline.yml", "components/score.yml", "components/scores.yml"),
    ("itself", "pipeline.yml", "components/score.yml", "pipeline.yml"),
    ("other", "pipeline.yml", "components/score.yml", "world.yml"),
    ("model-field", "deployment.yml", "type: pipeline", "type: pipeline\ncompute: azureml:cpu\nmini_batch_size: 3"),
    ("setting", "deployment.yml", "default_compute: cpu", "defalt_compute: cpu"),
    ("compute", "deployment.yml", "default_compute: cpu", "default_compute: cpus"),
    ("type", "deployment.yml", "type: pipeline\n", "type: model\n"),
    ("model-setting", "deployment.yml", DEPLOYMENT, MODEL),
    ("both", "deployment.yml", "component: pipeline.yml", "component: pipeline.yml\njob_definition: azureml:j"),
]


@pytest.mark.parametrize(("name", "file", "old", "new"), BROKEN, ids=[one[0] for one in BROKEN])
def test_what_is_wrong(
    specs: Workbench, golden: Callable[[str, str], None], name: str, file: str, old: str, new: str
) -> None:
    loaded = edited(specs, file, old, new)
    golden(f"schemas/component-{name}.txt", findings_text(findings_said(loaded.findings), loaded.sources))


def test_a_component_of_2021(specs: Workbench) -> None:
    loaded = edited(specs, "prepare.yml", "code: src", "code: {local_path: ./src}\ncompute: azureml:gpu-cluster")
    component = by_kind(loaded, "component")["component/prepare/1"]
    assert component.contents["code"].files.keys() == {"prepare.py"}
    assert "compute" not in component.attributes
    loaded = edited(specs, "components/score.yml", "code: ../src", "code: {local_path: ../src}")
    assert len(by_kind(loaded, "component")) == 3


def test_data_of_2021_may_say_where_it_is_uploaded_to(specs: Workbench) -> None:
    specs.write(
        "d.yml", "kind: data\nname: d\nversion: 1\ndatastore: azureml:workspaceblobstore\nlocal_path: src\npath: /x\n"
    )
    loaded = specs.load("d.yml")
    assert [finding.code for finding in loaded.findings if finding.address == "data/d/1"] == ["upload-path"]
    assert by_kind(loaded, "data")["data/d/1"].attributes["path"]["local"] == "src"


def test_what_only_is_shown_by_a_name_is_no_component(specs: Workbench) -> None:
    specs.write("bep.yml", "workspace: w\nspecs: [readme.yml]\n")
    specs.write("readme.yml", "display_name: Installing\ndescription: how\ntags: {purpose: demonstration}\n")
    assert [finding.code for finding in specs.load().findings] == ["not-a-spec"]
