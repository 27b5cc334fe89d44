"""What every rendering of a plan shows, before it has a form: items, rows, counts. Knows plans, no format."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from bep.lazy_dataclasses import dataclass
from bep.lazy_patterns import lazy_pattern
from bep.planner.canonical import canonical
from bep.planner.fields import dotted
from bep.planner.plan import Action, Change, FieldDiff, Origin, Plan
from bep.planner.summarising import SENSITIVE, masked
from bep.schemas.address import Address
from bep.schemas.secrets.secret import is_sealed

SYMBOLS = {
    "replace": "-/+",
    Action.DELETE: "-",
    Action.UPDATE: "~",
    Action.CREATE: "+",
    Action.SHIFT: ">",
    Action.ADOPT: "=",
    Action.FORGET: ".",
    Action.RETAIN: "^",
}
LEGEND = {
    "-/+": "replace: delete, then create",
    "-": "delete",
    "~": "update in place",
    "+": "create",
    ">": "shift traffic",
    "=": "adopt: state only, the object stays as it is",
    ".": "forget: state only, the object stays as it is",
    "^": "retain: state only, the version stays in the registry",
}
_COUNTED = {
    "+": "create",
    "~": "update",
    "-/+": "replace",
    "-": "delete",
    ">": "shift",
    "=": "adopt",
    ".": "forget",
    "^": "retain",
}
AMBIGUOUS = lazy_pattern(
    r"^$|^\s|\s$|^[-+.\d][\d.eE+-]*$|^(true|false|null|yes|no|on|off|~)$|^[\[{\"']|->|^\(", re.IGNORECASE
)
MOST_ITEMS = 500
NONE = "(none)"


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a plan: a change, or the halves of a replacement. `steps` count from 1 in the order of execution."""

    symbol: str
    address: Address
    changes: tuple[Change, ...]
    steps: tuple[int, ...]

    @property
    def last(self) -> Change:
        """The change that says what will be there."""
        return self.changes[-1]

    @property
    def risky(self) -> bool:
        """Whether something is taken away."""
        return self.symbol in ("-/+", "-")


class Row(NamedTuple):
    """One field. `before` and `after` are texts, None where there is nothing; `items` are lines of a list's diff."""

    symbol: str
    name: str
    before: str | None
    after: str | None
    marks: tuple[str, ...] = ()
    items: tuple[str, ...] = ()


def items(plan: Plan) -> list[Item]:
    """The plan's lines: what takes something away first, then the order of execution."""
    steps: dict[tuple[Address, str], list[tuple[int, Change]]] = {}
    for number, change in enumerate(plan.changes, start=1):
        steps.setdefault((change.address, "" if change.replacement else change.id), []).append((number, change))
    found = [_item(parts) for parts in steps.values()]
    return sorted(found, key=lambda item: not item.risky)


def _item(parts: Sequence[tuple[int, Change]]) -> Item:
    changes = tuple(change for _, change in parts)
    first = changes[0]
    symbol = SYMBOLS["replace"] if len(changes) > 1 and first.action is Action.DELETE else SYMBOLS[first.action]
    return Item(symbol, first.address, changes, tuple(number for number, _ in parts))


def verdict(item: Item) -> str:
    """What will happen to the item, and why where that is not the user's own edit."""
    change = item.last
    words = {
        "-/+": "will be replaced",
        "-": "will be deleted",
        "~": "will be updated in place",
        "+": "will be created",
        ">": "will be shifted",
        "=": "will be adopted into state" if change.restore is None else "stays as it is, state follows",
        "^": "stays in the registry",
        ".": "will be forgotten, not deleted" if change.before is not None else "will be dropped from state",
    }
    return words[item.symbol] + (f": {change.reason}" if change.reason else "")


def summary(item: Item) -> str:
    """What the item is about, in half a line."""
    if item.symbol != ">":
        return item.last.summary
    return "shift traffic: " + ", then ".join(change.summary for change in item.changes)


def counts(plan: Plan) -> list[tuple[str, int]]:
    """How many of each action, most dangerous last, in the words of the summary; nothing that does not occur."""
    found = Counter(item.symbol for item in items(plan))
    return [(word, found[symbol]) for symbol, word in _COUNTED.items() if found[symbol]]


