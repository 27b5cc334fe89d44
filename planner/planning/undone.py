"""What of a drift a plan takes back: decided by the changes that are in it, not by those that could be. Pure."""

from collections.abc import Iterable, Mapping, Sequence

from bep.planner.plan import Action, Change, Drift, FieldDiff
from bep.schemas.address import Address

_WRITING = (Action.CREATE, Action.UPDATE, Action.DELETE, Action.SHIFT)


def writing(changes: Iterable[Change]) -> Mapping[Address, Sequence[Change]]:
    """Those of the changes that write something, by address: there may be ten thousand, and as many drifts."""
    found: dict[Address, list[Change]] = {}
    for change in changes:
        if change.action in _WRITING:
            found.setdefault(change.address, []).append(change)
    return found


def as_planned(drift: Drift, written: Mapping[Address, Sequence[Change]]) -> Drift:
    """The drift, which says whether these changes take it back."""
    undone = bool(taken_back(drift, written)) or (drift.gone and drift.address in written)
    return drift.model_copy(update={"undone": True}) if undone else drift


def taken_back(drift: Drift, written: Mapping[Address, Sequence[Change]]) -> tuple[FieldDiff, ...]:
    """Those of the drifted fields that these changes do not leave as they are."""
    own = written.get(drift.address, ())
    whole = any(change.after is None or change.replacement for change in own)
    set_back = {diff.path for change in own for diff in change.diffs}
    return tuple(diff for diff in drift.diffs if whole or diff.path in set_back)
