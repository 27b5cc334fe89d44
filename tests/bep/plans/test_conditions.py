"""`preconditions`, `checks` and `outputs` in bep.yml, and `bep output`."""

import json
from collections.abc import Callable

from tests.bep.conftest import Workspace
from tests.bep.plans.test_adopt import drift

Golden = Callable[[str, str], None]

CONDITIONS = """\
preconditions:
  - address: deployment/letters/blue
    assert: settings.mini_batch_size <= `10`
    message: batches over 10 files do not fit the memory of these nodes
checks:
  - {address: compute/cpu-cluster, query: "max_instances <= `3`", message: the quota is 3 nodes}
outputs:
  batch_size: {address: deployment/letters/blue, query: settings.mini_batch_size, description: files at once}
  model: {address: deployment/letters/blue, query: model}
"""


def test_what_does_not_hold_of_the_specs_stops_before_anything_is_planned(workspace: Workspace, golden: Golden) -> None:
    with (workspace.folder / "bep.yml").open("a") as stream:
        stream.write(CONDITIONS)
    workspace.bep("validate")
    workspace.edit("specs.yml", "size: 2", "size: 20")
    failed = workspace.bep("validate", expect=3).stdout
    assert not (workspace.folder / ".bep").exists()
    workspace.edit("bep.yml", "<= `10`", "<= 10 files")
    workspace.edit("bep.yml", "{address: compute/cpu-cluster", "{address: compute/cpu-clutser")
    golden("bep/conditions.txt", failed + "\n" + workspace.bep("validate", expect=3).stdout)


def test_outputs_are_shown_after_an_apply_and_on_their_own(workspace: Workspace) -> None:
    assert "declares no outputs" in workspace.bep("output").stderr
    with (workspace.folder / "bep.yml").open("a") as stream:
        stream.write(CONDITIONS)
    assert "has not been applied yet" in workspace.bep("output", "model", expect=1).stderr
    applied = workspace.bep("apply", "-y").stdout
    assert 'Outputs:\n  batch_size  2\n  model       "model/alphabet/1"\n' in applied
    assert workspace.bep("output", "batch_size", "-o", "tsv").stdout == "2\n"
    assert json.loads(workspace.bep("output", "--json").stdout) == {"batch_size": 2, "model": "model/alphabet/1"}
    assert "Did you mean 'model'?" in workspace.bep("output", "modell", expect=1).stderr


def test_a_check_that_fails_in_the_world_is_a_warning_in_plans_and_after_applies(applied: Workspace) -> None:
    with (applied.folder / "bep.yml").open("a") as stream:
        stream.write(CONDITIONS)
    drift(applied, "compute/cpu-cluster", {("max_instances",): 9})
    planned = json.loads(applied.bep("plan", "--json").stdout)
    [found] = planned["findings"]
    assert (found["severity"], found["code"]) == ("warning", "check-failed")
    assert found["message"] == "the quota is 3 nodes: max_instances is 9, as it is now; this plan mends it"
    applied.edit("specs.yml", "max_instances: 2", "max_instances: 5")
    assert "the quota is 3 nodes" in applied.bep("apply", "-y").stderr
