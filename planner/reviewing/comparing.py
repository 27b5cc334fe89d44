"""Comparisons: what is new beside what exists, field by field and file by file. Judges no difference."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from bep.lazy_dataclasses import dataclass
from bep.planner.facts import Comparison, FieldDiff, ModelDiff
from bep.planner.fields import dotted
from bep.planner.plan import Action
from bep.planner.planning.diffing import Sides, compare
from bep.planner.rendering.layout import leaves
from bep.planner.reviewing.evidence import DEPLOYMENT, MLMODEL, Evidence, unversioned
from bep.planner.reviewing.files import FileAsked, Room, asked_for, conda_diff, file_diffs
from bep.planner.wanted import file_changes
from bep.schemas.address import Address, kind_of, names_of

USED: Final = ("model", "environment", "component")
"""Fields in which a deployment names what it uses."""


@dataclass(frozen=True, slots=True)
class Pair:
    """What is set beside what."""

    address: Address
    against: Address
    reason: str


def pairs(evidence: Evidence) -> tuple[Pair, ...]:
    """What of this plan is compared, each pair once, in the order of the changes."""
    found: dict[tuple[Address, Address], Pair] = {}
    for pair in (*_of_deployments(evidence), *_of_versions(evidence)):
        found.setdefault((pair.address, pair.against), pair)
    return tuple(found.values())


def _of_deployments(evidence: Evidence) -> Iterator[Pair]:
    before, after = evidence.shares(evidence.now), evidence.shares(evidence.later)
    active = {names_of(traffic)[0]: next(iter(fed)) for traffic, fed in before.items() if fed}
    for change in evidence.plan.changes:
        address = change.address
        if change.action is Action.CREATE and kind_of(address) == DEPLOYMENT and not change.replacement:
            beside = active.get(names_of(address)[0])
            if beside is not None and beside != address:
                yield from _with_used(evidence, Pair(address, beside, "active"))
        elif change.action is Action.SHIFT:
            losing, gaining = before.get(address, {}), after.get(address, {})
            for receiver in [one for one in gaining if one not in losing][:1] if losing else ():
                yield from _with_used(evidence, Pair(receiver, next(iter(losing)), "shift"))
        elif change.action is Action.UPDATE and kind_of(address) == DEPLOYMENT:
            yield from _used(evidence, Pair(address, address, "version"))


def _with_used(evidence: Evidence, pair: Pair) -> Iterator[Pair]:
    yield pair
    yield from _used(evidence, pair)


def _used(evidence: Evidence, pair: Pair) -> Iterator[Pair]:
    """What two deployments use, or one before and after, where it is not the same."""
    new, old = evidence.later.get(pair.address, {}), evidence.now.get(pair.against, {})
    for field in USED:
        one, other = new.get(field), old.get(field)
        if one == other or not isinstance(one, str) or not isinstance(other, str):
            continue
        if one in evidence.later and other in evidence.now:
            yield Pair(Address(one), Address(other), pair.reason)


def _of_versions(evidence: Evidence) -> Iterator[Pair]:
    """New versions of a name, each beside the one that was applied last."""
    for change in evidence.changes(Action.CREATE):
        if evidence.kinds[kind_of(change.address)].registered and not change.replacement:
            earlier = evidence.last_versions.get(unversioned(change.address))
            if earlier is not None:
                yield Pair(change.address, earlier, "version")


def asked_by_pairs(evidence: Evidence, found: Iterable[Pair]) -> Iterator[FileAsked]:
    """The bytes that are needed to compare them."""
    for pair in found:
        planned = pair.address if pair.address in evidence.resources else None
        yield from asked_for(*_contents(evidence, pair), planned)


def comparisons(evidence: Evidence, found: Iterable[Pair], room: Room) -> tuple[Comparison, ...]:
    """Each pair compared."""
    compared = (_compared(evidence, pair) for pair in found)
    return tuple(one.model_copy(update={"files": room.fitted(one.files)}) if one.files else one for one in compared)


def _contents(evidence: Evidence, pair: Pair) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    return evidence.contents_now(pair.against), evidence.contents_later(pair.address)


def _compared(evidence: Evidence, pair: Pair) -> Comparison:
    old, new = _attributes(evidence, pair.against, evidence.now), _attributes(evidence, pair.address, evidence.later)
    kind = evidence.kinds[kind_of(pair.address)]
    records = _contents(evidence, pair)
    own = {(name,) for name in kind.identity}
    fields = tuple(
        _with_files(diff, *records) for diff in compare(Sides(new, old, old, old), kind).diffs if diff.path not in own
    )
    files, more = file_diffs(evidence, *records)
    differing = {diff.path for diff in fields} | own
    return Comparison(
        address=pair.address,
        against=pair.against,
        reason=pair.reason,
        fields=fields,
        files=(*files, *conda_diff(evidence, old, new)),
        files_left_out=more,
        model=tuple(_model(evidence, *records)),
        same=sum(1 for path, _ in leaves(new) if not any(path[: len(part)] == part for part in differing)),
    )


def _attributes(evidence: Evidence, address: Address, values: Mapping[Address, Mapping[str, Any]]) -> Mapping[str, Any]:
    """As the specs have or had it, without what a service fills in; as it is there where bep never wrote it."""
    if values is evidence.later and (wanted := evidence.wanted.get(address)) is not None:
        return wanted
    entry = evidence.state.entries.get(address)
    return entry.attributes if entry is not None else values.get(address, {})


def _with_files(diff: FieldDiff, before: Mapping[str, Any], after: Mapping[str, Any]) -> FieldDiff:
    name = dotted(diff.path)
    update = {"files": file_changes(before.get(name), after.get(name)), "forces_replacement": False}
    return diff.model_copy(update=update)


def _model(evidence: Evidence, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[ModelDiff]:
    """What their MLmodels say that is not the same."""
    digests = [record.files.get(MLMODEL) if (record := side.get("path")) else None for side in (before, after)]
    data = [evidence.asked.files.get(digest or "") for digest in digests]
    if digests[0] == digests[1] or data[0] is None or data[1] is None:
        return
    from bep.schemas.environments.mlflow_models import described

    old, new = (_flat(described(one)) for one in (data[0], data[1]))
    for what in sorted(old.keys() | new.keys()):
        if old.get(what) != new.get(what):
            yield ModelDiff(what=what, before=old.get(what), after=new.get(what))


def _flat(said: Mapping[str, Any]) -> dict[str, Any]:
    """What an MLmodel says, a side of its signature at a time."""
    signature = said.get("signature") or {}
    plain = {name: value for name, value in said.items() if name != "signature"}
    return plain | {f"signature.{side}": value for side, value in signature.items()}
