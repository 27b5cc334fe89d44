"""Jobs: a file, flags, and both."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from bep.schemas.findings.rendering import findings_text
from bep.schemas.job.job import JobSpec, LoadedJob, load_job
from tests.schemas.conftest import Workbench

JOB = """\
kind: job
endpoint: mybatchedp
deployment: mnist-deployment
inputs:
  images: {type: uri_folder, path: ../images}
outputs:
  score: {path: azureml://datastores/workspaceblobstore/paths/myoutput, format: csv}
resources: {instance_count: 2}
settings:
  mini_batch_size: 10
  output_file_name: mypredictions.csv
  logging_level: DEBUG
  retry_settings: {max_retries: 1}
  environment_variables: {VERSION: 1.10}
"""


def read(bench: Workbench, path: str | None = None, **changes: Any) -> LoadedJob:
    dotted: Mapping[str, Any] = {key.replace("__", "."): value for key, value in changes.items()}
    return load_job(bench.files, path, changes=dotted, variables={}, environment={})


def test_a_job_file(bench: Workbench) -> None:
    bench.write("jobs/job.yml", JOB)
    loaded = read(bench, "jobs/job.yml")
    assert loaded.findings == ()
    assert loaded.job == JobSpec(
        endpoint="mybatchedp",
        deployment="mnist-deployment",
        port="images",
        inputs=("images",),
        input_type="uri_folder",
        output_path="azureml://datastores/workspaceblobstore/paths/myoutput",
        output_format="csv",
        settings={
            "mini_batch_size": 10,
            "output_file_name": "mypredictions.csv",
            "logging_level": "debug",
            "max_retries": 1,
            "instance_count": 2,
        },
        environment_variables={"VERSION": "1.10"},
    )


def test_limits_of_a_worker_in_the_file_and_from_a_flag(bench: Workbench) -> None:
    bench.write("job.yml", JOB.replace("{instance_count: 2}", "{properties: {worker_memory: 512MiB, worker_cpus: 1}}"))
    job = read(bench, "job.yml", worker_memory="2GB").job
    assert job is not None
    assert (job.settings["worker_memory"], job.settings["worker_cpus"]) == ("2GB", 1)
    refused = read(bench, "job.yml", worker_memory="lots", worker_cpus="none")
    assert refused.job is None
    told = " ".join(found.message for found in refused.findings)
    assert "worker_memory cannot be 'lots'" in told
    assert "worker_cpus" in told


def test_flags_win_over_the_file(bench: Workbench) -> None:
    bench.write("job.yml", JOB)
    changes = {
        "retry_settings.max_retries": "5",
        "retry_settings.timeout": "60",
        "instance_count": 3,
        "input": ["a", "b/*.png"],
    }
    changes |= {
        "environment_variables.MODE": "fast",
        "output_path": "out",
        "mini_batch_size": "2",
        "deployment": "other",
    }
    loaded = load_job(bench.files, "job.yml", changes=changes, variables={}, environment={})
    assert loaded.findings == ()
    assert loaded.job is not None
    assert loaded.job.settings["max_retries"] == 5
    assert loaded.job.settings["timeout"] == 60
    assert loaded.job.settings["instance_count"] == 3
    assert loaded.job.settings["mini_batch_size"] == 2
    assert loaded.job.inputs == ("a", "b/*.png")
    assert loaded.job.output_path == "out"
    assert loaded.job.output_format == "csv"
    assert loaded.job.deployment == "other"
    assert loaded.job.environment_variables == {"VERSION": "1.10", "MODE": "fast"}


def test_flags_alone(bench: Workbench) -> None:
    loaded = read(bench, endpoint="mybatchedp", input="./images", retry_settings__max_retries="1")
    assert loaded.job == JobSpec("mybatchedp", inputs=("./images",), settings={"max_retries": 1})


def test_short_inputs(bench: Workbench) -> None:
    bench.write(
        "job.yml",
        "endpoint: e\ninputs: {a: [x.csv, azureml:mnist:1, 'https://example.org/a.csv']}\nmini_batch_size: 3\n",
    )
    loaded = read(bench, "job.yml")
    assert loaded.job is not None
    assert loaded.job.inputs == ("x.csv", "azureml:mnist:1", "https://example.org/a.csv")
    assert loaded.job.settings == {"mini_batch_size": 3}


def test_what_is_wrong_with_a_job(bench: Workbench, golden: Callable[[str, str], None]) -> None:
    bench.write(
        "job.yml",
        "endpont: mybatchedp\ninputs:\n  a: {path: x, typ: uri_folder}\n  b: ./y\nsettings:\n  mini_batch_size: 0\n"
        "  output_action: summary_only\n  error_treshold: 3\noutputs: {score: {format: xml}}\n",
    )
    loaded = read(bench, "job.yml", output_action="append_row", mini_bach_size="3", retry_settings__timeout="soon")
    assert loaded.job is None
    golden("schemas/job.txt", findings_text(loaded.findings, loaded.sources))
    bench.write("job.yml", "endpoint: e\ninputs: {a: x, b: y}\nsettings: {output_file_name: a/b.csv}\n")
    loaded = read(bench, "job.yml")
    golden("schemas/job-rules.txt", findings_text(loaded.findings, loaded.sources))
    assert [f.code for f in read(bench, "none.yml").findings] == ["file-unreadable"]
    assert [f.code for f in read(bench).findings] == ["missing-field", "missing-field"]


@pytest.mark.parametrize(
    "text",
    [
        "inputs: {x: {type: uri_folder, path: d}}\noutputs: {y: {type: uri_folder, mode: upload}}\n",
        "input_data: {x: {type: uri_folder, path: d}}\n",
        "inputs: {x: {type: uri_folder, path: d}}\nexperiment_name: e\nproperties: {a: b}\n",
        "dataset: d\n",
        "dataset: {path: d}\n",
    ],
)
def test_a_file_that_az_ml_invokes_with_is_a_job(bench: Workbench, text: str) -> None:
    bench.write("inputs.yml", text)
    loaded = read(bench, "inputs.yml", endpoint="letters")
    assert loaded.findings == ()
    assert loaded.job is not None
    assert (loaded.job.endpoint, loaded.job.inputs) == ("letters", ("d",))


def test_every_word_of_az_ml_has_its_place(bench: Workbench) -> None:
    bench.write(
        "jobs/inputs.yml",
        "job_name: nightly\nendpoint_name: letters\ndeployment_name: blue\ninput_data: {x: {path: azureml:mnist:1}}\n"
        "compute: {instance_count: 2, target: azureml:cpu}\nmini_batch_size: 5\nerror_threshold: 3\n"
        "retry_settings: {max_retries: 1, timeout: 40}\noutput_file_name: p.csv\n"
        "output_dataset: {datastore_id: azureml:blob, path: /some/where/}\n",
    )
    job = read(bench, "jobs/inputs.yml").job
    assert job is not None
    assert (job.name, job.endpoint, job.deployment, job.inputs) == ("nightly", "letters", "blue", ("azureml:mnist:1",))
    assert job.output_path == "azureml://datastores/blob/paths/some/where"
    assert job.settings == {
        "mini_batch_size": 5,
        "error_threshold": 3,
        "max_retries": 1,
        "timeout": 40,
        "output_file_name": "p.csv",
        "instance_count": 2,
    }


def test_what_only_a_pipeline_takes_is_told_at_its_place(bench: Workbench, golden: Callable[[str, str], None]) -> None:
    bench.write(
        "inputs.yml",
        "inputs:\n  data: {type: uri_folder, path: d}\n  more: {type: uri_file, path: e}\n"
        "  score_mode:\n    type: string\n    default: append\n  ratio: 0.5\n"
        "  model: {type: mlflow_model, path: azureml:m:1}\n  empty: {type: uri_folder}\n"
        "dataset: []\noutput_dataset: {datastore_id: azureml:blob}\nname: a\njob_name: b\n",
    )
    loaded = read(bench, "inputs.yml", endpoint="letters")
    golden("schemas/invocation.txt", findings_text(loaded.findings, loaded.sources))
