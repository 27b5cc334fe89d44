"""What Terraform's hands type: its commands, and options with one dash."""

import re
from collections.abc import Collection
from typing import Final

from bep.command_line.habits.az import VALUED
from bep.command_line.habits.line import AZ, TERRAFORM, Line, OptionsOf

_IGNORED: Final = frozenset({
    "input", "compact-warnings", "upgrade", "reconfigure", "migrate-state", "backend", "backend-config",
    "lock-file", "lock", "recursive", "diff", "check", "write", "state", "state-out", "backup", "concise",
})  # fmt: skip
"""Words of Terraform that nothing here corresponds to, and that change nothing when they are left out."""


_WITH_VALUE: Final = frozenset({
    "out", "target", "exclude", "replace", "var", "var-file", "parallelism", "lock-timeout", "chdir",
})  # fmt: skip


_FLAGS: Final = frozenset({
    "auto-approve", "json", "destroy", "refresh-only", "detailed-exitcode", "no-color", "help", "version", "raw",
    "refresh", "force",
})  # fmt: skip


def of_terraform(line: Line, first: str, second: str) -> None:
    """Put what does the same here in place of a command of Terraform's; leave any other line as it is."""
    given = [word for word in line.rest if not word.startswith("-")]
    match first:
        case "taint" if given:
            found, line.rest = ["apply"], [part for one in given for part in ("--replace", one)]
        case "untaint":
            found, line.rest = ["plan"], []
            line.note = "nothing is marked ahead: --replace belongs to the command that does it"
        case "refresh":
            found, line.rest = ["apply"], ["--refresh-only", *line.rest]
        case "force-unlock":
            found = ["unlock"]
        case "workspace" if second == "select" and given[1:]:
            line.ahead += ["--stage", given[1]]
            found, line.rest = ["plan"], []
            line.note = "each command says which stage, or BEP_STAGE does"
        case "workspace":
            found, line.rest = ["stage", "list"], []
            line.note = "stages are declared in bep.yml"
        case _:
            return
    line.blame(first, TERRAFORM)
    line.command = found


def single_dashes(line: Line, options_of: OptionsOf) -> None:
    """`-out=x`, `-auto-approve`: an option's whole name after one dash, which would be read as `-o ut=x`."""
    if line.whose == AZ:
        return
    known, made = options_of(line.command), list[str]()
    left = iter(line.rest)
    for word in left:
        if word == "--":
            made += [word, *left]
            break
        found = re.fullmatch(r"-([a-z][a-z-]+)(?:=(.*))?", word, re.DOTALL)
        name = found[1] if found else ""
        if found is None or not (f"--{name}" in known or name in _WITH_VALUE | _FLAGS | _IGNORED):
            made.append(word)
            continue
        line.blame(word, TERRAFORM)
        value = found[2] if found[2] is not None else next(left, None) if _takes_value(name) else None
        made += _long(line, name, value, known)
    line.rest = made


def _takes_value(name: str) -> bool:
    return name in _WITH_VALUE or f"--{name}" in VALUED


def _long(line: Line, name: str, value: str | None, known: Collection[str]) -> list[str]:
    """An option of one dash with two; nothing for what has no equal here, or is another command."""
    if name in ("chdir", "destroy") and f"--{name}" not in known:
        line.ahead += ["--chdir", value or ""] if name == "chdir" else []
        line.command = ["destroy"] if name == "destroy" and line.command == ["apply"] else line.command
        return []
    if name in _OTHERWISE:
        return _OTHERWISE[name] if (name, value) != ("refresh", None) and value != "true" else []
    if f"--{name}" not in known and name in _IGNORED | {"force"}:
        return []
    if name == "lock-timeout" and value:
        value = value.removesuffix("s")
    return [f"--{name}", *([value] if value is not None else [])]


_OTHERWISE: Final = {"refresh": ["--no-refresh"], "raw": ["-o", "tsv"]}
