"""`checks` and `outputs` in bep.yml as a user meets them: in plans, after applies, in scripts."""

import json
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.bep.conftest import Workspace, surroundings
from tests.bep.plans.test_adopt import drift

Golden = Callable[[str, str], None]

CHECKS = """\
checks:
  - name: small-batches
    address: deployment/*
    assert: settings.mini_batch_size <= `10` && resources.instance_count == `2`
    message: the nodes have memory for 10 files
    when: plan
    severity: error
  - {name: quota, address: compute/*, assert: "max_instances <= `3`", message: the quota is 3 nodes, when: plan}
  - {name: there, address: compute/cpu-cluster, assert: "size == 'other'", message: other nodes were promised,
     when: apply, severity: error}
outputs:
  batch_size: '"deployment/letters/blue".settings.mini_batch_size'
  places: 'sort(keys(@)) | [:2]'
"""


@pytest.fixture
def checked(workspace: Workspace) -> Workspace:
    """The small workspace with checks and outputs, nothing applied yet."""
    with (workspace.folder / "bep.yml").open("a") as stream:
        stream.write(CHECKS)
    return workspace


def test_a_failed_check_is_shown_with_what_was_measured_and_blocks_until_it_is_allowed(
    checked: Workspace, golden: Golden
) -> None:
    checked.edit("specs.yml", "mini_batch_size: 2", "mini_batch_size: 20")
    checked.edit("specs.yml", "max_instances: 2", "max_instances: 4")
    plan = checked.bep("plan", expect=3).stdout
    golden("bep/checks-planned.txt", plan[: plan.index("\nDetails\n")])
    checked.bep("apply", "-y", expect=3)
    assert not (checked.folder / ".bep").exists()
    planned = json.loads(checked.bep("plan", "--allow", "check-small-batches", "--json").stdout)
    assert [(found["code"], found["allowed"]) for found in planned["findings"]] == [
        ("check-small-batches", True),
        ("check-quota", False),
    ]


def test_after_an_apply_the_world_is_judged_and_outputs_are_shown(checked: Workspace, golden: Golden) -> None:
    done = checked.bep("apply", "-y", expect=3)
    assert checked.bep("state", "list").stdout.count("\n") == 6
    golden("bep/checks-applied.txt", done.stdout[done.stdout.index("Done:") :] + "\n" + _told(done.stderr))
    last = json.loads(checked.bep("apply", "-y", "--json", expect=3).stdout.splitlines()[-1])
    assert last["outputs"] == {"batch_size": 2, "places": ["compute/cpu-cluster", "deployment/letters/blue"]}
    assert [(found["code"], found["allowed"]) for found in last["findings"]] == [("check-there", False)]
    allowed = checked.bep("apply", "-y", "--json", "--allow", "check-there")
    assert json.loads(allowed.stdout.splitlines()[-1])["findings"][0]["allowed"]


def _told(talk: str) -> str:
    return talk[talk.index("bep.yml:") :]


def test_a_warning_travels_with_the_plan_file(checked: Workspace) -> None:
    checked.edit("specs.yml", "max_instances: 2", "max_instances: 4")
    checked.bep("plan", "-o", "plan.json")
    assert "the quota is 3 nodes: max_instances is 4" in checked.bep("show", "plan.json").stdout
    checked.bep("apply", "plan.json", "--allow", "check-there")


def test_outputs_follow_the_state(checked: Workspace) -> None:
    assert json.loads(checked.bep("output", "--json").stdout) == {"batch_size": None, "places": []}
    checked.bep("apply", "-y", "--allow", "check-there")
    assert checked.bep("output", "batch_size", "-o", "tsv").stdout == "2\n"
    checked.edit("specs.yml", "mini_batch_size: 2", "mini_batch_size: 3")
    checked.bep("apply", "-y", "--allow", "check-there")
    assert checked.bep("output", "batch_size", "--json").stdout == "3\n"
    destroyed = checked.bep("destroy", "-y").stdout
    assert "Outputs:\n  batch_size  " not in destroyed[destroyed.index("Done:") :]


