"""`imports`, `moved` and `removed` in bep.yml: reviewed with the specs, carried out once, harmless then."""

import json
import shutil
from collections.abc import Callable

from bep.schemas.address import Address
from bep.schemas.mark import Mark
from bep.schemas.resource import Resource
from tests.bep.conftest import Workspace
from tests.bep.plans.test_adopt import world

Golden = Callable[[str, str], None]


def actions(workspace: Workspace) -> dict[str, str]:
    """What the next plan would do, by address."""
    changes = json.loads(workspace.bep("plan", "--json").stdout)["changes"]
    return {change["address"]: change["action"] for change in changes}


def test_what_is_imported_in_bep_yml_is_adopted_by_the_apply(applied: Workspace) -> None:
    everything = sorted(applied.entries())
    for path in (applied.folder / ".bep").glob("state.json*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    with (applied.folder / "bep.yml").open("a") as stream:
        stream.write(f"imports: [{', '.join(everything)}]\n")
    assert actions(applied) == dict.fromkeys(everything, "adopt")
    applied.bep("apply", "-y")
    assert "Nothing to do" in applied.bep("plan", "--detailed-exitcode").stdout


def test_what_is_removed_without_destroying_is_forgotten_and_stays(applied: Workspace) -> None:
    specs = (applied.folder / "specs.yml").read_text()
    (applied.folder / "specs.yml").write_text(specs[: specs.index("---")])
    gone = ["traffic/letters", "deployment/letters/blue", "endpoint/letters", "environment/plain/1"]
    lines = "".join(f"  - {{address: {address}, destroy: false}}\n" for address in gone)
    with (applied.folder / "bep.yml").open("a") as stream:
        stream.write(f"removed:\n{lines}  - {{address: model/alphabet/1}}\n")
    planned = json.loads(applied.bep("plan", "--json").stdout)
    found = {change["address"]: change["action"] for change in planned["changes"]}
    assert found == {**dict.fromkeys(gone, "forget"), "model/alphabet/1": "delete"}


def test_a_renamed_object_is_followed_once(applied: Workspace) -> None:
    applied.edit("specs.yml", "name: cpu-cluster", "name: big")
    applied.edit("specs.yml", "azureml:cpu-cluster", "azureml:big")
    with world(applied) as provider:
        old = provider.read([Address("compute/cpu-cluster")])[Address("compute/cpu-cluster")].attributes
        provider.create(Resource(Address("compute/big"), {**old, "name": "big"}, Mark("x", 1, 1)), operation="someone")
    with (applied.folder / "bep.yml").open("a") as stream:
        stream.write("moved: [{from: compute/cpu-cluster, to: compute/big}]\n")
    assert actions(applied)["compute/cpu-cluster"] == "forget"
    assert actions(applied)["compute/big"] == "adopt"
    applied.bep("apply", "-y")
    assert "Nothing to do" in applied.bep("plan", "--detailed-exitcode").stdout


def test_every_contradiction_is_shown_where_it_stands(workspace: Workspace, golden: Golden) -> None:
    with (workspace.folder / "bep.yml").open("a") as stream:
        stream.write(
            "imports:\n  - endpoint/leters\n  - endpont/letters\n  - model/alphabet\n"
            "moved:\n  - {from: compute/cpu-cluster, to: compute/gone}\n  - {from: model/a/1, to: data/b/1}\n"
            "removed:\n  - {address: endpoint/letters}\n  - {address: '', destroy: maybe}\n"
        )
    golden("bep/directives.txt", workspace.bep("validate", expect=3).stdout)
