"""A SIGKILL at each request of an apply, before it arrives and after it was answered; then the same commands again."""

import os
from pathlib import Path

from tests.azure.double.behaviours import Behaviours
from tests.azure.double.double import Double
from tests.azure.double.faults import Moment
from tests.azure.double.serving import serving
from tests.azure.workspace import Workspace

EVERY = os.environ.get("BEP_EVERY_BOUNDARY") == "1"
"""`BEP_EVERY_BOUNDARY=1 pytest tests/azure/test_kills.py -s` kills at all of them, and says how many there were."""
STEP = 17
SMALL = """\
{kind: compute, name: cpu, type: amlcompute, max_instances: 2}
---
{kind: environment, name: env, version: 1, image: i}
---
{kind: model, name: m, version: 1, type: mlflow_model, path: azureml://datastores/workspaceblobstore/paths/m}
---
{kind: endpoint, name: letters, defaults: {deployment_name: blue}}
---
{kind: deployment, name: blue, endpoint_name: letters, model: azureml:m:1, compute: azureml:cpu,
 environment: azureml:env:1, settings: {environment_variables: {S: "${{ env.S }}"}}}
"""


def boundaries(folder: Path) -> int:
    """How many requests an undisturbed life has."""
    with serving(Behaviours(polls=1)) as azure:
        work = Workspace(folder, azure, SMALL)
        azure.faults.cut_at(0)
        work.bep("apply", "-y")
        return azure.faults.requests


def killed_at(work: Workspace, azure: Double, number: int, moment: Moment) -> None:
    """An apply that dies at its request of this number."""
    process = work.start("apply", "-y")
    azure.faults.cut_at(number, moment, do=process.kill)
    process.communicate(timeout=120)


def test_whatever_was_killed_converges_and_nothing_is_made_twice(tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    every = boundaries(tmp_path / "whole")
    moments: tuple[Moment, ...] = ("before", "after")
    chosen = [(number, moment) for number in range(1, every + 1) for moment in moments]
    chosen = chosen if EVERY else chosen[STEP::STEP]
    for number, moment in chosen:
        converges(tmp_path, number, moment)
    print(f"killed at {len(chosen)} of {every * len(moments)} request boundaries")


def converges(folder: Path, number: int, moment: Moment) -> None:
    """Kill at one boundary, apply again, destroy."""
    place = f"{moment}-{number}"
    (folder / place).mkdir()
    with serving(Behaviours(polls=1)) as azure:
        before = set(azure.paths())
        work = Workspace(folder / place, azure, SMALL)
        killed_at(work, azure, number, moment)
        work.bep("apply", "-y")
        assert work.is_settled(), place
        accepted = [one.short for one in azure.log.writes() if one.method == "PUT" and one.status in (200, 201)]
        for path in set(accepted):
            most = 2 if path == "batchEndpoints/letters" else 1  # once more for its traffic
            assert accepted.count(path) <= most, f"{place}: {path}"
        work.bep("destroy", "-y", "--allow", "delete-many", "--allow", "active-deployment")
        assert set(azure.paths()) - before <= {"environments/env", "models/m"}, place