def test_what_was_done_is_told_before_an_output_that_has_no_value(workspace: Workspace) -> None:
    with (workspace.folder / "bep.yml").open("a") as stream:
        stream.write("outputs: {odd: 'length(`3`)'}\n")
    done = workspace.bep("apply", "-y", expect=1)
    assert "Done: 6 done." in done.stdout
    assert "output odd: length(`3`): " in done.stderr


def test_no_output_and_no_check_shows_a_secret(workspace: Workspace) -> None:
    with (workspace.folder / "specs.yml").open("a") as stream:
        stream.write(
            "---\nname: store\ntype: azure_blob\naccount_name: someone\ncontainer_name: things\n"
            "credentials: {account_key: canary-value}\n"
        )
    with (workspace.folder / "bep.yml").open("a") as stream:
        stream.write(
            "outputs:\n  all: '@'\n  key: '\"datastore/store\".credentials.account_key'\n"
            '  seal: \'"datastore/store".credentials.account_key."x-bep-sealed"\'\n'
            "checks:\n  - {address: datastore/*, assert: \"credentials.account_key == 'x'\", message: m}\n"
            "  - {address: datastore/*, assert: \"credentials == 'x'\", message: m, when: plan}\n"
            "  - {address: datastore/*, assert: abs(credentials.account_key), message: m, when: plan}\n"
        )
    shown = [workspace.bep("apply", "-y"), workspace.bep("output", "--json"), workspace.bep("plan")]
    every = "".join(done.stdout + done.stderr for done in shown)
    assert 'credentials.account_key is "(sensitive)"' in every
    assert "it cannot be evaluated: it looks into a secret" in every
    assert "canary-value" not in every
    assert "hmac" not in every
    assert json.loads(shown[1].stdout)["key"] == "(sensitive)"
    assert json.loads(shown[1].stdout)["seal"] is None


def test_drift_fails_a_check_of_the_world_and_not_one_of_the_plan(checked: Workspace) -> None:
    checked.bep("apply", "-y", "--allow", "check-there")
    with (checked.folder / "bep.yml").open("a") as stream:
        stream.write("imports: []\n")
    checked.edit(
        "bep.yml",
        'max_instances <= `3`", message: the quota is 3 nodes, when: plan',
        'max_instances <= `3`", message: m',
    )
    drift(checked, "compute/cpu-cluster", {("max_instances",): 9})
    planned = json.loads(checked.bep("plan", "--json").stdout)
    assert [(found["code"], found["message"]) for found in planned["findings"]] == [
        ("check-quota", "m: max_instances is 9, as it is now; this plan mends it")
    ]


def test_everything_wrong_with_checks_and_outputs_is_shown_at_once(workspace: Workspace, golden: Golden) -> None:
    wrong = """\
checks:
  - {name: Bad Name, address: compute/cpu-cluster, assert: "a", message: m, when: later, severity: fatal}
  - {address: compute/cpu-cluster, message: m}
  - {address: compute/*, assert: "max_instances <= 3", message: m}
  - {address: compute/cpu-clutser, assert: "((", message: m}
outputs:
  broken: 'a[.'
  number: 3
"""
    with (workspace.folder / "bep.yml").open("a") as stream:
        stream.write(wrong)
    golden("bep/checks-wrong.txt", workspace.bep("validate", expect=3).stdout)


def test_a_plan_without_checks_and_outputs_never_imports_jmespath(workspace: Workspace) -> None:
    workspace.bep("apply", "-y")
    asked = "import sys; from bep.cli import run; run(['plan']); print('jmespath' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", asked],
        cwd=workspace.folder,
        env=surroundings(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "Nothing to do. 6 resources match their specs.\nFalse\n"
