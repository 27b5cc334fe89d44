"""Commands with their options and arguments, declared in typer's words. Imports neither typer nor a command."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])


class Parameter:
    """What is said of one parameter of a command beside its type: in `Annotated[TYPE, Option(...)]`.

    A help that costs something to make is a function, which is asked where typer is.
    """

    def __init__(self, names: tuple[str, ...], said: Mapping[str, Any]) -> None:
        self.names = names
        self.said = said


class Option(Parameter):
    """An option by its names, such as `--out` and `-o`. What else is said is what `typer.Option` takes."""

    def __init__(self, *names: str, **said: Any) -> None:
        super().__init__(names, said)


class Argument(Parameter):
    """An argument, by its place. What is said is what `typer.Argument` takes."""

    def __init__(self, **said: Any) -> None:
        super().__init__((), said)


class Commands:
    """One command, or a group of them when there are several or a function that says what they are for."""

    def __init__(self, **said: Any) -> None:
        self.said = said
        self.functions: dict[str, Callable[..., Any]] = {}
        self.group: Callable[..., Any] | None = None

    @property
    def is_group(self) -> bool:
        """Whether a command of it is called by a name of its own."""
        return self.group is not None or len(self.functions) > 1

    def command(self, name: str = "") -> Callable[[Function], Function]:
        """Add a function as a command, by its own name unless another is given."""

        def add(function: Function) -> Function:
            self.functions[name or function.__name__.lower().replace("_", "-")] = function
            return function

        return add

    def callback(self) -> Callable[[Function], Function]:
        """Take a function's docstring as the help of the group; it is not called."""

        def add(function: Function) -> Function:
            self.group = function
            return function

        return add
