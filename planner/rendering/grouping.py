"""The changes of a plan as groups of steps: one an endpoint, and one of those that are alike. Knows no format."""

from collections.abc import Hashable, Iterator, Mapping, Sequence, Set
from typing import Final

from bep.lazy_dataclasses import dataclass
from bep.planner.facts import Comparison
from bep.planner.fields import dotted
from bep.planner.plan import Action, Change, Origin, Plan
from bep.planner.rendering.alike import ROUTED, content, first_name, names_told_apart, shape, together
from bep.planner.rendering.layout import Item, items, summary, verdict
from bep.planner.rendering.sections import Detail, Group, Mark, Step
from bep.planner.summarising import diffs_summary
from bep.schemas.address import Address, address_of, kind_of, names_of

WORDS: Final = {
    "-/+": "replace",
    "-": "delete",
    "~": "update",
    "+": "create",
    ">": "shift traffic",
    "=": "adopt",
    ".": "forget",
    "^": "retain",
}
MEANINGS: Final = {
    "=": "it stays as it is, and bep looks after it from now on",
    ".": "bep looks after it no longer",
    "^": "it stays in the registry",
}
"""What somebody who has never used bep cannot know of a word."""
LARGEST: Final = 50
"""Items of a group up to which it is compared with others as a whole."""

RANK: Final = {mark: place for place, mark in enumerate(Mark)}


@dataclass(frozen=True, slots=True)
class _About:
    """What of a plan its steps speak of: the highest risk of an address, the comparisons of an item by its first step,
    the deployments that have traffic, each with its share, and those of them that lose all of it to others."""

    marks: Mapping[Address, Mark]
    compared: Mapping[int, tuple[Comparison, ...]]
    active: Mapping[Address, int]
    left: Set[Address]


def groups(plan: Plan) -> tuple[tuple[Group, ...], tuple[Detail, ...]]:
    """The groups in the order of their first steps, and the details of their steps, the riskiest first."""
    shown = sorted(items(plan), key=lambda item: item.steps[0])
    about = _About(_marks(plan), _compared(plan, shown), _active(plan), _left(plan))
    built: list[tuple[Group, list[Detail]]] = []
    for alike in _groups_alike(_by_endpoint(shown), about):
        endpoint, own = alike[0]
        made = [_step(many, about) for many in _items_alike(own, about)]
        group = Group(endpoint, tuple(step for step, _ in made), tuple(one for one, _ in alike[1:]))
        built.append((group, [detail for _, detail in made]))
    details = sorted((one for _, many in built for one in many), key=lambda one: (RANK[one.mark], not one.item.risky))
    return _numbered([group for group, _ in built]), tuple(details)


def _marks(plan: Plan) -> Mapping[Address, Mark]:
    """The highest risk of each address; they come highest first."""
    found: dict[Address, Mark] = {}
    for risk in plan.risks:
        found.setdefault(risk.address, Mark(str(risk.level)))
    return found


def _active(plan: Plan) -> Mapping[Address, int]:
    return {
        address_of("deployment", *names_of(route.endpoint), name): share
        for route in plan.jobs.routes
        for name, share in route.before.items()
    }


def _left(plan: Plan) -> Set[Address]:
    return {
        address_of("deployment", *names_of(route.endpoint), name)
        for route in plan.jobs.routes
        for name in route.before
        if route.after and name not in route.after
    }


def _compared(plan: Plan, shown: Sequence[Item]) -> Mapping[int, tuple[Comparison, ...]]:
    """By the first step of an item, the comparisons that are told with it.

    That of what is made here belongs to it; that of a deployment which gets traffic, to the shift; and that of what two
    deployments use, to the one told before it.
    """
    found: dict[int, list[Comparison]] = {}
    made = {item.address: item for item in shown if item.symbol in ("+", "-/+")} if plan.comparisons else {}
    shifts = {first_name(item.address): item for item in shown if item.symbol == ">"} if plan.comparisons else {}
    before: Item | None = None
    for one in plan.comparisons:
        routed = shifts.get(first_name(one.address)) if kind_of(one.address) in ROUTED else None
        user = next((item for item in shown if one.address in item.last.references), None) if before is None else None
        before = made.get(one.address) or routed or before or user or shown[0]
        found.setdefault(before.steps[0], []).append(one)
    return {step: tuple(many) for step, many in found.items()}


def _by_endpoint(shown: Sequence[Item]) -> dict[Address, list[Item]]:
    """The items by the endpoint whose they are, that alone uses them, or that alone they use, as a schedule does; by
    nothing where that is not one.
    """
    users: dict[Address, set[str]] = {}
    for item in shown:
        if kind_of(item.address) in ROUTED:
            for used in _used(item):
                users.setdefault(used, set()).add(first_name(item.address))
    found: dict[Address, list[Item]] = {}
    for item in shown:
        own = {first_name(item.address)} if kind_of(item.address) in ROUTED else users.get(item.address, set())
        own = own or {first_name(used) for used in _used(item) if kind_of(used) == "endpoint"}
        title = address_of("endpoint", next(iter(own))) if len(own) == 1 else Address("")
        found.setdefault(title, []).append(item)
    return found


def _used(item: Item) -> Iterator[Address]:
    """What an item refers to, or has referred to."""
    return (used for change in item.changes for used in (*change.references, *change.prior_references))


def _groups_alike(found: Mapping[Address, list[Item]], about: _About) -> list[list[tuple[Address, list[Item]]]]:
    return together(found.items(), (_group_key(endpoint, own, about) for endpoint, own in found.items()))