def summary_of(plan: Plan) -> str:
    """How many of each change there are, and how much stays as it is, in whole sentences."""
    resources = (
        "1 resource matches its spec" if plan.unchanged == 1 else f"{plan.unchanged} resources match their specs"
    )
    blocking = len(plan.blocking)
    errors = f"{blocking} {'error' if blocking == 1 else 'errors'}"
    if not plan.changes:
        return f"Nothing can be planned: {errors}." if blocking else f"Nothing to do. {resources}."
    found = ", ".join(f"{count} to {word}" for word, count in counts(plan))
    said = [f"Plan: {found}."]
    said += [f"{resources}."] if plan.unchanged else []
    said += [f"Not to be applied: {errors}."] if blocking else []
    return " ".join(said)


def rows(item: Item) -> list[Row]:
    """The fields of an item that will differ, or all of them where it is new or goes."""
    change = item.last
    if any(change.diffs for change in item.changes):
        return [field_row(diff, change.applied_at) for change in item.changes for diff in change.diffs]
    if change.action is Action.CREATE and not change.replacement:
        return [Row("+", dotted(path), None, text(value)) for path, value in leaves(change.after or {})]
    return []


def hidden(item: Item) -> int:
    """How many fields are not shown because they stay as they are."""
    change = item.last
    if change.after is None or not (change.diffs or change.replacement):
        return 0
    touched = [tuple(str(part) for part in diff.path) for diff in change.diffs]
    return sum(
        1
        for path, _ in leaves(change.after)
        if not any(path[: len(part)] == part or part[: len(path)] == path for part in touched)
    )


def drift_rows(diffs: Sequence[FieldDiff]) -> list[Row]:
    """Fields as the world changed them: from what bep last applied to what is there now."""
    return [
        Row(
            "~",
            dotted(diff.path),
            text(diff.last_applied, diff.default) or NONE,
            text(diff.before, diff.default) or NONE,
        )
        for diff in diffs
    ]


def field_row(diff: FieldDiff, applied_at: str = "") -> Row:
    """One field before and after."""
    shown = [None if value is None and diff.default is None else value for value in (diff.before, diff.after)]
    symbol = (
        "+" if shown[0] is None and diff.default is None else "-" if shown[1] is None and diff.default is None else "~"
    )
    lines = tuple(diff.files) or tuple(_list_lines(diff.before, diff.after))
    before, after = (None if lines and not diff.files else text(value, diff.default) for value in shown)
    return Row(symbol, dotted(diff.path), before, after, tuple(_marks(diff, applied_at)), lines)


def _marks(diff: FieldDiff, applied_at: str) -> Iterator[str]:
    if diff.origin is not Origin.SPEC:
        who = "changed outside bep" if diff.origin is Origin.DRIFT else "changed outside bep and in the spec"
        when = f" on {applied_at}" if applied_at else ""
        yield f"{who}; bep applied {text(diff.last_applied, diff.default) or NONE}{when}"
    if diff.forces_replacement:
        yield "forces replacement"


def _list_lines(before: Any, after: Any) -> Iterator[str]:
    """What came into a list, or a text of several lines, and what left it."""
    old, new = _parts(before), _parts(after)
    if old is None or new is None or max(len(old), len(new)) > MOST_ITEMS:
        return
    import difflib  # only where texts of several lines differ

    same = 0
    for line in difflib.ndiff(old, new):
        if line.startswith("  "):
            same += 1
        elif not line.startswith("?"):
            yield line
    if same:
        yield f"({same} unchanged hidden)"


def _parts(value: Any) -> list[str] | None:
    if isinstance(value, list | tuple):
        return [text(item) or "" for item in value]
    if isinstance(value, str) and "\n" in value.rstrip("\n"):
        return value.rstrip("\n").split("\n")
    return None


def leaves(attributes: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every field that has a value, sorted, with its path; lists, contents and secrets count as one."""
    for name in sorted(attributes):
        value, at = attributes[name], (*path, str(name))
        if type(value) is str:
            yield at, value
        elif isinstance(value, Mapping) and not is_sealed(value) and "sha256" not in value:
            yield from leaves(value, at)
        else:
            yield at, value


def text(value: Any, default: Any = None) -> str | None:
    """A value as one line: bare where that is clear, quoted where it is not, `(sensitive)` where it is secret."""
    if value is None:
        return None if default is None else text(default)
    if isinstance(value, str):
        return canonical(value) if AMBIGUOUS.search(value) else value
    if is_sealed(value):
        return SENSITIVE
    if isinstance(value, Mapping) and isinstance(value.get("sha256"), str):
        local = f"{value['local']} " if value.get("local") else ""
        return f"{local}(sha256 {value['sha256'][:12]})"
    return canonical(masked(value))
