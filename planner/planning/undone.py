"""What of a drift a plan takes back: decided by the changes that are in it, not by those that could be. Pure."""

from collections.abc import Sequence

from bep.planner.plan import Action, Change, Drift, FieldDiff

_WRITING = (Action.CREATE, Action.UPDATE, Action.DELETE, Action.SHIFT)


def as_planned(drift: Drift, changes: Sequence[Change]) -> Drift:
    """The drift, which says whether these changes take it back."""
    undone = bool(taken_back(drift, changes)) or (drift.gone and any(_writes(drift, change) for change in changes))
    return drift.model_copy(update={"undone": True}) if undone else drift


def taken_back(drift: Drift, changes: Sequence[Change]) -> tuple[FieldDiff, ...]:
    """Those of the drifted fields that these changes do not leave as they are."""
    own = [change for change in changes if _writes(drift, change)]
    whole = any(change.after is None or change.replacement for change in own)
    set_back = {diff.path for change in own for diff in change.diffs}
    return tuple(diff for diff in drift.diffs if whole or diff.path in set_back)


def _writes(drift: Drift, change: Change) -> bool:
    return change.address == drift.address and change.action in _WRITING
