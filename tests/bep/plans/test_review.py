"""What a plan tells a reviewer, of a workspace on disk: from files, jobs, variables and an earlier plan."""

import json
import shutil
from typing import Any

from tests.bep.conftest import Workspace
from tests.bep.plans.test_adopt import drift

MORE = """\
variables:
  batch: {type: integer, default: 2}
  most: {type: integer, default: 2}
  api_token: {default: canary7canary}
stages:
  test: {variables: {most: 3}}
default_stage: test
outputs:
  batch: {address: deployment/letters/blue, query: settings.mini_batch_size}
  most: {address: compute/cpu-cluster, query: max_instances}
"""


DESCRIBED = "auth_mode: aad_token\ndescription: '${{ var.api_token }}'\n"


def planned(workspace: Workspace, *options: str) -> Any:
    """The JSON of a plan."""
    return json.loads(workspace.bep("plan", "--json", *options).stdout)


def test_a_changed_script_is_told_line_by_line_with_where_jobs_go_and_how_it_is_undone(applied: Workspace) -> None:
    shutil.copytree(applied.folder / "code", applied.folder / "kept")
    applied.edit("code/score.py", "    rows = []\n", '    rows = []\n    api_token = "canary7canary"\n')
    (applied.folder / "code/weights").write_bytes(b"\0" * 9)
    found = planned(applied)
    [change] = found["changes"]
    script, weights = change["files"]
    assert (script["name"], script["added"], script["removed"], script["masked"]) == ("score.py", 1, 0, True)
    assert "\n+    api_token = ***" in script["diff"]
    assert "canary" not in json.dumps(found)
    assert (weights["symbol"], weights["after"]["size"], weights["why_not"]) == ("+", 9, "it is not text")
    assert (found["risk"], [risk["code"] for risk in found["risks"]]) == ("medium", ["active-changed"])
    assert found["jobs"]["routes"] == [
        {"endpoint": "endpoint/letters", "before": {"blue": 100}, "after": {"blue": 100}, "scored": []}
    ]
    assert (found["jobs"]["known"], found["jobs"]["unfinished"], found["unchanged"]) == (True, 0, 5)
    assert [undo["obstacle"] for undo in found["rollback"]] == [""]
    shutil.rmtree(applied.folder / ".bep/cloud/content")
    lost = planned(applied)
    assert lost["changes"][0]["files"][0]["why_not"] == "its earlier bytes are not kept"
    assert "the earlier code_configuration.code is not kept" in lost["rollback"][0]["obstacle"]


def test_variables_outputs_and_what_the_last_push_changed_are_told(workspace: Workspace) -> None:
    with (workspace.folder / "bep.yml").open("a") as file:
        file.write(MORE)
    workspace.edit("specs.yml", "mini_batch_size: 2", "mini_batch_size: '${{ var.batch }}'")
    workspace.edit("specs.yml", "max_instances: 2\n", "max_instances: '${{ var.most }}'\n")
    workspace.edit("specs.yml", "auth_mode: aad_token\n", DESCRIBED)
    assert [(one["name"], one["value"], one["source"], one["place"]) for one in planned(workspace)["values"]] == [
        ("api_token", "(sensitive)", "default", "bep.yml:7"),
        ("batch", "2", "default", "bep.yml:5"),
        ("most", "3", "stage", "test, bep.yml:9"),
    ]
    workspace.edit("specs.yml", DESCRIBED, "auth_mode: aad_token\n")
    workspace.bep("apply", "-y")
    workspace.bep("plan", "-o", "first.json", "--var", "batch=4", BEP_VAR_most="5")
    first = json.loads((workspace.folder / "first.json").read_text())
    assert [(one["name"], one["source"], one["place"]) for one in first["values"]] == [
        ("batch", "option", ""),
        ("most", "environment", "BEP_VAR_most"),
    ]
    assert [diff["variables"] for change in first["changes"] for diff in change["diffs"]] == [["most"], ["batch"]]
    assert first["outputs"] == [
        {"name": "batch", "before": 2, "after": 4, "known": True},
        {"name": "most", "before": 3, "after": 5, "known": True},
    ]
    workspace.edit("specs.yml", "auth_mode: aad_token\n", "auth_mode: aad_token\ndescription: counts\n")
    since = planned(workspace, "--var", "batch=6", "--since", "first.json")["since"]
    assert (since["digest"], since["risk"]) == (first["digest"], "medium")
    assert [one["id"] for one in since["new"]] == ["update endpoint/letters"]
    assert [one["id"] for one in since["gone"]] == ["update compute/cpu-cluster"]
    assert since["different"] == [
        {
            "id": "update deployment/letters/blue",
            "address": "deployment/letters/blue",
            "differences": ["settings.mini_batch_size 4 -> 6"],
        }
    ]
    assert (since["same"], since["new_risks"], since["gone_risks"]) == (0, [], [])
    assert planned(workspace, "--since", "first.json")["since"]["gone_risks"][0]["code"] == "active-changed"
    shown = workspace.bep("plan", "--var", "batch=6", "--since", "first.json").stdout
    assert "  different: update deployment/letters/blue (settings.mini_batch_size 4 -> 6)\n" in shown
    assert "  batch: 6 (option)\n" in shown
    workspace.edit("bep.yml", "workspace: letters", "workspace: others")
    refused = workspace.bep("plan", "--since", "first.json", expect=4).stderr
    assert "it was made for letters in stage test, and this is others in stage test" in refused


def test_drift_that_is_undone_is_told_with_its_time_where_the_world_has_it(applied: Workspace) -> None:
    state = (applied.folder / ".bep/state.json").read_text()
    drift(applied, "compute/cpu-cluster", {("max_instances",): 9})
    [risk] = planned(applied)["risks"]
    assert (risk["level"], risk["code"], risk["address"]) == ("medium", "drift-undone", "compute/cpu-cluster")
    assert risk["message"].endswith(", and that is undone: max_instances 9 -> 2")
    assert risk["fix"] == "keep what they did with `adopt compute/cpu-cluster`"
    shown = applied.bep("plan", "--markdown").stdout
    assert "keep what they did with `bep adopt compute/cpu-cluster`" in shown
    assert (applied.folder / ".bep/state.json").read_text() == state
    applied.edit("specs.yml", "max_instances: 2", "max_instances: 9")
    assert planned(applied)["risks"] == []
