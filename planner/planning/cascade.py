"""What has to be replaced along with what is replaced, so that nothing is left naming what is gone. Knows no kind.

Both halves of a replacement have one name, so the old must leave before the new can come. Whatever
refers to it and still will, has to leave before that and come back after.
"""

from collections.abc import Iterable, Mapping

from bep.planner.planning.graph import dependents, reached
from bep.schemas.address import Address


def cascade(
    replaced: Iterable[Address],
    desired: Mapping[Address, Iterable[Address]],
    prior: Mapping[Address, Iterable[Address]],
) -> dict[Address, Address]:
    """Each further address that must be replaced, with the replaced one it refers to.

    `desired` and `prior` have what each resource will refer to and refers to now; `prior` only of
    what exists. One that will refer to nothing replaced any more is merely updated first.
    """
    starts = sorted(replaced)
    wanting = reached(starts, dependents(desired))
    referrers = dependents(prior)
    found: dict[Address, Address] = {}
    waiting = list(starts)
    seen = set(starts)
    while waiting:
        here = waiting.pop()
        for address in sorted(referrers.get(here, ())):
            if address in wanting and address in desired and address not in seen:
                found[address] = here
                seen.add(address)
                waiting.append(address)
    return found
