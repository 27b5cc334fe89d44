"""Resources, or the changes of a plan, as a graph in Graphviz's or Mermaid's words. Arrows point at what is needed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from bep.lazy_dataclasses import dataclass
from bep.planner.plan import Action, Plan
from bep.planner.wanted import references_of
from bep.schemas.address import Address
from bep.schemas.resource import Resource

SYMBOLS: Mapping[Action, str] = {
    Action.CREATE: "+",
    Action.UPDATE: "~",
    Action.DELETE: "-",
    Action.SHIFT: ">",
    Action.ADOPT: "=",
    Action.FORGET: ".",
    Action.RETAIN: "^",
}
COLOURS: Mapping[Action, str] = {
    Action.CREATE: "green3",
    Action.UPDATE: "orange",
    Action.DELETE: "red",
    Action.SHIFT: "blue",
    Action.ADOPT: "gray",
    Action.FORGET: "gray",
    Action.RETAIN: "gray",
}


@dataclass(frozen=True, slots=True)
class Node:
    """One thing: its id, unique in its graph; what to write on it; the ids it needs; the change, if it is one."""

    id: str
    label: str
    needs: tuple[str, ...] = ()
    action: Action | None = None


def of_resources(resources: Iterable[Resource]) -> tuple[Node, ...]:
    """A node a declared resource, and one for each that they refer to and nobody here declares."""
    declared = {resource.address: references_of(resource) for resource in resources}
    outside = {name for needs in declared.values() for name in needs} - declared.keys()
    needs: dict[Address, tuple[Address, ...]] = {**declared, **dict.fromkeys(outside, ())}
    return tuple(Node(address, address, tuple(needs[address])) for address in sorted(needs))


def of_plan(plan: Plan) -> tuple[Node, ...]:
    """A node a change, in the order of execution."""
    return tuple(
        Node(change.id, f"{SYMBOLS[change.action]} {change.address}", change.needs, change.action)
        for change in plan.changes
    )


def dot(nodes: Sequence[Node]) -> str:
    """In Graphviz's language (https://graphviz.org/doc/info/lang.html)."""
    return "\n".join(_dot_lines(nodes)) + "\n"


def _dot_lines(nodes: Sequence[Node]) -> Iterator[str]:
    yield "digraph bep {"
    yield "  rankdir=LR"
    yield '  node [shape=box, fontname="sans-serif"]'
    for node in nodes:
        colour = f", color={COLOURS[node.action]}" if node.action else ""
        yield f"  {_quoted(node.id)} [label={_quoted(node.label)}{colour}]"
    for node in nodes:
        for needed in node.needs:
            yield f"  {_quoted(node.id)} -> {_quoted(needed)}"
    yield "}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def mermaid(nodes: Sequence[Node]) -> str:
    """In Mermaid's flowchart language (https://mermaid.js.org/syntax/flowchart.html), which Markdown pages show."""
    return "\n".join(_mermaid_lines(nodes)) + "\n"


def _mermaid_lines(nodes: Sequence[Node]) -> Iterator[str]:
    names = {node.id: f"n{number}" for number, node in enumerate(nodes)}
    yield "flowchart LR"
    for node in nodes:
        kind = f":::{node.action}" if node.action else ""
        yield f'  {names[node.id]}["{_entities(node.label)}"]{kind}'
    for node in nodes:
        for needed in node.needs:
            yield f"  {names[node.id]} --> {names[needed]}"
    for action in sorted({node.action for node in nodes if node.action}):
        yield f"  classDef {action} stroke:{COLOURS[action].rstrip('0123456789')},stroke-width:2px"


def _entities(text: str) -> str:
    return text.replace("#", "#35;").replace('"', "#quot;").replace("<", "#lt;").replace("\n", " ")