def _group_key(endpoint: Address, own: Sequence[Item], about: _About) -> Hashable:
    if not endpoint or len(own) > LARGEST:
        return endpoint
    names = names_told_apart([endpoint, *(item.address for item in own)])
    return tuple((about.marks.get(item.address), shape(item.address + content(item), names)) for item in own)


def _items_alike(own: Sequence[Item], about: _About) -> list[list[Item]]:
    """Items of one group with those that are the same but for their own names."""
    return together(own, (_item_key(item, about) for item in own)) if len(own) > 1 else [list(own)]


def _item_key(item: Item, about: _About) -> Hashable:
    if item.symbol == ">":
        return item.address
    names = dict.fromkeys((name for name in names_of(item.address) if not name.isdigit()), "\0")
    told = about.marks.get(item.address), item.address in about.active, item.steps[0] in about.compared
    return (*told, shape(content(item), names))


def _step(alike: Sequence[Item], about: _About) -> tuple[Step, Detail]:
    item, also = alike[0], tuple(one.address for one in alike[1:])
    compared = about.compared.get(item.steps[0], ())
    key, mark, word = f"{item.last.action} {item.address}", about.marks.get(item.address, Mark.NONE), WORDS[item.symbol]
    text = _said(item, compared, about)
    number = "" if also else ", ".join(map(str, item.steps))
    step = Step(key, item.symbol, word, item.address, text, number, mark, also)
    return step, Detail(key, item.symbol, word, item.address, text, verdict(item), mark, item, compared, also)


def _numbered(found: Sequence[Group]) -> tuple[Group, ...]:
    """The groups; their steps without numbers where they stand in the order of execution."""
    numbers = [int(part) for group in found for step in group.steps if step.number for part in step.number.split(", ")]
    told_together = any(group.also or step.also for group in found for step in group.steps)
    if not told_together and numbers != sorted(numbers):
        return tuple(found)
    return tuple(group._replace(steps=tuple(step._replace(number="") for step in group.steps)) for group in found)


def _said(item: Item, compared: Sequence[Comparison], about: _About) -> str:
    """A step in half a line: what it is, and what of it matters."""
    active = about.active
    said = [_shift(item) if item.symbol == ">" else _files(item.last) or summary(item)]
    if item.address in active and item.symbol in ("~", "-", "-/+"):
        share = "the" if active[item.address] == 100 else f"{active[item.address]} % of the"
        said.insert(0, f"has {share} traffic" + (" until that moves" if item.address in about.left else ""))
    said += [_difference(one, active) for one in compared if one.address == item.address]
    if item.last.origin is not Origin.SPEC:
        said.append("undoes what was done outside bep" if item.last.action is not Action.ADOPT else "as it is by now")
    if item.symbol == "=" and item.last.restore is not None:
        said.append("it stays as it is")
    elif item.symbol in MEANINGS:
        said.append(": ".join(filter(None, (MEANINGS[item.symbol], item.last.reason))))
    elif (item.risky or item.symbol == ">") and item.last.reason:
        said.append(item.last.reason)
    return "; ".join(filter(None, said))


def _files(change: Change) -> str:
    """The files of an update by name, and its other fields; nothing where it has no files."""
    if not change.files or change.action is not Action.UPDATE:
        return ""
    named = [f"{one.name or one.field} (+{one.added} -{one.removed} lines)" for one in change.files[:3]]
    more = len(change.files) + change.files_left_out - len(named)
    fields = {one.field for one in change.files}
    rest = [diff for diff in change.diffs if not any(within(dotted(diff.path), one) for one in fields)]
    named += [f"{more} more files"] if more else []
    return f"{', '.join(named)}{f'; {diffs_summary(rest)}' if rest else ''}"


def within(field: str, other: str) -> bool:
    """Whether a field, dotted, is another or in it."""
    return field == other or field.startswith(f"{other}.")


def _shift(item: Item) -> str:
    """Where traffic goes, one move after another."""
    return ", then ".join(map(_moved, item.changes))


def _moved(change: Change) -> str:
    """From one deployment to another, where all of it moves."""
    moved = {diff.path[-1]: (diff.before or 0, diff.after or 0) for diff in change.diffs}
    whole = {shares: name for name, shares in moved.items()}
    if len(moved) == 2 and whole.keys() == {(100, 0), (0, 100)}:
        return f"from {whole[100, 0]} to {whole[0, 100]}"
    if list(whole) == [(0, 100)]:
        return f"to {whole[0, 100]}"
    if list(whole) == [(100, 0)]:
        return f"away from {whole[100, 0]}, to none"
    return change.summary


def _difference(one: Comparison, active: Mapping[Address, int]) -> str:
    """In what something new differs from what exists, the first three fields."""
    own = first_name(one.against, -1) if kind_of(one.against) in ROUTED else one.against
    against = f"{own}, which has the traffic," if one.against in active else own
    own_files = {file.field for file in one.files}
    fields = [
        name for name in (dotted(diff.path) for diff in one.fields) if not any(within(name, each) for each in own_files)
    ]
    fields += [said.what for said in one.model]
    files = [file.name or file.field for file in one.files]
    found = [*fields[:3], *files[:3]]
    more = len(fields) + len(files) + one.files_left_out - len(found)
    if not found:
        return f"otherwise like {against}"
    return f"differs from {against} in {', '.join(found)}" + (f" and {more} more" if more else "")
