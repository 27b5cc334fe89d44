"""A kept plan is believed as far as its signature goes, and judged again where it would take something away."""

import json
from pathlib import Path
from typing import Any

import pytest

from bep.planner.canonical import digest_of
from tests.bep.conftest import Workspace, write
from tests.fixtures.commit_2e74deb import lay_out

EXTRA = "kind: compute\nname: extra\ntype: amlcompute\nmax_instances: 1\n"


@pytest.fixture
def computes(tmp_path: Path) -> Workspace:
    write(
        tmp_path,
        {
            "bep.yml": "workspace: computes\nprovider: {local: {}}\nspecs: ['computes/*.yml']\n",
            "computes/keep.yml": EXTRA.replace("extra", "keep") + "x-bep: {lifecycle: {prevent_destroy: true}}\n",
            "computes/extra.yml": EXTRA,
        },
    )
    workspace = Workspace(tmp_path)
    workspace.bep("apply", "-y")
    return workspace


def test_what_the_specs_declare_again_is_not_deleted(computes: Workspace) -> None:
    (computes.folder / "computes/extra.yml").rename(computes.folder / "aside")
    computes.bep("plan", "-o", "p.json")
    (computes.folder / "aside").rename(computes.folder / "computes/extra.yml")
    refused = computes.bep("apply", "p.json", "-y", expect=4).stderr
    assert "compute/extra: the plan deletes it as no longer in the specs, and the specs declare it now" in refused
    assert computes.entries() == {"compute/keep", "compute/extra"}


def test_what_is_gone_already_is_not_forgotten_once_the_specs_declare_it_again(computes: Workspace) -> None:
    import sqlite3

    with sqlite3.connect(computes.folder / ".bep/cloud/catalog.sqlite") as catalog:
        catalog.execute("DELETE FROM objects WHERE address = 'compute/extra'")
    (computes.folder / "computes/extra.yml").rename(computes.folder / "aside")
    computes.bep("plan", "-o", "p.json")
    (computes.folder / "aside").rename(computes.folder / "computes/extra.yml")
    assert "the plan forgets it as no longer" in computes.bep("apply", "p.json", "-y", expect=4).stderr


@pytest.mark.parametrize("asked", [["--destroy", "--target", "compute/extra"], ["--replace", "compute/extra"]])
def test_what_was_asked_for_goes_on_although_the_specs_declare_it(computes: Workspace, asked: list[str]) -> None:
    computes.bep("plan", *asked, "-o", "p.json")
    computes.bep("apply", "p.json", "-y")
    assert ("compute/extra" in computes.entries()) is ("--replace" in asked)


def forged(plan: dict[str, Any], **members: Any) -> str:
    """The plan with other members, its digest made anew, as anybody can who reads this file."""
    content = {name: value for name, value in (plan | members).items() if name not in ("digest", "signature")}
    return json.dumps({**content, "digest": digest_of(content), "signature": plan["signature"]})


def test_an_edited_plan_is_refused_although_its_digest_was_made_anew(computes: Workspace) -> None:
    computes.edit("computes/extra.yml", "max_instances: 1", "max_instances: 2")
    plan = json.loads(computes.bep("plan", "-o", "p.json", "--json").stdout)
    destroy = json.loads(computes.bep("plan", "--destroy", "--json", expect=3).stdout)
    write(computes.folder, {"q.json": forged(plan, changes=destroy["changes"], findings=[])})
    refused = computes.bep("apply", "q.json", "-y", expect=4).stderr
    assert "it was altered since bep signed it: plan again" in refused
    assert computes.entries() == {"compute/keep", "compute/extra"}
    write(computes.folder, {"q.json": json.dumps(plan | {"serial": 7})})
    assert "its digest does not match" in computes.bep("apply", "q.json", "-y", expect=4).stderr
    computes.bep("apply", "p.json", "-y")


def test_a_plan_of_another_state_is_refused_and_says_whose_it_is(computes: Workspace, tmp_path: Path) -> None:
    computes.edit("computes/extra.yml", "max_instances: 1", "max_instances: 2")
    plan = json.loads(computes.bep("plan", "-o", "p.json", "--json").stdout)
    write(computes.folder, {"q.json": forged(plan, lineage="another", stage="", workspace="theirs")})
    refused = computes.bep("apply", "q.json", "-y", expect=4).stderr
    assert "it was made for the state of lineage another (theirs), this one is" in refused
    state = computes.folder / ".bep/state.json"
    kept = state.read_text()
    key = json.loads(kept)["secret_key"]
    from bep.planner.formats.statefile import decode, encode

    state.write_text(encode(decode(kept).model_copy(update={"secret_key": key[::-1]})))
    assert "it is signed with another state's key" in computes.bep("apply", "p.json", "-y", expect=4).stderr
    computes.bep("show", "p.json")  # needs no key


def test_a_plan_without_signature_is_shown_and_not_applied(tmp_path: Path) -> None:
    kept = Workspace(lay_out(tmp_path / "kept"))
    assert "max_instances 2 -> 3" in kept.bep("show", "plan.json").stdout
    kept.edit("specs.yml", "max_instances: 2", "max_instances: 3")
    assert "it is not signed: plan again" in kept.bep("apply", "plan.json", "-y", expect=4).stderr


def test_what_became_dangerous_since_is_refused(computes: Workspace) -> None:
    """Three of ten are deleted, which is no third; by the time of the apply they are three of six."""
    names = [f"extra{number}" for number in range(8)]
    write(computes.folder, {f"computes/{name}.yml": EXTRA.replace("extra", name) for name in names})
    computes.bep("apply", "-y")
    for name in names[:3]:
        (computes.folder / "computes" / f"{name}.yml").unlink()
    computes.bep("plan", "-o", "p.json")
    targets = [word for name in names[4:] for word in ("--target", f"compute/{name}")]
    computes.bep("destroy", "-y", *targets)
    assert "more than a third (delete-many)" in computes.bep("apply", "p.json", "-y", expect=4).stderr
    assert len(computes.entries()) == 6
