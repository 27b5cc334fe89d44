"""`bep job retry`: failed items again, and only those."""

import json

from tests.bep.conftest import Workspace

MENDABLE = """
import os

def run(mini_batch):
    for path in mini_batch:
        if path.endswith("c.txt") and not os.path.exists(os.environ["MENDED"]):
            raise ValueError("no c yet")
    return [os.path.basename(path) for path in mini_batch]
"""


def broken(workspace: Workspace) -> None:
    (workspace.folder / "code/score.py").write_text(MENDABLE)
    variable = f"{{MENDED: {workspace.folder / 'mended'}}}"
    workspace.edit("specs.yml", "{mini_batch_size: 2}", f"{{mini_batch_size: 2, environment_variables: {variable}}}")
    workspace.bep("apply", "--auto-approve")


def test_failed_items_are_scored_again_into_the_same_output(workspace: Workspace) -> None:
    broken(workspace)
    workspace.bep("run", "job.yml", "--name", "mine", "--output-path", "here", "--set", "retry_settings.max_retries=1")
    output = workspace.folder / "here/predictions.csv"
    assert output.read_text().split() == ["a.txt", "b.txt", "d.txt", "e.txt"]
    (workspace.folder / "mended").touch()
    done = workspace.bep("job", "retry", "mine")
    assert "job mine Completed: 5 scored, 0 failed" in done.stdout
    assert output.read_text().split() == ["a.txt", "b.txt", "c.txt", "d.txt", "e.txt"]
    again = workspace.bep("job", "retry", "mine", "-o", "json")
    assert "there was nothing left to do" in again.stderr
    assert json.loads(again.stdout)["counts"]["scored"] == 5


def test_events_of_a_retry_are_for_machines_too(workspace: Workspace) -> None:
    broken(workspace)
    workspace.bep("run", "job.yml", "--name", "mine", "--set", "retry_settings.max_retries=1")
    lines = workspace.bep("job", "retry", "mine", "--json").stdout.splitlines()
    events = [json.loads(line) for line in lines]
    assert (events[0]["type"], events[-1]["type"]) == ("job_started", "job_finished")
    assert events[-1]["record"]["counts"]["failed"] == 1
    assert [event["files"][0][-5:] for event in events if event["type"] == "mini_batch_failed"] == ["c.txt"] * 2


def test_a_job_does_not_go_on_with_another_deployment(workspace: Workspace) -> None:
    broken(workspace)
    workspace.bep("run", "job.yml", "--name", "mine", "--set", "retry_settings.max_retries=1")
    (workspace.folder / "code/score.py").write_text(MENDABLE + "# changed\n")
    workspace.bep("apply", "--auto-approve")
    assert "began with another" in workspace.bep("job", "retry", "mine", expect=4).stderr


def test_a_mended_script_scores_what_failed_and_nothing_else(workspace: Workspace) -> None:
    broken(workspace)
    workspace.bep("run", "job.yml", "--name", "mine", "--output-path", "here", "--set", "retry_settings.max_retries=1")
    script = (
        "import os\n\ndef run(mini_batch):\n    return ['mended ' + os.path.basename(path) for path in mini_batch]\n"
    )
    (workspace.folder / "code/score.py").write_text(script)
    workspace.bep("apply", "--auto-approve")
    workspace.bep("job", "retry", "mine", "--mended")
    rows = (workspace.folder / "here/predictions.csv").read_text().splitlines()
    assert rows == ["a.txt", "b.txt", "mended c.txt", "d.txt", "e.txt"]
    record = json.loads((workspace.folder / ".bep/jobs/mine/job.json").read_text())
    assert len(record["earlier_deployments"]) == 1
    assert record["target"]["deployment_digest"] not in record["earlier_deployments"]


SLOW = """
import time

def run(mini_batch):
    time.sleep(2.5 if any(path.endswith("c.txt") for path in mini_batch) else 0)
    return [path[-5:] for path in mini_batch]
"""


def test_what_took_too_long_is_tried_again_with_more_time(workspace: Workspace) -> None:
    (workspace.folder / "code/score.py").write_text(SLOW)
    workspace.bep("apply", "--auto-approve")
    short = ("--set", "retry_settings.max_retries=0", "--set", "retry_settings.timeout=1")
    failed = workspace.bep("run", "job.yml", "--name", "mine", *short)
    assert "next: bep job retry mine --set retry_settings.timeout=2 " in failed.stdout
    wrong = workspace.bep("job", "retry", "mine", "--set", "mini_batch_size=1", expect=1).stderr
    assert "tried again with another worker_memory, worker_cpus, retry_settings.timeout, init_timeout, bisect" in wrong
    assert (
        "timeout must be at least 1, not 0"
        in workspace.bep("job", "retry", "mine", "--set", "retry_settings.timeout=0", expect=1).stderr
    )
    done = workspace.bep("job", "retry", "mine", "--set", "retry_settings.timeout=60")
    assert "job mine Completed: 5 scored, 0 failed" in done.stdout
    kept = json.loads(workspace.bep("job", "show", "mine", "-o", "json").stdout)
    assert (kept["settings"]["timeout"], kept["settings"]["max_retries"]) == (60.0, 0)
