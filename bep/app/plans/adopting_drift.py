"""Drift written back into the specs: found, tried on a copy in memory, then written. Prints nothing."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bep.app.errors import Refused
from bep.app.plans.planning import Asked, plan_of
from bep.app.workspace.opening import Opened
from bep.app.workspace.overlay import Overlay
from bep.app.workspace.rewriting import rewrite
from bep.app.workspace.short_names import one_named
from bep.app.workspace.specs import specs_of
from bep.lazy_dataclasses import dataclass, field
from bep.schemas.address import Address, kind_of
from bep.schemas.findings.finding import errors
from bep.schemas.mark import Mark
from bep.schemas.next_step import step
from bep.schemas.resource import FieldPath, Resource
from bep.schemas.yaml import editing as edit

if TYPE_CHECKING:
    from bep.planner.plan import Drift, FieldDiff


@dataclass(frozen=True)
class Field:
    """One drifted field: what the spec asks, what is there. `left` says why it could not be written, if it could not.

    `mark` is where the spec says it, or would say it.
    """

    address: Address
    path: FieldPath
    asked: Any
    there: Any
    mark: Mark
    left: str = ""


@dataclass
class Adoption:
    """What was tried: each field, and the files as they are to be (`before`: as they were read).

    `resources` are what the specs ask with the edits so far.
    """

    resources: Mapping[Address, Resource]
    fields: list[Field] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    before: dict[str, bytes] = field(default_factory=dict)


def adoption(opened: Opened, names: Sequence[str]) -> Adoption:
    """The specs with the world's values, for `ADDRESS` or `ADDRESS:FIELD`; in memory only.

    Raises `DomainError` for an address without drift, saying which have some.
    """
    from bep.planner.fields import dotted

    declared = {resource.address: resource for resource in specs_of(opened).resources}
    drifts = {drift.address: drift for drift in plan_of(opened, Asked(to_be_applied=False)).drift}
    found = Adoption(declared)
    for name in names:
        short, _, wanted = name.partition(":")
        address = one_named(one_named(short, drifts), declared)
        drift = _drift_of(address, drifts, declared)
        diffs = [d for d in drift.diffs if not wanted or f"{dotted(d.path)}.".startswith(f"{wanted}.")]
        if not diffs:
            there = ", ".join(dotted(diff.path) for diff in drift.diffs)
            raise Refused(f"{address}: {wanted} has not drifted; what has: {there}")
        _adopt(opened, found, address, diffs)
    return found


def _drift_of(address: Address, drifts: "Mapping[Address, Drift]", declared: Mapping[Address, Resource]) -> "Drift":
    drift = drifts.get(address)
    if drift is None:
        known = "; drifted are " + ", ".join(drifts) if drifts else "; nothing has"
        raise Refused(f"{address} has not drifted{known}")
    if address not in declared:
        write_it = step("import", address, out="FILE")
        raise Refused(
            f"{address}: no spec declares it\n    fix: {write_it} writes a spec of what exists", next=(write_it,)
        )
    if drift.gone:
        raise Refused(
            f"{address}: someone removed it, so there is no value to adopt\n"
            "    fix: take it out of the specs, or apply to make it again",
        )
    return drift


def _adopt(opened: Opened, found: Adoption, address: Address, diffs: "Sequence[FieldDiff]") -> None:
    if kind_of(address) == "traffic":
        _try(opened, found, address, diffs)
        return
    for diff in diffs:
        _try(opened, found, address, [diff])


def _try(opened: Opened, found: Adoption, address: Address, diffs: "Sequence[FieldDiff]") -> None:
    """Take the first edit after which the specs load, ask exactly this more, and nothing else."""
    resource = found.resources[address]
    mark = _mark_of(resource, diffs[0].path)
    data = found.before.setdefault(mark.file, opened.files.read(mark.file))
    text = found.texts.get(mark.file, data.decode("utf-8-sig"))
    why = _impossible(diffs, edit.scalar_at(text, mark) or "")
    for candidate in () if why else _edits(text, mark, resource, diffs):
        then = None if candidate is None else _loaded(opened, {**found.texts, mark.file: candidate})
        if candidate is not None and then is not None and _asks(opened, found, then, resource, diffs):
            found.texts[mark.file], found.resources = candidate, then
            break
    else:
        why = why or "its place in the file could not be changed alone"
    shift = kind_of(address) == "traffic"
    asked, there = (_split(diffs, "after"), _split(diffs, "before")) if shift else (diffs[0].after, diffs[0].before)
    found.fields.append(Field(address, ("split",) if shift else diffs[0].path, asked, there, mark, why))


def _split(diffs: "Sequence[FieldDiff]", side: str) -> Any:
    return next((str(diff.path[-1]) for diff in diffs if getattr(diff, side)), None)


def _impossible(diffs: "Sequence[FieldDiff]", written: str) -> str:
    from bep.schemas.secrets.secret import is_sealed

    if "${{" in written and "${{" in _without_own(written):
        return f"it is written as {written}: change it where that comes from"
    for diff in diffs:
        if is_sealed(diff.before):
            return "it is a secret, which cannot be read back"
        if isinstance(diff.before, dict) and "sha256" in diff.before:
            return "what differs are files, not a value in the spec"
    return ""


def _without_own(written: str) -> str:
    """A text without the expressions that stay as they are written: those of a schedule's jobs."""
    from bep.schemas.schedules.expressions import EXPRESSION

    return EXPRESSION.sub("", written)


