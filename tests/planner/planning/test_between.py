"""What became of resources from one state to a later one."""

from typing import Any

from bep.planner.plan import Action
from bep.planner.planning.between import changes_between
from bep.planner.state import Entry, State
from bep.schemas.address import Address


def state_of(*entries: Entry) -> State:
    return State(lineage="here", secret_key="k" * 64, entries={entry.address: entry for entry in entries})


def entry(address: str, retained: bool = False, **attributes: Any) -> Entry:
    return Entry(address=Address(address), attributes=attributes, observed={}, etag="1", retained=retained)


def test_what_came_went_changed_moved_and_was_retained() -> None:
    before = state_of(
        entry("compute/gone", name="gone", max_instances=1),
        entry("compute/kept", name="kept", max_instances=1),
        entry("compute/same", name="same", max_instances=1),
        entry("model/old/1", name="old", version="1"),
        entry("traffic/letters", endpoint="endpoint/letters", split={"blue": 100}),
    )
    after = state_of(
        entry("compute/kept", name="kept", max_instances=2),
        entry("compute/new", name="new", max_instances=1),
        entry("compute/same", name="same", max_instances=1),
        entry("model/old/1", retained=True, name="old", version="1"),
        entry("traffic/letters", endpoint="endpoint/letters", split={"green": 100}),
    )

    changes = {change.address: change for change in changes_between(before, after)}

    assert {address: change.action for address, change in changes.items()} == {
        "compute/gone": Action.DELETE,
        "compute/kept": Action.UPDATE,
        "compute/new": Action.CREATE,
        "model/old/1": Action.RETAIN,
        "traffic/letters": Action.SHIFT,
    }
    [diff] = changes[Address("compute/kept")].diffs
    assert (diff.path, diff.before, diff.after) == (("max_instances",), 1, 2)


def test_a_state_and_itself_differ_in_nothing() -> None:
    state = state_of(entry("compute/kept", name="kept", max_instances=1))
    assert changes_between(state, state) == ()
