"""`bep plan`, `apply`, `destroy`, `show` and `state` as a user types them."""

import json
from pathlib import Path

from tests.bep.conftest import Workspace


def test_the_walk_plans_in_the_order_of_the_graph_and_then_nothing(workspace: Workspace) -> None:
    planned = json.loads(workspace.bep("plan", "--json").stdout)
    assert [(change["action"], change["address"]) for change in planned["changes"]] == [
        ("create", "compute/cpu-cluster"),
        ("create", "model/alphabet/1"),
        ("create", "environment/plain/1"),
        ("create", "endpoint/letters"),
        ("create", "deployment/letters/blue"),
        ("shift", "traffic/letters"),
    ]
    assert not (workspace.folder / ".bep").exists()
    workspace.bep("plan", "--detailed-exitcode", expect=2)
    workspace.bep("apply", "--auto-approve")
    after = workspace.bep("plan", "--detailed-exitcode")
    assert after.stdout == "Nothing to do. 6 resources match their specs.\n"


def test_apply_without_a_terminal_asks_for_auto_approve(workspace: Workspace) -> None:
    done = workspace.bep("apply", expect=1)
    assert "--auto-approve" in done.stderr
    assert not (workspace.folder / ".bep" / "state.json").exists()


def test_a_kept_plan_is_applied_exactly_and_only_once(workspace: Workspace) -> None:
    workspace.bep("plan", "-o", "plan.json")
    workspace.bep("apply", "plan.json")
    again = workspace.bep("apply", "plan.json", expect=4)
    assert "applied already" in again.stderr


def test_an_altered_plan_is_refused(workspace: Workspace) -> None:
    workspace.bep("plan", "-o", "plan.json")
    workspace.edit("plan.json", '"max_instances": 2', '"max_instances": 9')
    refused = workspace.bep("apply", "plan.json", expect=4)
    assert "plan.json" in refused.stderr
    assert "altered" in refused.stderr or "digest" in refused.stderr
    assert not (workspace.folder / ".bep" / "cloud" / "catalog.sqlite").exists()


def test_a_kept_plan_is_refused_once_the_specs_are_others(workspace: Workspace) -> None:
    workspace.bep("plan", "-o", "plan.json")
    workspace.edit("model/letters.txt", "abc", "abcd")
    refused = workspace.bep("apply", "plan.json", expect=4)
    assert "model/alphabet/1" in refused.stderr


def test_another_content_under_the_same_version_is_refused_by_name(workspace: Workspace) -> None:
    workspace.bep("apply", "--auto-approve")
    workspace.edit("model/letters.txt", "abc", "abcd")
    refused = workspace.bep("plan", expect=3)
    assert "letters.txt" in refused.stdout
    assert "version" in refused.stdout


def test_a_hand_edit_of_the_world_is_drift_and_not_the_pull_requests_doing(workspace: Workspace) -> None:
    workspace.bep("apply", "--auto-approve")
    state = json.loads((workspace.folder / ".bep/state.json").read_text())
    assert "deployment/letters/blue" in state["entries"]
    _edit_the_world(workspace.folder, "compute/cpu-cluster", "max_instances", 7)
    planned = json.loads(workspace.bep("plan", "--json").stdout)
    assert [change["origin"] for change in planned["changes"]] == ["drift"]
    assert planned["drift"][0]["address"] == "compute/cpu-cluster"
    assert "Changed outside bep" in workspace.bep("plan").stdout
    workspace.bep("apply", "--auto-approve")
    assert workspace.bep("plan").stdout.startswith("Nothing to do.")


def _edit_the_world(folder: Path, address: str, field: str, value: object) -> None:
    import sqlite3

    catalog = sqlite3.connect(folder / ".bep/cloud/catalog.sqlite")
    with catalog:
        (text,) = catalog.execute("select attributes from objects where address = ?", (address,)).fetchone()
        changed = json.dumps({**json.loads(text), field: value}, sort_keys=True)
        catalog.execute("update objects set attributes = ?, etag = 'by-hand' where address = ?", (changed, address))
    catalog.close()


def test_destroy_takes_the_traffic_away_first_and_leaves_nothing(workspace: Workspace) -> None:
    workspace.bep("apply", "--auto-approve")
    planned = json.loads(workspace.bep("plan", "--destroy", "--allow", "delete-many", "--json", expect=None).stdout)
    order = [change["address"] for change in planned["changes"]]
    assert order.index("traffic/letters") < order.index("deployment/letters/blue") < order.index("endpoint/letters")
    codes = {finding["code"] for finding in planned["findings"] if finding["severity"] == "error"}
    allowed = [word for code in codes for word in ("--allow", code)]
    workspace.bep("destroy", "--auto-approve", *allowed)
    assert workspace.bep("state", "list").stdout == ""
    workspace.bep("apply", "--auto-approve")


def test_every_finding_comes_at_once_and_names_its_line(workspace: Workspace) -> None:
    workspace.edit("specs.yml", "mini_batch_size: 2", "mini_bach_size: 2")
    workspace.edit("specs.yml", "azureml:cpu-cluster", "azureml:cpu-clutser")
    found = workspace.bep("validate", expect=3)
    assert "specs.yml:18:" in found.stdout
    assert "mini_batch_size" in found.stdout
    assert "cpu-cluster" in found.stdout
    assert "mini_batch_size" in workspace.bep("plan", expect=3).stderr


def test_show_and_state_say_what_is_there(workspace: Workspace) -> None:
    workspace.bep("apply", "--auto-approve")
    rows = json.loads(workspace.bep("show", "-o", "json").stdout)
    assert {row["status"] for row in rows} == {"in step"}
    size = workspace.bep("show", "blue", "--query", "attributes.settings.mini_batch_size", "-o", "tsv")
    assert size.stdout == "2\n"
    assert "deployment/letters/blue" in workspace.bep("state", "list").stdout
    assert workspace.bep("show", "blu", expect=1).stderr.count("deployment/letters/blue") == 1


def test_colour_is_for_terminals_alone(workspace: Workspace) -> None:
    assert "\x1b" not in workspace.bep("plan").stdout
    assert "\x1b" in workspace.bep("plan", FORCE_COLOR="1").stdout
    assert "\x1b" not in workspace.bep("plan", FORCE_COLOR="1", NO_COLOR="1").stdout


def test_a_mistyped_command_is_no_change(workspace: Workspace) -> None:
    assert "Did you mean 'plan'" in workspace.bep("plam", expect=1).stderr
    workspace.bep("plan", "--detailed-exitcodes", expect=1)


def test_apply_as_json_is_an_object_a_line(workspace: Workspace) -> None:
    lines = [json.loads(line) for line in workspace.bep("apply", "--auto-approve", "--json").stdout.splitlines()]
    assert [line["type"] for line in lines].count("change_finished") == 6
    assert lines[-1] == {**lines[-1], "type": "apply_finished", "done": 6, "failed": 0}
