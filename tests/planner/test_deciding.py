"""What is decided for an object that bep did not note: by whose operation it was made, and in what condition it is."""

from dataclasses import replace

from bep.planner.observed import Condition, Observed
from bep.planner.plan import Action
from bep.schemas.address import Address
from tests.planner.scenes import Scene, compute

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
