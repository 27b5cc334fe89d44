"""What bep.yml says must hold of specs, plans and the world, and its outputs. Judges values it is given."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

from bep.lazy_dataclasses import dataclass, replace
from bep.schemas.address import Address
from bep.schemas.findings.did_you_mean import did_you_mean
from bep.schemas.findings.finding import Finding, Severity, mistake
from bep.schemas.mark import Mark
from bep.schemas.secrets.secret import SEALED
from bep.schemas.workspace.directives import items
from bep.schemas.workspace.measuring import cut, measured
from bep.schemas.yaml.node import Node


class When(StrEnum):
    """What a check looks at: the values as they are planned, or those of the world once an apply is done.

    ALWAYS is both, and in a plan the world as it is now, too.
    """

    ALWAYS = "always"
    PLAN = "plan"
    APPLY = "apply"


@dataclass(frozen=True, slots=True)
class Condition:
    """A JMESPath query over the attributes of one resource that must give a true value; and what to say otherwise.

    `address` may be a pattern, such as `compute/*`: then it must hold of each. `code` names its findings.
    """

    address: Address
    query: str
    message: str
    mark: Mark
    query_mark: Mark
    code: str = "check-failed"
    severity: Severity = Severity.WARNING
    when: When = When.ALWAYS

    def about(self, addresses: Iterable[Address]) -> list[Address]:
        """Those it is about, sorted."""
        return sorted(each for each in addresses if fnmatchcase(each, self.address))


@dataclass(frozen=True, slots=True)
class Output:
    """A value to hand on: a part of one resource, by a JMESPath query over its attributes. Empty: all of it.

    With the address `EVERYTHING` the query is over all resources: a mapping of their attributes by address.
    """

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
WORDS = ("assert", "query")
"""What the expression of a condition stands under: the word, and the one of earlier times."""
EVERYTHING = Address("")
"""The address of an output that is about all resources together."""


def read_conditions(root: Node) -> Conditions:
    """The conditions and outputs of a bep.yml, without those whose shape is wrong."""
    outputs = root.get("outputs")
    named = outputs.value.items() if outputs is not None and isinstance(outputs.value, dict) else ()
    return Conditions(
        tuple(_precondition(node, word) for node, word in _asserting(root, "preconditions")),
        tuple(_condition(node, word) for node, word in _asserting(root, "checks")),
        tuple(_output(name, node) for name, node in named if node.get("address") is not None or node.text),
    )


def _asserting(root: Node, name: str) -> Iterator[tuple[Node, str]]:
    """The items that say what must hold, each with the word that it stands under."""
    for node in items(root, name, "address"):
        word = next((word for word in WORDS if node.get(word)), "")
        if word:
            yield node, word


def _precondition(node: Node, word: str) -> Condition:
    return replace(_condition(node, word), code="precondition-failed", severity=Severity.ERROR)


def _condition(node: Node, word: str) -> Condition:
    address, query = node.nearest(("address",)), node.nearest((word,))
    name, severity, when = (node.texts(word) for word in ("name", "severity", "when"))
    return Condition(
        Address(address.text),
        query.text,
        node.texts("message"),
        address.mark,
        query.mark,
        f"check-{name}" if name else "check-failed",
        Severity(severity or Severity.WARNING),
        When(when or When.ALWAYS),
    )


def _output(name: str, node: Node) -> Output:
    if not isinstance(node.value, dict):
        return Output(name, EVERYTHING, node.text, "", node.mark, node.mark)
    address, query = node.nearest(("address",)), node.nearest(("query",))
    return Output(name, Address(address.text), node.texts("query"), node.texts("description"), address.mark, query.mark)


def check_conditions(conditions: Conditions, declared: Collection[Address]) -> Iterator[Finding]:
    """What is wrong with them, whatever the values are."""
    every: list[Condition | Output] = [*conditions.preconditions, *conditions.checks, *conditions.outputs]
    for one in every:
        yield from _unsound(one, declared)


def check_preconditions(conditions: Conditions, attributes: Mapping[Address, Mapping[str, Any]]) -> Iterator[Finding]:
    """Every precondition that the specs do not meet. None of them may be unsound."""
    return unmet(conditions.preconditions, attributes)


def _unsound(one: Condition | Output, declared: Collection[Address]) -> Iterator[Finding]:
    if not any(mark in one.address for mark in "*?[") and one.address not in (EVERYTHING, *declared):
        fix = did_you_mean(one.address, declared) or "Declare it, or take this out."
        yield mistake("condition-undeclared", one.address, "no spec declares it", fix, one.mark)
    if one.query:
        import jmespath
        from jmespath.exceptions import JMESPathError

        try:
            jmespath.compile(one.query)
        except (JMESPathError, RecursionError) as problem:
            message = f"'{cut(one.query)}' is not a JMESPath expression: {_first_line(problem)}"
            fix = "See https://jmespath.org; numbers are written in backticks: settings.mini_batch_size <= `100`."
            yield mistake("query-invalid", one.address, message, fix, one.query_mark)


def unmet(conditions: Iterable[Condition], attributes: Mapping[Address, Mapping[str, Any]]) -> Iterator[Finding]:
    """Those that do not hold of these attributes, with what was measured; what has none is passed over."""
    for one in conditions:
        for address in one.about(attributes):
            said = _broken(one, attributes[address])
            if said is not None:
                yield Finding(one.severity, one.code, address, said, f"It must hold: {one.query}", one.query_mark)


def _broken(one: Condition, attributes: Mapping[str, Any]) -> str | None:
    """What to say where it does not hold; None where it does."""
    try:
        if queried(attributes, one.query):
            return None
        found = measured(one.query, lambda part: queried(attributes, part))
    except ValueError as problem:
        said = _first_line(problem)
        found = f"it cannot be evaluated: {'it looks into a secret' if SEALED in said else said}"
    return f"{one.message}: {found}" if found else one.message


def _first_line(problem: Exception) -> str:
    return (str(problem).splitlines() or [type(problem).__name__])[0].removesuffix(", for expression:")


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
    except (JMESPathError, RecursionError) as problem:
        raise ValueError(str(problem)) from None
