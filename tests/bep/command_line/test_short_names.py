"""Short names: one rule wherever an address is taken, and all that a name could be where it could be several."""

import json
import sqlite3

import pytest

from bep.app.errors import NotFound, Refused
from bep.app.workspace.short_names import address_named, part_named
from bep.schemas.next_step import step
from tests.bep.conftest import Workspace

KNOWN = [
    "compute/cpu-cluster", "data/mnist/1", "deployment/a/blue", "deployment/a/green", "deployment/b/green",
    "endpoint/a", "endpoint/mnist", "model/weights/1", "model/weights/2", "model/single/9", "traffic/a",
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("blue", "deployment/a/blue"),
        ("a/green", "deployment/a/green"),
        ("cpu-cluster", "compute/cpu-cluster"),
        ("single", "model/single/9"),
        ("model/single", "model/single/9"),
        ("weights/2", "model/weights/2"),
        ("deployment/b/green", "deployment/b/green"),
    ],
)
def test_a_short_name_means_the_one_it_ends(name: str, meant: str) -> None:
    assert address_named(name, KNOWN, where="here", otherwise=step("show")) == meant


@pytest.mark.parametrize(
    ("name", "could_be"),
    [
        ("green", "'green' could be deployment/a/green, deployment/b/green: say which"),
        ("a", "'a' could be endpoint/a, traffic/a: say which"),
        ("weights", "'weights' could be model/weights/1, model/weights/2: say which"),
    ],
)
def test_a_name_that_could_be_several_is_refused_with_all_of_them(name: str, could_be: str) -> None:
    with pytest.raises(Refused, match=could_be):
        address_named(name, KNOWN, where="here", otherwise=step("show"))


def test_a_name_of_none_is_told_the_nearest() -> None:
    with pytest.raises(NotFound, match="there is no 'bleu' here; the nearest: deployment/a/blue"):
        address_named("bleu", KNOWN, where="here", otherwise=step("show"))


def test_a_target_may_be_the_beginning_of_several() -> None:
    assert part_named("weights", KNOWN) == "model/weights"
    assert part_named("deployment/a", KNOWN) == "deployment/a"
    assert part_named("model", KNOWN) == "model"
    assert part_named("nothing", KNOWN) == "nothing"
    with pytest.raises(Refused, match="could be deployment/a/green, deployment/b/green"):
        part_named("green", KNOWN)


def test_plans_state_drift_and_imports_take_short_names(applied: Workspace) -> None:
    replaced = json.loads(
        applied.bep("plan", "--replace", "alphabet", "--allow", "replace-active", "--json", expect=None).stdout
    )
    assert {change["address"] for change in replaced["changes"]} >= {"model/alphabet/1"}
    destroyed = applied.bep("plan", "--destroy", "--target", "blue", "--json", expect=None).stdout
    assert {change["address"] for change in json.loads(destroyed)["changes"]} == {
        "deployment/letters/blue",
        "traffic/letters",
    }
    assert "could be endpoint/letters, traffic/letters" in applied.bep("plan", "--replace", "letters", expect=1).stderr
    assert "address: compute/cpu-cluster" in applied.bep("state", "show", "cpu-cluster").stdout
    with sqlite3.connect(applied.folder / ".bep/cloud/catalog.sqlite") as catalog:
        catalog.execute(
            "UPDATE objects SET attributes = replace(attributes, '\"max_instances\":2', '\"max_instances\":1'),"
            " etag = 'other' WHERE address = 'compute/cpu-cluster'"
        )
    catalog.close()
    assert "max_instances" in applied.bep("adopt", "cpu-cluster", "--dry-run", expect=None).stdout
    applied.bep("state", "rm", "plain")
    assert "environment/plain/1" in applied.bep("import", "plain", "--json").stdout


def test_a_run_takes_names_and_addresses_and_the_only_endpoint(applied: Workspace) -> None:
    for words in (
        ("-i", "texts"),
        ("-e", "endpoint/letters", "-i", "texts"),
        ("-d", "deployment/letters/blue", "-i", "texts"),
        ("-d", "letters/blue", "-i", "texts"),
        ("-d", "blue", "-i", "texts"),
    ):
        found = json.loads(applied.bep("run", *words, "--dry-run", "--json").stdout)
        assert (found["endpoint"], found["deployment"]) == ("letters", "blue")
    said = applied.bep("run", "-n", "letters", "-i", "texts", expect=1).stderr
    assert "letters is an endpoint" in said
    assert "fix: --endpoint letters" in said
    specs = applied.folder / "specs.yml"
    specs.write_text(specs.read_text() + "---\nname: numbers\nauth_mode: aad_token\n")
    applied.bep("apply", "-y")
    said = applied.bep("run", "-i", "texts", expect=3).stderr
    assert "the job needs 'endpoint', and there are letters, numbers" in said
    assert "Say which: 'endpoint: NAME'" in said
