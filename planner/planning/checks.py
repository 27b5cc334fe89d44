"""Checks of bep.yml against a plan: of what is there now, and of what will be there. Judges nothing but values."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bep.lazy_dataclasses import replace
from bep.planner.observed import Observed
from bep.planner.options import Options
from bep.planner.plan import Change
from bep.schemas.address import Address
from bep.schemas.findings.finding import Finding, Severity

if TYPE_CHECKING:
    from bep.schemas.workspace.conditions import Condition

Values = Mapping[Address, Mapping[str, Any]]


def failed_checks(changes: Sequence[Change], observed: Mapping[Address, Observed], options: Options) -> list[Finding]:
    """What does not hold; what is not there cannot fail, and of a plan that takes everything away nothing is asked."""
    if options.destroy or not options.checks:
        return []
    now = {address: seen.attributes for address, seen in observed.items()}
    return [found for check in options.checks for found in _failed(check, now, planned(now, changes))]


def _failed(check: "Condition", now: Values, then: Values) -> Iterator[Finding]:
    """Of one that is always asked: what will not hold, and what does not hold now and will, which stops no plan."""
    from bep.schemas.workspace.conditions import When, unmet

    if check.when is When.APPLY:
        return
    will_not = list(unmet([check], then))
    yield from will_not
    if check.when is When.ALWAYS:
        told = {found.address for found in will_not}
        for found in unmet([check], now):
            if found.address not in told:
                message = f"{found.message}, as it is now; this plan mends it"
                yield replace(found, severity=Severity.WARNING, message=message)


def planned(now: Values, changes: Sequence[Change]) -> Values:
    """The attributes of everything as it will be once these changes are made, and what is not changed as it is."""
    found = dict(now)
    for change in changes:
        if change.after is None:
            found.pop(change.address, None)
        else:
            found[change.address] = change.after
    return found
