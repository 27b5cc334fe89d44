"""What became of resources from one state to a later one, as changes. Pure: compares what was recorded, no world."""

from collections.abc import Iterator
from typing import Any

from bep.planner.plan import Action, Change
from bep.planner.planning.diffing import Sides, compare
from bep.planner.state import Entry, State
from bep.planner.summarising import summary_of
from bep.schemas.address import Address, kind_of
from bep.schemas.kinds.kind import load_kinds


def changes_between(before: State, after: State) -> tuple[Change, ...]:
    """A change for each resource that came, went, or was applied otherwise, by address. What only a world filled in
    counts for nothing."""
    kinds = load_kinds()
    every = sorted({*before.entries, *after.entries})
    known = (address for address in every if kind_of(address) in kinds)
    return tuple(
        change
        for address in known
        for change in _change(address, before.entries.get(address), after.entries.get(address))
    )


def _change(address: Address, old: Entry | None, new: Entry | None) -> Iterator[Change]:
    kind = load_kinds()[kind_of(address)]
    last = new or old
    assert last is not None
    said: dict[str, Any] = {"id": str(address), "address": address, "summary": summary_of(kind, last.attributes)}
    if old is None:
        yield Change(**said, action=Action.SHIFT if kind.shift else Action.CREATE, after=last.attributes)
    elif new is None:
        yield Change(**said, action=Action.SHIFT if kind.shift else Action.DELETE, before=last.attributes)
    elif diffs := compare(Sides(new.attributes, old.attributes, old.attributes, old.attributes), kind).diffs:
        action = Action.SHIFT if kind.shift else Action.UPDATE
        yield Change(**said, action=action, before=old.attributes, after=new.attributes, diffs=diffs)
    elif new.retained and not old.retained:
        yield Change(**said, action=Action.RETAIN, before=old.attributes, after=new.attributes)
