"""What hands type that know Terraform or az ml, and the whole command that does it here. Pure: carries nothing out."""

import shlex
from collections.abc import Sequence

from bep.command_line.habits.az import KINDS, of_az, of_the_service
from bep.command_line.habits.line import AZ, TERRAFORM, Line, OptionsOf
from bep.command_line.habits.terraform import of_terraform, single_dashes
from bep.lazy_dataclasses import dataclass


@dataclass(frozen=True)
class Correction:
    """`word` is what bep has not, `whose` it is, `command` does the same here, and `note` is what to know besides."""

    word: str
    whose: str
    command: tuple[str, ...]
    note: str = ""

    def __str__(self) -> str:
        """The command, to be typed."""
        return shlex.join(("bep", *self.command))


def correction(arguments: Sequence[str], options_of: OptionsOf, *, has_workspace: bool) -> Correction | None:
    """What was meant by a line that bep cannot take as it is; None where that is none of these habits."""
    line = _split(arguments)
    if line is None:
        return None
    _command(line, options_of, has_workspace=has_workspace)
    single_dashes(line, options_of)
    of_az(line, options_of)
    if not line.word:
        return None
    return Correction(line.word, line.whose, (*line.ahead, *line.command, *line.rest), line.note)


def _split(arguments: Sequence[str]) -> Line | None:
    """The options ahead of the command, the command's one or two words, and the rest."""
    words, ahead, blamed = list(arguments), list[str](), ""
    while words and words[0].startswith("-"):
        word = words.pop(0)
        name, equals, value = word.lstrip("-").partition("=")
        if name == "chdir" and not word.startswith("--"):
            blamed = word
            ahead += ["--chdir", value if equals else next(iter(words), "")]
            words = words if equals else words[1:]
        elif word in ("-C", "--chdir", "-S", "--stage", "--provider") and words:
            ahead += [word, words.pop(0)]
        else:
            ahead.append(word)
    if not words:
        return None
    line = Line(ahead, [words[0]], words[1:])
    if blamed:
        line.blame(blamed, TERRAFORM)
    return line


def _command(line: Line, options_of: OptionsOf, *, has_workspace: bool) -> None:
    first, second = line.command[0], next(iter(line.rest), "")
    if first in ("az", "ml", "terraform", "tf") and second and not options_of([first]):
        line.blame(first, TERRAFORM if first[0] == "t" else AZ)
        line.command, line.rest = [second], line.rest[1:]
        return _command(line, options_of, has_workspace=has_workspace)
    if first == "job" and second in ("create", "submit"):
        line.blame(f"job {second}", AZ)
        line.command, line.rest = ["run"], line.rest[1:]
    elif options_of([first, second]):
        line.command, line.rest = [first, second], line.rest[1:]
    elif first in KINDS and second and not second.startswith("-"):
        line.blame(f"{first} {second}", AZ)
        line.rest = line.rest[1:]
        of_the_service(line, KINDS[first], second, has_workspace=has_workspace)
    elif options_of([first]):
        return None
    else:
        of_terraform(line, first, second)
    return None
