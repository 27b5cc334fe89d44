"""No message below the command line names a command or a flag: it names a step, which each face puts into words."""

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest

from bep.cli import COMMANDS
from bep.command_words import command_of, said
from bep.schemas.next_step import again, step
from tests.messages import docstrings

ROOT: Final = Path(__file__).parents[3]
ROOMS: Final = ("bep/app", "planner", "providers", "runner", "schemas")
_COMMANDS: Final = "|".join((*COMMANDS, "-C", "COMMAND"))
NAMES_A_FACE: Final = re.compile(
    rf"\bbep (?:--|(?:{_COMMANDS})\b(?=[`'.;,:]| ?$| -| [^a-z])|(?:job|env|state|stage|schema) [a-z]+\b)"
    r"|(?<![\w-])--[a-z][a-z-]+"
)
ALLOWED: Final[Mapping[str, str]] = {
    "providers/azure/exporting/parallel_fitness.py": "arguments of the user's script",
    "providers/azure/exporting/parallel_job.py": "the same",
    "providers/local/environments/": "options of pip, conda and uv, which are called with them",
    "schemas/environments/": "options of pip in requirements files, and of the call that builds a wheel",
    "runner/cluster/main.py": "options of a cluster's driver, a process that bep starts",
    "runner/cluster/starting.py": "the same, where it is started",
    "runner/cluster/ways_in.py": "the same",
    "bep/app/cluster_agent.py": "an option of a node's agent, a process that the driver starts",
    "runner/jobs/launching.py": "options of the compatible service's own driver, as scripts read them from sys.argv",
    "runner/reporting/html_style.py": "a style sheet: its variables begin with two hyphens",
    "planner/rendering/html/style.py": "another",
    "bep/app/specs/initialising.py": "comments in the files of a new workspace, for a person who types commands",
    "planner/rendering/dialects.py": "the mark by which the comment of an earlier plan is found again",
}


def _texts(file: Path) -> Iterator[tuple[int, str]]:
    """Every text in a module but its docstrings."""
    tree = ast.parse(file.read_text())
    documentation = {id(text) for text in docstrings(tree)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            yield node.lineno, node.value


def _named(room: str) -> Iterator[str]:
    for file in sorted((ROOT / room).rglob("*.py")):
        name = str(file.relative_to(ROOT))
        if not name.startswith(tuple(ALLOWED)):
            yield from (f"{name}:{line}: {text}" for line, text in _texts(file) if NAMES_A_FACE.search(text))


@pytest.mark.parametrize("room", ROOMS)
def test_no_message_names_a_command_or_a_flag(room: str) -> None:
    assert [*_named(room)] == []


def test_what_is_allowed_is_there() -> None:
    for name in ALLOWED:
        files = [ROOT / name] if name.endswith(".py") else [*(ROOT / name).rglob("*.py")]
        assert any(NAMES_A_FACE.search(text) for file in files for _, text in _texts(file)), name


@pytest.mark.parametrize(
    "text",
    [
        "wait, or `bep apply --drain`",
        "bep job resume x",
        "say --force",
        "see `bep show`",
        "fix: bep unlock ",
        "bep plan -o ",
    ],
)
def test_a_command_or_a_flag_is_recognised(text: str) -> None:
    assert NAMES_A_FACE.search(text)


@pytest.mark.parametrize("text", ["bep was interrupted", "an earlier bep kept it", "what bep plans", "a - b -- c"])
def test_a_sentence_about_bep_is_none(text: str) -> None:
    assert not NAMES_A_FACE.search(text)


def test_a_step_reads_as_words_and_is_typed_as_a_command() -> None:
    retry = step("job retry", "my job", mended=True, set="timeout=9", env=None)
    assert str(retry) == "`job retry my job` (mended, set timeout=9)"
    assert command_of(retry) == "bep job retry 'my job' --mended --set timeout=9"
    assert command_of(step("apply", "plan.json", stage="staging")) == "bep --stage staging apply plan.json"
    assert command_of(again(lock_timeout="SECONDS")) == "--lock-timeout SECONDS"
    assert retry.as_json() == {
        "use_case": "job retry",
        "arguments": ["my job"],
        "options": {"mended": "", "set": "timeout=9"},
    }


def test_a_message_that_speaks_of_a_step_has_the_command_there_and_any_other_follows() -> None:
    take, look = step("import", "endpoint/a"), step("state list")
    assert said(f"take it over with {take}, or not", (take, look)) == (
        "take it over with `bep import endpoint/a`, or not\n    fix: bep state list"
    )
