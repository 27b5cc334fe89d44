"""What bep.yml says must hold: preconditions of the specs, checks of the world, outputs. Judges values it is given."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bep.schemas.address import Address
from bep.schemas.directives import items
from bep.schemas.finding import Finding, Severity, mistake
from bep.schemas.mark import Mark
from bep.schemas.nearest import did_you_mean
from bep.schemas.node import Node


@dataclass(frozen=True, slots=True)
class Condition:
    """A JMESPath query over the attributes of one resource that must give a true value; and what to say otherwise."""

    address: Address
    query: str
    message: str
    mark: Mark
    query_mark: Mark


@dataclass(frozen=True, slots=True)
class Output:
    """A value to hand on: a part of one resource, by a JMESPath query over its attributes. Empty: all of it."""

    name: str
    address: Address
    query: str
    description: str
    mark: Mark
    query_mark: Mark


@dataclass(frozen=True, slots=True)
class Conditions:
    """All of them, in the order they were written."""

    preconditions: tuple[Condition, ...] = ()
    checks: tuple[Condition, ...] = ()
    outputs: tuple[Output, ...] = ()


NO_CONDITIONS = Conditions()


def read_conditions(root: Node) -> Conditions:
    """The conditions and outputs of a bep.yml, without those whose shape is wrong."""
    outputs = root.get("outputs")
    named = outputs.value.items() if outputs is not None and isinstance(outputs.value, dict) else ()
    return Conditions(
        tuple(_condition(node) for node in items(root, "preconditions", "address", "query")),
        tuple(_condition(node) for node in items(root, "checks", "address", "query")),
        tuple(_output(name, node) for name, node in named if node.get("address") is not None),
    )


def _condition(node: Node) -> Condition:
    address, query = node.nearest(("address",)), node.nearest(("query",))
    return Condition(Address(address.text), query.text, node.texts("message"), address.mark, query.mark)


def _output(name: str, node: Node) -> Output:
    address, query = node.nearest(("address",)), node.nearest(("query",))
    return Output(name, Address(address.text), node.texts("query"), node.texts("description"), address.mark, query.mark)


def check_conditions(conditions: Conditions, declared: Collection[Address]) -> Iterator[Finding]:
    """What is wrong with them, whatever the values are."""
    every: tuple[Condition | Output, ...] = (*conditions.preconditions, *conditions.checks, *conditions.outputs)
    for one in every:
        yield from _unsound(one, declared)


def check_preconditions(conditions: Conditions, attributes: Mapping[Address, Mapping[str, Any]]) -> Iterator[Finding]:
    """Every precondition that the specs do not meet. None of them may be unsound."""
    return unmet(conditions.preconditions, attributes, Severity.ERROR, "precondition-failed")


def _unsound(one: Condition | Output, declared: Collection[Address]) -> Iterator[Finding]:
    if one.address not in declared:
        fix = did_you_mean(one.address, declared) or "Declare it, or take this out."
        yield mistake("condition-undeclared", one.address, "no spec declares it", fix, one.mark)
    if one.query:
        import jmespath
        from jmespath.exceptions import JMESPathError

        try:
            jmespath.compile(one.query)
        except JMESPathError as problem:
            message = f"'{one.query}' is not a JMESPath expression: {str(problem).splitlines()[0]}"
            fix = "See https://jmespath.org; numbers stand in backticks: settings.mini_batch_size <= `100`."
            yield mistake("query-invalid", one.address, message, fix, one.query_mark)


def unmet(
    conditions: Iterable[Condition], attributes: Mapping[Address, Mapping[str, Any]], severity: Severity, code: str
) -> Iterator[Finding]:
    """Those that do not hold of these attributes; what has none is passed over."""
    for one in conditions:
        if one.address in attributes and not _holds(one, attributes[one.address]):
            yield Finding(severity, code, one.address, one.message, f"It must hold: {one.query}", one.query_mark)


def _holds(one: Condition, attributes: Mapping[str, Any]) -> bool:
    try:
        return bool(queried(attributes, one.query))
    except ValueError:
        return False


def queried(attributes: Mapping[str, Any], query: str) -> Any:
    """The part of the attributes that a sound query asks for; all of them where it is empty.

    Raises `ValueError` where the query cannot be answered for these values, such as the length of a number.
    """
    if not query:
        return attributes
    import jmespath
    from jmespath.exceptions import JMESPathError

    try:
        return jmespath.search(query, attributes)
    except JMESPathError as problem:
        raise ValueError(str(problem)) from None
