"""Parallel jobs that bep writes: every setting of the deployment and the job, no secret, taken by Azure's loader."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from bep import api
from bep.providers.azure.exporting.parallel_fitness import LONGEST_CALL
from bep.providers.world import Setup
from bep.providers.worlds import JOB_EXPORTS, WORLDS
from tests.bep.conftest import surroundings, write
from tests.forking.commands import run

STEP_KEYS: Final = {
    *("type", "inputs", "outputs", "compute", "task", "input_data", "mini_batch_size", "partition_keys"),
    *("error_threshold", "logging_level", "resources", "max_concurrency_per_instance", "retry_settings"),
    "environment_variables",
}
"""Azure Machine Learning docs, "CLI (v2) parallel job YAML schema"; `error_threshold` as azure-ai-ml has it."""
TASK_KEYS: Final = {"type", "code", "entry_script", "environment", "program_arguments", "append_row_to"}
"""The same page, attributes of the `task` key."""
BEP_YML = """\
workspace: w
provider: {azure: {subscription_id: s, resource_group: g, workspace_name: www}}
specs: [specs/*.yml]
"""
SPECS = """\
{kind: compute, name: cpu, type: amlcompute, size: Standard_DS3_v2}
---
{kind: environment, name: env, version: 1, image: i}
---
{kind: model, name: m, version: 1, type: custom_model, path: azureml://datastores/workspaceblobstore/paths/m}
---
{kind: data, name: mails, version: 1, path: azureml://datastores/workspaceblobstore/paths/mails}
---
{kind: data, name: one-mail, version: 1, type: uri_file, path: azureml://datastores/workspaceblobstore/paths/mail}
---
{kind: endpoint, name: letters, defaults: {deployment_name: blue}}
---
kind: deployment
name: blue
endpoint_name: letters
description: counts letters
model: azureml:m:1
compute: azureml:cpu
environment: azureml:env:1
code_configuration: {code: ../code, scoring_script: score.py}
resources: {instance_count: 2, instance_type: STANDARD_DS3_V2, shm_size: 2g}
settings:
  mini_batch_size: 7
  max_concurrency_per_instance: 3
  output_file_name: rows.txt
  retry_settings: {max_retries: 1, timeout: 120}
  error_threshold: 5
  logging_level: warning
  environment_variables: {A: b, S: "${{ env.S }}", N: 010}
---
{kind: deployment, name: green, endpoint_name: letters, model: azureml:m:1, compute: azureml:cpu,
 environment: azureml:env:1, code_configuration: {code: ../code, scoring_script: score.py},
 settings: {output_action: summary_only, partition_keys: [store, day]}}
---
{kind: model, name: flow, version: 1, type: mlflow_model, path: azureml://datastores/workspaceblobstore/paths/f}
---
{kind: deployment, name: red, endpoint_name: letters, model: azureml:flow:1, compute: azureml:cpu}
"""
JOB = """\
kind: job
endpoint: letters
inputs:
  mails: {type: uri_folder, path: azureml:mails:1}
"""
SECRET = "hushed-value"
LOADING = """\
import json, sys, warnings
warnings.simplefilter("ignore")
from azure.ai.ml import load_job
for file in sys.argv[1:]:
    job = load_job(file)
    checked = job._validate()
    step = job.jobs["score"]._to_rest_object()
    print(json.dumps({"passed": checked.passed, "wrong": checked.error_messages, "step": step}, default=str))
"""
"""Azure ML's own client reads each file, checks it, and makes of the step what it would send."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    script = "def init(): ...\ndef run(batch): return batch\n"
    write(tmp_path, {"bep.yml": BEP_YML, "specs/all.yml": SPECS, "code/score.py": script, "job.yml": JOB})
    return tmp_path


def step_in(text: str) -> dict[str, Any]:
    whole = yaml.safe_load(text)
    assert whole["type"] == "pipeline"
    (step,) = whole["jobs"].values()
    assert step["type"] == "parallel"
    assert isinstance(step, dict)
    return step


def exported(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run(("export", "azureml-parallel", *arguments), folder, surroundings())


def findings(folder: Path, **asked: Any) -> list[str]:
    with pytest.raises(api.SpecsInvalid) as found:
        api.Workspace.open(folder).export("azureml-parallel", **asked)
    return [one.message for one in found.value.findings if one.severity == "error"]


def test_every_setting_of_the_deployment_is_in_the_text(folder: Path, golden: Any) -> None:
    text = api.Workspace.open(folder).export("azureml-parallel", "job.yml")
    golden("azure/parallel.yml", text)
    step = step_in(text)
    assert step.keys() <= STEP_KEYS
    assert step["task"].keys() <= TASK_KEYS
    assert (step["mini_batch_size"], step["error_threshold"], step["logging_level"]) == ("7", 5, "WARNING")
    assert step["retry_settings"] == {"max_retries": 1, "timeout": 120}
    assert step["max_concurrency_per_instance"] == 3
    assert step["resources"] == {"instance_count": 2, "instance_type": "STANDARD_DS3_V2", "shm_size": "2g"}
    assert step["environment_variables"] == {"A": "b", "N": "010"}
    assert (folder / step["task"]["code"] / step["task"]["entry_script"]).is_file()


def test_what_a_job_says_goes_before_what_its_deployment_says(folder: Path) -> None:
    job = (
        JOB.replace("azureml:mails:1", "mails")
        + """\
name: tonight
outputs: {score: {path: azureml://datastores/archive/paths/x}}
resources: {instance_count: 9}
settings:
  mini_batch_size: 2
  error_threshold: 1
  output_file_name: mine.txt
  retry_settings: {timeout: 60}
  environment_variables: {A: c, T: "${{ env.T }}"}
"""
    )
    write(folder, {"job.yml": job, "mails/1": "x"})
    done = exported(folder, "job.yml", "-o", "specs/parallel.txt")
    assert done.returncode == 0, done.stderr
    text = (folder / "specs" / "parallel.txt").read_text()
    step = step_in(text)
    assert yaml.safe_load(text)["name"] == "tonight"
    assert (step["mini_batch_size"], step["error_threshold"]) == ("2", 1)
    assert step["resources"]["instance_count"] == 9
    assert step["retry_settings"] == {"max_retries": 1, "timeout": 60}
    assert step["environment_variables"] == {"A": "c", "N": "010"}
    assert step["outputs"]["score"]["path"] == "azureml://datastores/archive/paths/x/mine.txt"
    for path in (step["task"]["code"], step["inputs"]["mails"]["path"]):
        assert (folder / "specs" / path).is_dir()
    for name in ("S", "T"):
        assert f"the environment variable {name} is left out: it is a secret" in done.stderr


def test_a_script_that_writes_its_own_files_gets_the_folder_as_an_argument(folder: Path) -> None:
    text = api.Workspace.open(folder).export("azureml-parallel", endpoint="letters", deployment="green", input="code")
    step = step_in(text)
    assert step["task"]["program_arguments"] == "--model ${{inputs.model}} --output_folder ${{outputs.score}}"
    assert "append_row_to" not in step["task"]
    assert step["outputs"]["score"]["type"] == "uri_folder"
    assert step["partition_keys"] == ["store", "day"]
    assert "mini_batch_size" not in step
    assert "--output_folder is the folder" in text


def test_no_value_of_a_secret_is_written_or_needed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("S", raising=False)
    without = api.Workspace.open(folder).export("azureml-parallel", "job.yml")
    monkeypatch.setenv("S", SECRET)
    assert api.Workspace.open(folder).export("azureml-parallel", "job.yml") == without
    assert SECRET not in without


def test_what_a_parallel_step_cannot_say_is_found_all_at_once(folder: Path) -> None:
    job = """\
kind: job
endpoint: letters
inputs:
  mails: {path: ["s3://bucket/x", "mails/*.txt"]}
outputs: {score: {path: ./here, format: parquet}}
"""
    write(folder, {"job.yml": job})
    assert findings(folder, job="job.yml") == [
        "format parquet: a parallel step writes rows as a batch endpoint does, and in no other way",
        "input mails/*.txt is a pattern, and a parallel step takes a folder as it is",
        "input s3://bucket/x lies where Azure ML reads nothing",
        "the job has 2 inputs, and a parallel step splits one folder",
        "the output goes to here, and a parallel step writes to a datastore",
    ]
    of_one_file = "input azureml:one-mail:1 is one file, and a parallel step splits a folder"
    assert findings(folder, endpoint="letters", input="azureml:one-mail:1") == [of_one_file]
    write(folder, {"specs/all.yml": SPECS.replace("timeout: 120", f"timeout: {LONGEST_CALL + 1}")})
    too_long = f"retry_settings.timeout is {LONGEST_CALL + 1}, and a parallel step has {LONGEST_CALL} at most"
    assert findings(folder, endpoint="letters", input="code") == [too_long]


def test_which_deployment_is_meant_is_told_from_the_specs_alone(folder: Path) -> None:
    said = "it has no scoring script, and a parallel step runs one"
    assert findings(folder, endpoint="letters", deployment="red", input="code") == [said]
    said = "no spec declares the deployment blu of letters, and nobody was asked which there are"
    assert findings(folder, endpoint="letters", deployment="blu", input="code") == [said]
    said = "no spec declares a deployment of leters, and nobody was asked which there are"
    assert findings(folder, endpoint="leters", input="code") == [said]
    write(folder, {"specs/all.yml": SPECS.replace(", defaults: {deployment_name: blue}", "")})
    said = "no deployment of letters has the traffic in the specs, and the job names none"
    assert findings(folder, endpoint="letters", input="code") == [said]


def test_what_bep_alone_keeps_is_left_out_in_words(folder: Path) -> None:
    kept = "  init_timeout: 900\n  bisect: false\n  mini_batch_size: 7"
    memory = "shm_size: 2g, properties: {worker_memory: 2GB, worker_cpus: 2}"
    told = SPECS.replace("  mini_batch_size: 7", kept).replace("shm_size: 2g", memory)
    write(folder, {"specs/all.yml": told, "code/.env": "TOKEN=x\n"})
    done = exported(folder, "job.yml")
    assert done.returncode == 0, done.stderr
    for name in ("init_timeout", "bisect", "worker_memory", "worker_cpus"):
        assert f"{name} is left out: a parallel step has no such setting" in done.stderr
        assert name not in done.stdout
    assert ".env would be uploaded: az ml leaves out only what an ignore file names" in done.stderr


def test_a_job_belongs_to_the_language_of_jobs(folder: Path) -> None:
    ours = api.Workspace.open(folder)
    with pytest.raises(api.Refused, match="azureml-parallel has one job in it, and none is named"):
        ours.export("azureml-parallel")
    with pytest.raises(api.Refused, match="arm has all specs in it, and no job"):
        ours.export("arm", "job.yml")
    with pytest.raises(api.NotFound, match="there are: arm, bicep, azureml-parallel"):
        ours.export("parallel")
    done = exported(folder, "-e", "letters")
    assert (done.returncode, done.stdout) == (3, "")
    assert "the job needs 'inputs'" in done.stderr


def test_the_languages_of_jobs_of_each_world_are_known_without_opening_it(tmp_path: Path) -> None:
    settings = {"subscription_id": "s", "resource_group": "g", "workspace_name": "w"}
    for name, opened in WORLDS.items():
        setup = Setup(tmp_path, tmp_path, settings if name == "azure" else {}, "", str, {}, {}, Path)
        assert tuple(opened(setup).job_exports or ()) == JOB_EXPORTS.get(name, ())


def loaded(*files: Path) -> tuple[list[Mapping[str, Any]], str]:
    """What the client makes of files, in one process, for it takes long to import; and where it stopped, why."""
    done = subprocess.run(
        [sys.executable, "-c", LOADING, *files], env=surroundings(), capture_output=True, text=True, check=False
    )
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")], done.stderr


def test_azure_mls_own_loader_takes_it_and_reads_the_same(folder: Path) -> None:
    pytest.importorskip("azure.ai.ml", reason="azure-ai-ml is not installed: pip install -e .[services]")
    files = [folder / "blue.yml", folder / "green.yml"]
    for file, arguments in zip(files, (["job.yml"], ["-e", "letters", "-d", "green", "-i", "code"]), strict=True):
        assert exported(folder, *arguments, "-o", file.name).returncode == 0
    refused = folder / "refused.yml"
    refused.write_text(files[-1].read_text().replace("type: run_function", "type: run_functions"))
    answers, why = loaded(*files, refused)
    assert len(answers) == len(files), why
    assert "run_functions" in why
    for file, found in zip(files, answers, strict=True):
        step = step_in(file.read_text())
        assert (found["passed"], found["wrong"]) == (True, {})
        sent = found["step"]
        assert sent["mini_batch_size"] == int(step.get("mini_batch_size", 0))  # with partition_keys there is none
        for key in ("error_threshold", "logging_level", "max_concurrency_per_instance"):
            assert sent[key] == step.get(key), key
        assert sent["retry_settings"] == step["retry_settings"]
        assert sent["resources"] == step["resources"]
        assert sent.get("environment_variables", {}) == step.get("environment_variables", {})
        assert sent["task"]["program_arguments"] == step["task"]["program_arguments"]
        assert sent["task"].get("append_row_to") == step["task"].get("append_row_to")
