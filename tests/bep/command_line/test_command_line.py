"""The usual command line, read without typer: never otherwise than typer reads it."""

from collections.abc import Callable, Iterator
from enum import Enum
from importlib import import_module
from inspect import signature
from keyword import iskeyword
from pathlib import Path
from typing import Any, get_args

import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st

from bep.cli import COMMANDS
from bep.command_line.by_typer import application
from bep.command_line.declaring import Commands, Option
from bep.command_line.reading import values_of
from tests.bep.conftest import Workspace

Function = Callable[..., Any]


def module(name: str) -> Commands:
    """What the module of a command declares."""
    found: Commands = import_module(f"bep.commands.{name}_" if iskeyword(name) else f"bep.commands.{name}").app
    return found


def every_command() -> Iterator[tuple[str, Function, Any]]:
    """Each command that does something, and the same in typer."""
    for name in COMMANDS:
        commands, made = module(name), typer.main.get_command(application(module(name)))
        for below, function in commands.functions.items():
            inner = made.get_command(typer.Context(made), below) if hasattr(made, "get_command") else made
            yield f"{name} {below}" if commands.is_group else name, function, inner


COMMAND = {name: (function, inner) for name, function, inner in every_command()}


def words_of(function: Function) -> st.SearchStrategy[list[str]]:
    """Lines that a hand may write for a command: good options in every form, bad ones, values of every type."""
    names, values = (
        ["--unknown", "--", "-", "--help", "-xy"],
        ["a", "b=c", "7", "0", "1.5", "-1", "", "é", "a b", "\udc80"],
    )
    for annotation in function.__annotations__.values():
        for each in get_args(annotation):
            names += [*each.names, *(f"{name}=7" for name in each.names)] if isinstance(each, Option) else []
            if isinstance(each, type) and issubclass(each, Enum):
                values += [member.value for member in each]
    return st.lists(st.one_of(st.sampled_from(values), st.sampled_from(names)), max_size=5)


def by_typer(command: Any, words: list[str]) -> dict[str, Any]:
    """What typer calls a command with."""
    params: dict[str, Any] = command.make_context("bep", list(words)).params
    lists = {name: list(value) or None for name, value in params.items() if isinstance(value, tuple | list)}
    return {**params, **lists}


@pytest.mark.parametrize("name", COMMAND)
@settings(max_examples=25)
@given(data=st.data())
def test_what_is_read_at_once_is_what_typer_reads(name: str, data: st.DataObject) -> None:
    function, command = COMMAND[name]
    words = data.draw(words_of(function))
    found = values_of(function, words)
    if found is not None:
        absent = {each.name: each.default for each in signature(function).parameters.values()}
        read = by_typer(command, words)
        assert {**absent, **found} == {each: read[each] for each in absent}
        assert [type(value) for value in found.values()] == [type(read[each]) for each in found]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("plan", {}),
        ("plan a.yml b.yml -o plan.json", {"specs": ["a.yml", "b.yml"], "out": Path("plan.json")}),
        ("plan --target a/b --target=c --detailed-exitcode", {"target": ["a/b", "c"], "detailed_exitcode": True}),
        ("apply -y --parallelism 4 --lock-timeout 1.5", {"auto_approve": True, "parallelism": 4, "lock_timeout": 1.5}),
        ("validate --var a=b", {"var": ["a=b"]}),
        ("job show nightly --query status", {"name": "nightly", "query": "status"}),
        ("state rm a b --dry-run", {"addresses": ["a", "b"], "dry_run": True}),
    ],
)
def test_the_usual_lines_are_read_at_once(line: str, expected: dict[str, Any]) -> None:
    name, *words = line.split()
    function = module(name).functions[words.pop(0) if module(name).is_group else name]
    assert values_of(function, words) == expected


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_all_commands_says_the_first_sentence_of_each(name: str) -> None:
    said = typer.main.get_command(application(module(name))).help or ""
    assert " ".join(said.split("\n\n")[0].split()) == COMMANDS[name]


def test_options_ahead_of_a_command_are_done_once(workspace: Workspace) -> None:
    (workspace.folder / "below").mkdir()
    Workspace(workspace.folder).bep("-C", "below", "version", "--json")
    assert "there is no bep.yml here" in workspace.bep("-C", "below", "validate", "--json", expect=None).stdout
    Workspace(workspace.folder / "below").bep("--chdir=..", "validate")
    Workspace(workspace.folder / "below").bep("--chdir", "..", "validate")
    assert "--chdir nowhere" in workspace.bep("--chdir", "nowhere", "plan", expect=1).stderr
