"""Reading specs, reading state and world, and writing are three types, and only the last can get at what writes.

That a use case does no more than its type lets it, `mypy --strict` holds in `make lint`; here, what the types give it.
"""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from bep.app.workspace.contexts import Reading, ReadStore, Specs, Writing
from bep.providers.protocol import Provider, Reader
from bep.providers.state.store import FileStore
from bep.providers.world import ReadWorld, World

APP: Final = Path(__file__).parents[2] / "bep" / "app"
WRITES: Final = {"begin", "poll", "restore", "load_or_create", "seal", "keep_state", "keep_apart"}
"""What changes a state or an object, by its name in the types below."""
CONTEXTS: Final = ("Specs", "Reading", "Writing")
WHOLE: Final = {
    "adopting_drift.py": "it opens the workspace once more with other texts in place of its files",
    "loading.py": "it is how the workspace itself reads its specs, and no use case",
}
"""Modules whose use cases ask for the workspace itself, and why."""


def members(kind: type) -> set[str]:
    """The public names of a type, those of the types it is made of included."""
    named = {name for base in kind.__mro__[:-1] for name in (*vars(base), *getattr(base, "__annotations__", {}))}
    return {name for name in named if not name.startswith("_")}


@pytest.mark.parametrize(
    ("reads", "writes"), [(ReadStore, FileStore), (Reader, Provider), (ReadWorld, World), (Reading, Writing)]
)
def test_a_type_for_reading_has_nothing_that_writes(reads: type, writes: type) -> None:
    assert members(reads) & WRITES == set()
    assert members(writes) & WRITES


def test_each_context_is_smaller_than_the_next() -> None:
    assert members(Specs) < members(Reading) < members(Writing)
    assert {"state", "store", "world", "provider"} <= members(Reading) - members(Specs)


def _asked() -> Iterator[tuple[str, str, str]]:
    """Module, function and what it asks for as `opened`."""
    for file in sorted(APP.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.FunctionDef):
                for argument in node.args.args:
                    if argument.arg == "opened" and argument.annotation is not None:
                        yield file.name, node.name, ast.unparse(argument.annotation).strip("'\"")


def test_a_use_case_asks_for_a_context_and_not_for_the_workspace() -> None:
    asked = [*_asked()]
    assert len(asked) > 100
    whole = {module for module, _, context in asked if context not in CONTEXTS}
    assert whole == set(WHOLE)


def test_what_changes_something_asks_to_write() -> None:
    asked = {(module, function): context for module, function, context in _asked()}
    writing = {function for (module, function), context in asked.items() if context == "Writing"}
    assert {"apply_plan", "settle_kept", "editing", "restore", "push", "free", "take_into_state", "remember"} <= writing
    assert asked["planning.py", "plan_of"] == asked["showing.py", "overview"] == "Reading"
    assert asked["specs.py", "specs_of"] == asked["stages.py", "stages"] == "Specs"