def _mark_of(resource: Resource, path: FieldPath) -> Mark:
    for length in range(len(path), -1, -1):
        found = resource.marks.get(path[:length])
        if found is not None:
            return found
    return resource.mark


def _edits(text: str, mark: Mark, resource: Resource, diffs: "Sequence[FieldDiff]") -> Iterator[str | None]:
    from bep.schemas.specs.writing import as_written

    if kind_of(resource.address) == "traffic":
        yield from _shifted(text, mark, resource, diffs)
        return
    [diff] = diffs
    value = as_written(resource.address, diff.path, diff.before)
    if diff.before is None:
        yield edit.taken_out(text, mark)
        return
    yield edit.exchanged(text, mark, value)
    root = resource.marks.get((), resource.mark)
    for length in range(len(diff.path) - 1, -1, -1):
        place = resource.marks.get(diff.path[:length])
        if place is not None:
            yield edit.added(text, place, str(diff.path[length]), _nested(diff.path[length + 1 :], value))
    yield edit.added(text, root, str(diff.path[-1]), value)


def _nested(path: FieldPath, value: Any) -> Any:
    for part in reversed(path):
        value = {part: value}
    return value


def _shifted(text: str, mark: Mark, resource: Resource, diffs: "Sequence[FieldDiff]") -> Iterator[str | None]:
    """Traffic: the name that `defaults` gives, or 0 and 100 in a `traffic` mapping."""
    now = _split(diffs, "before")
    [chosen] = resource.attributes["split"]
    place = resource.marks.get(("split", chosen), mark)
    if now is not None:
        yield edit.exchanged(text, place, now)
    zeroed = edit.exchanged(text, place, 0)
    if zeroed is not None and now is not None:
        yield edit.added(zeroed, resource.marks.get(("split",), mark), now, 100)
    yield zeroed if now is None else None


def _asks(
    opened: Opened, found: Adoption, then: Mapping[Address, Resource], resource: Resource, diffs: "Sequence[FieldDiff]"
) -> bool:
    from bep.planner.fields import ABSENT, with_value
    from bep.schemas.secrets.secret import seal

    key = opened.state.secret_key
    expected = {address: seal(one.attributes, key) for address, one in found.resources.items()}
    for diff in diffs:
        value = ABSENT if diff.before is None else diff.before
        expected[resource.address] = with_value(expected[resource.address], diff.path, value)
    if kind_of(resource.address) == "traffic" and not expected[resource.address].get("split"):
        del expected[resource.address]
    return expected == {address: seal(one.attributes, key) for address, one in then.items()}


def _loaded(opened: Opened, texts: Mapping[str, str]) -> dict[Address, Resource] | None:
    """What the specs would ask with these texts; None where they would be wrong."""
    tried = Opened(opened.root, opened.source)
    tried.files = Overlay(opened.root, {path: text.encode() for path, text in texts.items()})
    if errors(tried.loaded.findings):
        return None
    return {one.address: one for one in tried.loaded.resources}


def write(opened: Opened, found: Adoption) -> None:
    """Put the new texts in place of the old, each file whole. Raises `DomainError` where one was changed meanwhile."""
    for path, text in found.texts.items():
        rewrite(opened.root, path, found.before[path], text)


def settle(opened: Opened, addresses: Sequence[Address], say: Callable[[str], None]) -> None:
    """Let the state learn what the specs say now, so that the next plan has nothing to say of it."""
    from bep.app.plans.adopting_state import remember, state_only
    from bep.app.upkeep.state_editing import editing

    fresh = Opened(opened.root, opened.source)
    plan = state_only(fresh, addresses)
    if plan and not plan.blocking:
        with editing(fresh, "adopt", say) as session:
            remember(fresh, plan, session)


def adopt(opened: Opened, names: Sequence[str], say: Callable[[str], None], *, dry_run: bool) -> Adoption:
    """Write drift into the specs, and let the state learn of it; with `dry_run` only find what would be written."""
    from bep.app.workspace.write_access import must_write

    found = adoption(opened, names)
    if not dry_run and found.texts:
        must_write(opened)
        write(opened, found)
        settle(opened, sorted({one.address for one in found.fields}), say)
    return found
