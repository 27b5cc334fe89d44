"""Traffic: the split of a shift resource, which deployments it feeds, and how a move of it reads."""

from collections.abc import Mapping
from typing import Any

from bep.planner.plan import FieldDiff, Origin
from bep.schemas.address import Address, address_of, names_of
from bep.schemas.kinds.kind import Kind

SPLIT = "split"
NO_SHARE = 0


def split_of(attributes: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """The share of each deployment by its plain name; one that is absent has none."""
    split = (attributes or {}).get(SPLIT)
    return split if isinstance(split, Mapping) else {}


def receivers(kind: Kind, address: Address, attributes: Mapping[str, Any] | None) -> frozenset[Address]:
    """The deployments this split feeds. Empty for a kind that is no shift."""
    if not kind.shift:
        return frozenset()
    names_of_split = kind.schema.get("properties", {}).get(SPLIT, {}).get("propertyNames", {})
    target = names_of_split.get("x-bep-refers-to", "deployment")
    return frozenset(
        address_of(target, *names_of(address), name) for name, share in split_of(attributes).items() if share
    )


def split_diffs(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, origin: Origin
) -> tuple[FieldDiff, ...]:
    """A split that is made or taken away as a whole, share by share."""
    old, new = split_of(before), split_of(after)
    return tuple(
        FieldDiff(path=(SPLIT, name), before=old.get(name), after=new.get(name), origin=origin, default=NO_SHARE)
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    )


def shift_summary(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> str:
    """`blue 100 -> 0, green 0 -> 100`: only shares that move."""
    old, new = split_of(before), split_of(after)
    moved = [
        f"{name} {old.get(name, NO_SHARE)} -> {new.get(name, NO_SHARE)}"
        for name in sorted(old.keys() | new.keys())
        if old.get(name, NO_SHARE) != new.get(name, NO_SHARE)
    ]
    return ", ".join(moved)
