"""Plans and moves of traffic as they are looked back at: from records, and from what an earlier bep kept."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from bep.app.errors import NotFound
from bep.app.overviews.endpoints import endpoint_named, endpoints_of, side_by_side
from bep.app.overviews.plans import LAST, applied_plans, plan_files, plan_named, shifts_of
from bep.app.overviews.states import between, kept_states
from bep.app.workspace.opening import Opened, Source
from tests.bep.conftest import FILES, Workspace, write

GREEN = FILES["specs.yml"].split("---\n")[2].replace("name: blue", "name: green")


@pytest.fixture
def shifted(applied: Workspace) -> Workspace:
    """Two more applies: a deployment, and the traffic on it."""
    (applied.folder / "specs.yml").write_text(f"{FILES['specs.yml']}---\n{GREEN}")
    applied.bep("apply", "-y")
    applied.edit("specs.yml", "deployment_name: blue", "deployment_name: green")
    applied.bep("apply", "-y", "--allow", "shift-unscored")
    return applied


def opened(workspace: Workspace) -> Opened:
    return Opened(workspace.folder, Source())


def moves(workspace: Workspace) -> list[tuple[Mapping[str, int], Mapping[str, int]]]:
    return [(one.before, one.after) for one in shifts_of(opened(workspace), "letters")]


def test_each_apply_is_on_record_newest_first(shifted: Workspace) -> None:
    found = applied_plans(opened(shifted))

    assert [one.serial for one in found] == [2, 1, 0]
    assert {one.state for one in found} == {"applied"}
    assert found[0].actions == {"shift": 1}
    assert all(one.who and one.host and one.ended for one in found)
    kept, plan = plan_named(opened(shifted), found[0].name)
    assert (kept, plan.serial) == (found[0], 2)
    with pytest.raises(NotFound, match="no plan 'nothing' is kept here"):
        plan_named(opened(shifted), "nothing")


def test_moves_of_traffic_are_told_with_their_plans(shifted: Workspace) -> None:
    assert moves(shifted) == [({"blue": 100}, {"green": 100}), ({}, {"blue": 100})]
    newest = shifts_of(opened(shifted), "letters")[0]
    assert newest.plan == applied_plans(opened(shifted))[0].name
    assert newest.who


def test_what_an_earlier_bep_kept_is_enough_for_when_and_what(shifted: Workspace) -> None:
    shutil.rmtree(shifted.folder / ".bep/state.json.applied")

    assert [(one.name, one.state, one.who) for one in applied_plans(opened(shifted))] == [(LAST, "applied", "")]
    assert plan_named(opened(shifted), LAST)[1].serial == 2
    assert moves(shifted) == [({"blue": 100}, {"green": 100}), ({}, {"blue": 100})]
    assert [(one.who, one.plan, one.serial) for one in shifts_of(opened(shifted), "letters")] == [
        ("", "", 3),
        ("", "", 1),
    ]


def test_an_apply_that_never_ended_is_told_as_one(shifted: Workspace) -> None:
    [file] = (shifted.folder / ".bep/state.json.applied").glob("2-*.about.json")
    file.write_text(json.dumps({**json.loads(file.read_text()), "ended": "", "done": 0}))
    assert applied_plans(opened(shifted))[0].state == "interrupted"

    began = applied_plans(opened(shifted))[0].at
    with opened(shifted).store.acquire(operation="apply", since=began):
        assert applied_plans(opened(shifted))[0].state == "being applied"


def test_an_apply_in_part_says_what_was_not_done(applied: Workspace) -> None:
    write(applied.folder, {"more.yml": "name: other-cluster\ntype: amlcompute\nmax_instances: 1\n"})
    [file] = (applied.folder / ".bep/state.json.applied").glob("*.about.json")
    file.write_text(json.dumps({**json.loads(file.read_text()), "done": 4, "failed": 1, "skipped": 1}))
    [found] = applied_plans(opened(applied))
    assert (found.state, found.failed) == ("applied in part", 2)


def test_plan_files_of_the_folder_are_found_and_no_other_json(applied: Workspace) -> None:
    applied.edit("specs.yml", "max_instances: 2", "max_instances: 3")
    applied.bep("plan", "-o", "next.json")
    write(applied.folder, {"no-plan.json": "{}", "torn.json": '{"lineage": "x"', "below/next.json": "{}"})

    [found] = plan_files(opened(applied))
    assert (found.name, found.state, found.actions) == ("next.json", "not applied", {"update": 1})
    applied.bep("apply", "next.json", "-y")
    [found] = plan_files(opened(applied))
    assert found.state == "applied"


def test_states_are_compared_by_their_serials(shifted: Workspace) -> None:
    assert [one.serial for one in kept_states(opened(shifted))] == [3, 2, 1, 0]
    assert [str(change.address) for change in between(opened(shifted), 3, 1).changes] == [
        "deployment/letters/green",
        "traffic/letters",
    ]
    with pytest.raises(NotFound, match="no copy of the state of serial 9 is kept; there are 3, 2, 1, 0"):
        between(opened(shifted), 1, 9)


def test_an_endpoint_has_its_deployments_the_one_with_the_traffic_first(shifted: Workspace) -> None:
    [found] = endpoints_of(opened(shifted))

    assert [(one.name, one.share) for one in found.deployments] == [("green", 100), ("blue", 0)]
    assert found.active is not None
    assert found.active.name == "green"
    assert not any(row.differs for row in side_by_side(found.deployments))
    with pytest.raises(NotFound, match=r"no endpoint 'lettres' was applied here\. Did you mean"):
        endpoint_named(opened(shifted), "lettres")


def test_a_workspace_without_anything_has_nothing(workspace: Workspace, tmp_path: Path) -> None:
    there = opened(workspace)
    assert (applied_plans(there), plan_files(there), kept_states(there), endpoints_of(there)) == ([], [], [], [])
    assert not (tmp_path / ".bep").exists()  # looking makes nothing
