"""Jobs of the service: the real command line, and the use cases in process, against the double and a real blob store."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.azure.behaviours import Behaviours
from tests.azure.bodies import deployment, endpoint, furnished
from tests.azure.double import Double
from tests.azure.jobs import Course, Job
from tests.azure.workspace import Workspace

JOB = """\
kind: job
endpoint: ep1
inputs: {images: {type: uri_folder, path: images}}
settings: {mini_batch_size: 5, retry_settings: {timeout: 120}}
resources: {instance_count: 2}
"""
COUNT = 3


def ready(azure: Double, folder: Path) -> Workspace:
    """A workspace of an endpoint that takes jobs, and a job with files of this machine."""
    azure.behaviours.job_polls = 1
    furnished(azure)
    azure.seed("batchEndpoints/ep1/deployments/d1", deployment(azure))
    described = endpoint(defaults={"deploymentName": "d1"}, scoringUri=f"{azure.base_url}/scoring/ep1/jobs")
    azure.seed("batchEndpoints/ep1", described)
    (folder / "images").mkdir()
    for number in range(COUNT):
        (folder / f"images/{number}.txt").write_text(str(number))
    work = Workspace(folder, azure, "{kind: compute, name: cpu, type: amlcompute}\n")
    (folder / "job.yml").write_text(JOB)
    return work


def container(azure: Double, name: str = "") -> Any:
    from azure.storage.blob import ContainerClient

    return ContainerClient(azure.blob.url, name or azure.blob.container, credential=azure.blob.key)


def test_a_job_is_sent_followed_and_downloaded(tmp_path: Path, azure_with_blobs: Double) -> None:
    azure = azure_with_blobs
    work = ready(azure, tmp_path)

    def written(job: Job) -> None:
        with container(azure) as own:
            own.upload_blob(f"azureml/{job.child}/score/predictions.csv", "0\n1\n2\n")

    azure.jobs.course = Course(at_end=written)
    print(work.bep("run", "job.yml", "--dry-run"))
    assert azure.jobs.all == []
    print(work.bep("run", "job.yml"))
    [job] = azure.jobs.all
    print(json.dumps(job.body, indent=1))
    for arguments in (("job", "list"), ("job", "list", "-o", "json"), ("job", "show", job.name), ("job", "show", job.name, "-o", "json"), ("job", "logs", job.name), ("job", "stream", job.name), ("job", "download", job.name, "-p", "got", "--all")):
        print(arguments)
        print(work.bep(*arguments))
    assert 0
