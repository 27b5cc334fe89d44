"""Which address a short name means: one rule for whatever takes an address. Pure; knows no state and no world."""

from collections.abc import Collection, Iterable

from bep.app.errors import NotFound, Refused
from bep.schemas.address import Address
from bep.schemas.findings.did_you_mean import listed, nearest
from bep.schemas.next_step import Step


def matches(name: str, known: Iterable[str]) -> list[str]:
    """The addresses that a name may mean: the very address; else those that end with it; else those of a registered
    asset of that name, whatever its version."""
    every = list(known)
    for found in (
        [one for one in every if one == name],
        [one for one in every if one.endswith(f"/{name}")],
        [one for one in every if one.rpartition("/")[0].endswith(f"/{name}") or one.rpartition("/")[0] == name],
    ):
        if found:
            return found
    return []


def address_named(name: str, known: Collection[str], *, where: str, otherwise: Step) -> Address:
    """The one address that a name means. Raises `Refused` with all that it could be, `NotFound` with the nearest.

    `where` says where it was looked for, and `otherwise` is the step that shows what there is.
    """
    found = matches(name, known)
    if len(found) == 1:
        return Address(found[0])
    if found:
        raise _several(name, found)
    by_last_name = {one.rpartition("/")[2]: one for one in known}
    near = nearest(name, known) or [by_last_name[one] for one in nearest(name, by_last_name)]
    hint = f"the nearest: {', '.join(near)}" if near else f"{otherwise} shows what there is"
    raise NotFound(f"there is no {name!r} {where}; {hint}", nearest=near, next=() if near else (otherwise,))


def one_named(name: str, known: Collection[str]) -> Address:
    """The one address that a name means, or the name as it is where it means none. Raises `Refused` for several."""
    found = matches(name, known)
    if len(found) > 1:
        raise _several(name, found)
    return Address(next(iter(found), name))


def part_named(name: str, known: Collection[str]) -> str:
    """A name as an address, or as the beginning of some, where it is one or means one; as it is where it means none.

    Raises `Refused` for a name that could be several.
    """
    if any(one == name or one.startswith(f"{name}/") for one in known):
        return name
    found = matches(name, known)
    ends = {one if one.endswith(f"/{name}") else one.rpartition("/")[0] for one in found}
    if len(ends) > 1:
        raise _several(name, ends)
    return next(iter(ends), name)


def _several(name: str, found: Collection[str]) -> Refused:
    return Refused(f"{name!r} could be {listed(sorted(found))}: say which")
