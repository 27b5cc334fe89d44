"""A JMESPath query that notes which of its fields are nowhere in what it is asked of. Pure; prints nothing."""

from collections.abc import Sequence
from typing import Any

from jmespath.parser import Parser
from jmespath.visitor import TreeInterpreter

from bep.schemas.findings.did_you_mean import did_you_mean, listed


class _Watching(TreeInterpreter):
    """Evaluates as jmespath does. A field that some object has is known, even where another has it not."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.missing: dict[str, dict[str, None]] = {}
        self.of_lists: dict[str, None] = {}

    def visit_field(self, node: Any, value: Any) -> Any:
        """The field of an object."""
        name = node["value"]
        if isinstance(value, dict):
            if name in value:
                self.found.add(name)
            else:
                self.missing.setdefault(name, {}).update(dict.fromkeys(value))
        elif isinstance(value, list):
            self.of_lists[name] = None
        return super().visit_field(node, value)


def search(query: str, value: Any) -> tuple[Any, Sequence[str]]:
    """What a query finds, and a sentence for each field that is nowhere. Raises `JMESPathError`."""
    watching = _Watching()
    found = watching.visit(Parser().parse(query).parsed, value)
    strange = {name: there for name, there in watching.missing.items() if name not in watching.found}
    lists = [
        f"{name!r} is asked of a list, which has no fields. Of each of its items it is [].{name}"
        for name in watching.of_lists
        if name not in watching.found
    ]
    return found, [*(_told(name, list(there)) for name, there in strange.items()), *lists]


def _told(name: str, there: Sequence[str]) -> str:
    near = did_you_mean(name, there) or (f"there is {listed(there)}" if there else "it has no fields")
    return f"there is no field {name!r}. {near[0].upper()}{near[1:]}"
