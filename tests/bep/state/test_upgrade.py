"""What bep of commit 2e74deb left behind is read, planned against and finished by this one."""

import json
from pathlib import Path

import pytest

from tests.bep.conftest import Workspace
from tests.fixtures.commit_2e74deb import JOBS, lay_out


@pytest.fixture
def kept(tmp_path: Path) -> Workspace:
    return Workspace(lay_out(tmp_path / "kept"))


def rows(workspace: Workspace, job: str) -> str:
    record = json.loads(workspace.bep("job", "show", job, "-o", "json").stdout)
    return Path(record["outputs"]["score"]["file"]).read_text()


def test_the_first_plan_is_empty_and_so_is_the_one_after_an_apply(kept: Workspace) -> None:
    assert json.loads(kept.bep("plan", "--json").stdout)["changes"] == []
    kept.bep("apply", "-y")
    kept.bep("plan", "--detailed-exitcode")


def test_its_jobs_are_listed_and_shown(kept: Workspace) -> None:
    listed = {job["name"]: job["status"] for job in json.loads(kept.bep("job", "list", "-o", "json").stdout)}
    assert listed == {"done": "Completed", "half-done": "NotResponding", "half-csv": "NotResponding"}
    for job in JOBS:
        kept.bep("job", "show", job)
        kept.bep("job", "report", job)


def test_a_job_it_left_half_done_is_finished_to_the_bytes_of_a_whole_one(kept: Workspace) -> None:
    kept.bep("job", "resume", "half-done")
    kept.bep("job", "resume", "half-csv")
    kept.bep("run", "job.yml", "--name", "blue-whole", "--deployment", "blue")
    kept.bep("run", "job.yml", "--name", "csv-whole", "--output-format", "csv")
    assert rows(kept, "half-done") == rows(kept, "blue-whole")
    assert rows(kept, "half-csv") == rows(kept, "csv-whole")
    assert len(rows(kept, "half-done").splitlines()) == 8


def test_a_plan_it_kept_is_shown(kept: Workspace) -> None:
    assert "max_instances 2 -> 3" in kept.bep("show", "plan.json").stdout
