"""A line of another tool's while it is rewritten. Knows no tool."""

from collections.abc import Callable, Collection, Sequence

from bep.lazy_dataclasses import dataclass

TERRAFORM, AZ = "Terraform", "az ml"


OptionsOf = Callable[[Sequence[str]], Collection[str]]
"""The names of the options of a command, such as `job list`; none where there is no such command."""


@dataclass
class Line:
    """A line while it is rewritten."""

    ahead: list[str]
    command: list[str]
    rest: list[str]
    word: str = ""
    whose: str = ""
    note: str = ""

    def blame(self, word: str, whose: str) -> None:
        self.word, self.whose = self.word or word, self.whose or whose
