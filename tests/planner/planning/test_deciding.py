"""What is decided for an object that bep did not note: by whose operation it was made, and in what condition it is."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bep.planner.observed import Condition, Observed
from bep.planner.plan import Action
from bep.planner.state import ContentRecord
from bep.schemas.address import Address
from bep.schemas.content import FIRST_RULE, RULE
from tests.planner.scenes import Scene, compute, content, model

COMPUTE = Address("compute/cpu-cluster")
WISH = {COMPUTE: compute()}


def there(**more: object) -> Scene:
    scene = Scene()
    scene.memory.objects[COMPUTE] = Observed(dict(compute().attributes), "theirs", **more)  # type: ignore[arg-type]
    return scene


def test_what_another_bep_made_is_a_strangers() -> None:
    plan = there(operation="of-another-history").plan(WISH, operations=frozenset(["ours"]))
    assert (plan.changes, [found.code for found in plan.blocking]) == ((), ["already-exists"])


def test_what_bep_made_and_the_world_is_still_at_work_on_is_waited_for() -> None:
    plan = there(operation="ours", condition=Condition.PROGRESSING).plan(WISH, operations=frozenset(["ours"]))
    assert (plan.changes, [found.code for found in plan.blocking]) == ((), ["in-progress"])


def test_what_was_made_and_failed_is_replaced_and_says_why() -> None:
    """Its entry has no version: no look at it can have found it well."""
    scene = Scene().applied(WISH)
    state = scene.state
    scene.state = state.model_copy(
        update={"entries": {name: entry.model_copy(update={"etag": ""}) for name, entry in state.entries.items()}}
    )
    scene.memory.objects[COMPUTE] = replace(
        scene.memory.objects[COMPUTE], condition=Condition.FAILED, why="no quota is left"
    )
    plan = scene.plan(WISH)
    assert [(change.action, change.reason) for change in plan.changes] == [
        (Action.DELETE, "it was made and failed: no quota is left"),
        (Action.CREATE, "it was made and failed: no quota is left"),
    ]


def test_what_failed_to_change_is_changed_again_and_not_replaced() -> None:
    scene = Scene().applied(WISH)
    there = scene.memory.objects[COMPUTE]
    scene.memory.objects[COMPUTE] = replace(there, condition=Condition.FAILED, why="no quota is left")
    plan = scene.plan(WISH)
    assert [(change.action, change.reason) for change in plan.changes] == [
        (Action.UPDATE, "it failed: no quota is left")
    ]


def recorded(rule: int, *, seen: bool) -> Scene:
    """A model whose folder had a file that no longer counts, recorded by this rule in state; in the world if `seen`."""
    name = model().address
    scene = Scene().applied({name: model(path=content("mnist/model", checkpoint="ab", model__meta="cd", __env="ef"))})
    entry, there = scene.state.entries[name], scene.memory.objects[name]
    records = {path: ContentRecord(sha256=of.sha256, files=of.files, rule=rule) for path, of in entry.contents.items()}
    entries = {name: entry.model_copy(update={"contents": records})}
    scene.state = scene.state.model_copy(update={"entries": entries})
    scene.memory.objects[name] = replace(there, contents=records if seen else {})
    return scene


@pytest.mark.parametrize("seen", [True, False], ids=["in the world", "in state alone"])
def test_content_that_an_earlier_rule_digested_is_compared_by_its_files(seen: bool) -> None:
    wish = {model().address: model()}
    same, other = (recorded(rule, seen=seen).plan(wish) for rule in (FIRST_RULE, RULE))
    assert (same.changes, same.blocking) == ((), ())
    assert [found.code for found in other.blocking] == ["registered-content-changed"]


def test_what_is_gone_is_shown_as_gone_when_only_state_is_refreshed() -> None:
    scene = Scene().applied(WISH)
    del scene.memory.objects[COMPUTE]
    plan = scene.plan(WISH, refresh_only=True)
    assert [change.action for change in plan.changes] == [Action.FORGET]
    assert [(drift.address, drift.gone, drift.diffs) for drift in plan.drift] == [(COMPUTE, True, ())]


def test_what_is_well_is_not_replaced_for_an_entry_without_a_version() -> None:
    scene = Scene().applied(WISH)
    entries = {name: entry.model_copy(update={"etag": ""}) for name, entry in scene.state.entries.items()}
    scene.state = scene.state.model_copy(update={"entries": entries})
    assert scene.plan(WISH).changes == ()


@pytest.mark.parametrize(
    ("seconds", "known"), [(-1, ("", "")), (0, ("", "")), (1, ("2026-01-01T00:00:01Z", "ops@example.com"))]
)
def test_who_changed_it_is_told_of_changes_since_it_was_applied_alone(seconds: int, known: tuple[str, str]) -> None:
    scene = Scene().applied(WISH)
    [(name, entry)] = scene.state.entries.items()
    applied = entry.model_copy(update={"applied_at": "2026-01-01T00:00:00Z"})
    scene.state = scene.state.model_copy(update={"entries": {name: applied}})
    scene.someone_sets(str(COMPUTE), max_instances=9)
    moment = (datetime(2026, 1, 1) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
    seen = scene.memory.objects[COMPUTE]
    scene.memory.objects[COMPUTE] = replace(seen, changed_at=moment, changed_by="ops@example.com")

    [drift] = scene.plan(WISH).drift

    assert (drift.changed_at, drift.changed_by) == known
