"""A workspace that reads handwritten digits, slowly enough to be looked at: for pictures of the pages of jobs."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import numpy
from PIL import Image
from sklearn.datasets import load_digits

from tests.bep.conftest import FILES, Workspace, until, write
from tests.server.serving import Running
from tests.server.studio_jobs import HTML

ITEMS: Final = 240

SCRIPT: Final = """\
import os, time
import numpy
from PIL import Image

def init():
    global means, pace
    means = numpy.load(os.path.join(os.environ["AZUREML_MODEL_DIR"], "model", "means.npy"))
    pace = float(os.environ["PACE"])

def run(mini_batch):
    rows = []
    for path in mini_batch:
        name = os.path.basename(path)
        time.sleep(pace)
        pixels = numpy.asarray(Image.open(path), dtype=float).ravel() / 16
        if name.endswith("17.png"):
            raise ValueError(f"{name}: the strokes leave the frame")
        far = ((means - pixels) ** 2).sum(axis=1)
        near = numpy.exp(-far / 100)
        print("read", name, flush=True)
        rows.append({"file": name, "digit": int(far.argmin()), "certainty": round(float(near.max() / near.sum()), 3)})
    return rows
"""
SPECS: Final = """\
kind: compute
name: cpu-cluster
type: amlcompute
max_instances: 4
---
name: digits
auth_mode: aad_token
defaults: {deployment_name: nearest-mean}
---
name: nearest-mean
endpoint_name: digits
type: model
model: {name: means, version: 1, path: model}
code_configuration: {code: code, scoring_script: score.py}
environment: {name: plain, version: 1, image: python}
compute: azureml:cpu-cluster
resources: {instance_count: 2}
settings: {mini_batch_size: 6, max_concurrency_per_instance: 2, environment_variables: {PACE: "0"}}
"""
JOB: Final = """\
kind: job
endpoint: digits
inputs: {images: {type: uri_folder, path: images}}
outputs: {score: {format: csv}}
settings: {output_file_name: digits.csv, retry_settings: {max_retries: 1}}
"""


def laid_out(folder: Path) -> Workspace:
    """The workspace, applied, with one job that is over, called `nightly`."""
    there = {"bep.yml": FILES["bep.yml"].replace("letters", "digits"), "specs.yml": SPECS, "job.yml": JOB}
    write(folder, {**there, "code/score.py": SCRIPT})
    known = load_digits()
    (folder / "images").mkdir()
    (folder / "model").mkdir()
    numpy.save(folder / "model/means.npy", [known.data[known.target == digit].mean(axis=0) for digit in range(10)])
    for number in range(ITEMS):
        pixels = (known.images[-number - 1] * 16).clip(0, 255).astype("uint8")
        Image.fromarray(pixels).save(folder / f"images/digit-{number:04d}.png")
    workspace = Workspace(folder)
    workspace.bep("apply", "-y")
    workspace.bep("run", "job.yml", "--name", "nightly")
    return workspace


@contextmanager
def at_work(running: Running, name: str = "today") -> Iterator[str]:
    """A job that has come a good part of its way and goes on."""
    workspace = running.workspace
    workspace.bep("run", "job.yml", "--name", name, "--no-wait", "--set", "environment_variables.PACE=0.35")
    client = running.client("read")

    def has_come_far() -> bool:
        page = client.get(f"/studio/jobs/{name}", headers=HTML).text
        return any(f"<strong>{share}%</strong>" in page for share in range(35, 100))

    try:
        until(has_come_far)
        yield name
    finally:
        workspace.bep("job", "cancel", name, expect=None)
