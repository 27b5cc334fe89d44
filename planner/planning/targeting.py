"""Plans of a part: `--target` and `--exclude`, closed over what must come along. Knows ids and needs only."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from bep.planner.plan import Change
from bep.planner.planning.graph import reached
from bep.schemas.address import Address


def named(address: Address, names: Iterable[str]) -> bool:
    """Whether one of the names is this address or the beginning of it."""
    return any(address == name or address.startswith(name + "/") for name in names)


def selected(changes: Sequence[Change], targets: Sequence[str], excludes: Sequence[str]) -> tuple[Change, ...]:
    """The changes of the targets with all they need, less those excluded and all that need them."""
    kept = set(_ids(changes))
    if targets:
        starts = [change.id for change in changes if named(change.address, targets)]
        kept = reached(starts, _pulls(changes, forward=True))
    if excludes:
        starts = [change.id for change in changes if named(change.address, excludes)]
        kept -= reached(starts, _pulls(changes, forward=False))
    return tuple(change for change in changes if change.id in kept)


def _ids(changes: Sequence[Change]) -> Iterable[str]:
    return (change.id for change in changes)


def _pulls(changes: Sequence[Change], *, forward: bool) -> dict[str, set[str]]:
    """What each change takes with it: what it needs, or what needs it; and always the other half of a replacement."""
    pulls: defaultdict[str, set[str]] = defaultdict(set)
    halves: defaultdict[Address, list[str]] = defaultdict(list)
    for change in changes:
        halves[change.address].append(change.id)
        for needed in change.needs:
            pulls[change.id if forward else needed].add(needed if forward else change.id)
    for ids in halves.values():
        for name in ids:
            pulls[name].update(ids)
    return pulls
