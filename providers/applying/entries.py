"""A change that was made, as the entry that state keeps of it. Pure; knows no journal and no provider."""

from collections.abc import Iterator, Mapping
from typing import Any

from bep.planner.fields import ABSENT, with_value
from bep.planner.observed import Observed
from bep.planner.plan import Change
from bep.planner.state import Beside, Entry
from bep.schemas.address import Address, address_of, is_address, kind_of
from bep.schemas.kinds.kind import load_kind


def entry_of(change: Change, observed: Observed, operation: str, at: str) -> Entry:
    """The entry of a change that is done: what was wanted, and what the provider returned."""
    return Entry(
        address=change.address,
        attributes=change.after or {},
        observed=observed.attributes,
        etag=observed.etag,
        references=change.references,
        contents=change.contents,
        guards=change.guards,
        operation=operation,
        applied_at=at,
    )


def adopted_entry(change: Change, observed: Observed, at: str) -> Entry:
    """The entry of an object that is adopted as it is. Where the change names fields, state goes back to what it said
    before it followed the world: what is there now differs from that, and is no version that bep has seen."""
    entry = entry_of(change, observed, observed.operation, at)
    if not change.diffs:
        return entry
    there = observed.attributes
    for diff in change.diffs:
        there = with_value(there, diff.path, ABSENT if diff.after is None else diff.after)
    return entry.model_copy(update={"observed": there, "etag": ""})


def failed_entry(change: Change, observed: Observed, operation: str, at: str) -> Entry:
    """The entry of an object that was made and failed: bep's own, of no version, so that no plan takes it for done."""
    return entry_of(change, observed, operation, at).model_copy(update={"etag": ""})


def found_entry(address: Address, observed: Observed, prior: Entry | None, at: str) -> Entry:
    """The entry of an object whose plan is lost: what is there stands for what was wanted, guards for the best."""
    parts: dict[str, Any] = {"guards": prior.guards} if prior else {}
    return Entry(
        address=address,
        attributes=observed.attributes,
        observed=observed.attributes,
        etag=observed.etag,
        references=tuple(sorted(set(references_in(address, observed.attributes)))),
        contents=observed.contents,
        operation=observed.operation,
        applied_at=at,
        **parts,
    )


def entry_beside(address: Address, observed: Observed | None, prior: Entry | None, by: str, at: str) -> Entry | None:
    """The entry of an object that somebody changed beside the specs; None where it is gone, and was only theirs.

    What bep last applied stays as it was: so the next plan sees what they did as drift. What no spec ever declared is
    taken as it is.
    """
    if prior is not None and not prior.is_made_beside:
        return prior.model_copy(update={"beside": Beside(by=by, at=at)})
    if observed is None:
        return None
    return found_entry(address, observed, prior, at).model_copy(update={"beside": Beside(by=by, at=at, made=True)})


def references_in(address: Address, attributes: Mapping[str, Any]) -> Iterator[Address]:
    """The addresses that stand in the fields which the kind declares to be references, or that a plain name means: a
    deployment has that of its endpoint."""
    for path, kind in load_kind(kind_of(address)).references.items():
        for value in _at(attributes, path):
            if isinstance(value, str) and is_address(value):
                yield Address(value)
            elif isinstance(value, str) and path[-1] in load_kind(kind_of(address)).identity:
                yield address_of(kind, value)


def _at(value: Any, path: tuple[str | int, ...]) -> Iterator[Any]:
    if not path:
        yield value
        return
    first, rest = path[0], path[1:]
    if isinstance(value, Mapping):
        chosen = value.values() if first == "*" else [value[first]] if first in value else []
    else:
        chosen = value if isinstance(value, list) and first == "*" else []
    for item in chosen:
        yield from _at(item, rest)
