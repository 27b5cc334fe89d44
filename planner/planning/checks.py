"""Checks of bep.yml against a plan: of what is there now, and of what will be there. Judges nothing but values."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bep.planner.observed import Observed
from bep.planner.options import Options
from bep.planner.plan import Change
from bep.schemas.address import Address
from bep.schemas.findings.finding import Finding

Values = Mapping[Address, Mapping[str, Any]]


def failed_checks(changes: Sequence[Change], observed: Mapping[Address, Observed], options: Options) -> list[Finding]:
    """What does not hold; what is not there cannot fail, and of a plan that takes everything away nothing is asked."""
    if options.destroy or not options.checks:
        return []
    return list(_failed({address: seen.attributes for address, seen in observed.items()}, changes, options))


def _failed(now: Values, changes: Sequence[Change], options: Options) -> Iterator[Finding]:
    from bep.schemas.workspace.conditions import When, unmet

    yield from unmet([check for check in options.checks if check.when is When.ALWAYS], now)
    yield from unmet([check for check in options.checks if check.when is When.PLAN], planned(now, changes))


def planned(now: Values, changes: Sequence[Change]) -> Values:
    """The attributes of everything as it will be once these changes are made, and what is not changed as it is."""
    found = dict(now)
    for change in changes:
        if change.after is None:
            found.pop(change.address, None)
        else:
            found[change.address] = change.after
    return found
