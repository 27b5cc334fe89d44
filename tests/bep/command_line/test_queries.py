"""`--query`, `-o` and `--json`: the same everywhere, on plans and runs too, and never silent about a wrong name."""

import json
import os
import time
from pathlib import Path

import pytest

from bep.watched_query import search
from tests.bep.conftest import Workspace

ROWS = [{"name": "a", "counts": {"failed": 1}}, {"name": "b", "counts": {"failed": 0}, "extra": None}]


@pytest.mark.parametrize(
    ("query", "found", "told"),
    [
        ("[].name", ["a", "b"], []),
        ("[].extra", [], []),  # one row has it
        ("[?counts.failed > `0`].name | [0]", "a", []),
        ("[].nmae", [], ["there is no field 'nmae'. Did you mean 'name'?"]),
        ("[0].{c: counts.fialed}", {"c": None}, ["there is no field 'fialed'. Did you mean 'failed'?"]),
        ("[0].zzz", None, ["there is no field 'zzz'. There is name, counts"]),
        ("name", None, ["'name' is asked of a list, which has no fields. Of each of its items it is [].name"]),
        ("[*].[name][]", ["a", "b"], []),
    ],
)  # fmt: skip
def test_a_field_that_is_nowhere_is_told(query: str, found: object, told: list[str]) -> None:
    assert search(query, ROWS) == (found, told)


def test_a_missing_field_is_a_warning_and_no_failure(applied: Workspace) -> None:
    done = applied.bep("show", "endpoint/letters", "--query", "trafic", "-o", "tsv")
    assert done.stdout == "\n"
    assert "warning: --query: there is no field 'trafic'. Did you mean 'traffic'?" in done.stderr


def test_an_endpoint_has_its_deployments_its_traffic_and_no_address_yet(applied: Workspace) -> None:
    shown = json.loads(applied.bep("show", "endpoint/letters", "--json").stdout)
    assert shown["deployments"] == [{"name": "blue", "address": "deployment/letters/blue", "status": "in step"}]
    assert shown["traffic"] == {"blue": 100}
    assert shown["scoring_uri"] is None
    assert "no server of this workspace runs" in shown["scoring_uri_reason"]


def test_a_kept_plan_is_queried_and_written_as_asked(workspace: Workspace) -> None:
    workspace.bep("plan", "-o", "p.json")
    whole = json.loads((workspace.folder / "p.json").read_text())
    assert workspace.bep("show", "p.json", "--query", "digest", "-o", "tsv").stdout == whole["digest"] + "\n"
    actions = workspace.bep("show", "p.json", "--query", "changes[].action", "-o", "json").stdout
    assert json.loads(actions) == [change["action"] for change in whole["changes"]]
    assert json.loads(workspace.bep("show", "p.json", "-o", "json").stdout) == whole
    assert "lineage:" in workspace.bep("show", "p.json", "-o", "yaml").stdout


@pytest.mark.parametrize(
    "command",
    [("validate",), ("plan", "--no-refresh"), ("graph",), ("version",), ("show",), ("state", "list"), ("env", "list"),
     ("job", "list"), ("schema", "list"), ("gc", "--dry-run"), ("stage", "list"), ("output",)],
)  # fmt: skip
def test_json_is_asked_for_in_two_ways_that_are_one(applied: Workspace, command: tuple[str, ...]) -> None:
    if command[0] == "plan":
        json.loads(applied.bep(*command, "--json").stdout)
        return
    one, other = applied.bep(*command, "--json").stdout, applied.bep(*command, "-o", "json").stdout
    assert json.loads(one) == json.loads(other)
    assert applied.bep(*command, "--output=json").stdout == other


def test_a_run_answers_a_query_and_nothing_else(applied: Workspace) -> None:
    done = applied.bep("run", "job.yml", "--name", "mine", "--query", "name", "-o", "tsv")
    assert done.stdout == "mine\n"
    assert "job mine Completed: 5 scored" in done.stderr
    found = json.loads(applied.bep("run", "job.yml", "-o", "json").stdout)
    assert (found["status"], found["counts"]["scored"]) == ("Completed", 5)
    looked = applied.bep("run", "job.yml", "--dry-run", "--query", "items", "-o", "tsv")
    assert looked.stdout == "5\n"


def test_a_run_that_is_not_waited_for_goes_on_by_itself(applied: Workspace) -> None:
    gate = applied.folder / "gate"
    os.mkfifo(gate)
    (applied.folder / "code/score.py").write_text(
        f"def run(mini_batch):\n    open({str(gate)!r}).read()\n    return mini_batch\n"
    )
    applied.bep("apply", "-y")
    name = applied.bep("run", "job.yml", "--no-wait", "-m", "9").stdout.strip()
    assert applied.bep("job", "show", name, "--query", "status", "-o", "tsv").stdout == "Running\n"
    gate.open("w").close()
    assert "5 scored" in applied.bep("job", "stream", name).stdout


def test_a_run_that_cannot_begin_is_told_although_nobody_waits(applied: Workspace) -> None:
    os.mkfifo(applied.folder / "texts/pipe")
    done = applied.bep("run", "job.yml", "--no-wait", "--name", "mine", expect=1)
    assert "texts/pipe: neither a file nor a folder" in done.stderr
    assert done.stdout == ""
    assert not [*Path(applied.folder, ".bep/jobs").iterdir()]
    (applied.folder / "texts/pipe").unlink()
    shown = applied.bep("run", "job.yml", "--no-wait", "--name", "mine", "--query", "name", "-o", "tsv")
    assert shown.stdout == "mine\n"
    until = time.monotonic() + 100
    while applied.bep("job", "show", "mine", "--query", "status", "-o", "tsv").stdout != "Completed\n":
        assert time.monotonic() < until
    assert "which is" in applied.bep("run", "job.yml", "--no-wait", "--name", "mine", expect=1).stderr
