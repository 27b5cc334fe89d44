"""Declared commands as typer's: for help, completion, and every line that the quick reader leaves alone."""

from collections.abc import Callable
from types import FunctionType
from typing import Annotated, Any, get_args, get_origin

import typer

from bep.command_line.declaring import Argument, Commands, Parameter


def application(commands: Commands) -> typer.Typer:
    """The same commands in typer."""
    app = typer.Typer(rich_markup_mode=None, add_completion=False, **commands.said)
    if commands.group is not None:
        app.callback()(commands.group)
    for name, function in commands.functions.items():
        app.command(name)(_declared(function))
    return app


def _declared(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with what is declared of its parameters in typer's own classes."""
    assert isinstance(function, FunctionType)
    made = FunctionType(function.__code__, function.__globals__, function.__name__, function.__defaults__)
    made.__doc__, made.__module__ = function.__doc__, function.__module__
    made.__annotations__ = {name: _annotation(kind) for name, kind in function.__annotations__.items()}
    return made


def _annotation(kind: Any) -> Any:
    if get_origin(kind) is not Annotated:
        return kind
    inner, *told = get_args(kind)
    return Annotated[(inner, *(_said(each) if isinstance(each, Parameter) else each for each in told))]


def _said(parameter: Parameter) -> Any:
    said = {word: value() if word == "help" and callable(value) else value for word, value in parameter.said.items()}
    if isinstance(parameter, Argument):
        return typer.Argument(**said)
    return typer.Option(*parameter.names, **said)
