"""How a word goes on: what a shell is told when TAB is pressed. Reads files of the workspace; imports no typer.

The shells' scripts are typer's, and ask in its words; zsh's is our own, which answers the very first TAB as well.
"""

import json
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, get_args

ZSH: Final = """\
#compdef %(prog_name)s

%(complete_func)s() {
  eval $(env _TYPER_COMPLETE_ARGS="${words[1,$CURRENT]}" %(autocomplete_var)s=complete_zsh %(prog_name)s)
}

if [ "$funcstack[1]" = "_%(prog_name)s" ]; then
  %(complete_func)s "$@"
else
  compdef %(complete_func)s %(prog_name)s
fi
"""
"""zsh loads the file at the first TAB, and then takes it for the function itself: it has to answer at once."""

ALLOWED: Final = (
    "protected", "create-before-destroy", "delete-active", "delete-with-jobs", "delete-many", "shift-unscored"
)  # fmt: skip
"""The codes of the safety findings; a test compares them with the planner's."""

_STATUSES: Final = ("Running", "Completed", "Failed", "Canceled", "NotResponding", "Preparing", "Finalizing", "Queued")
_WRITTEN: Final = ("plan", "state", "events", "workspace", "policies", "job", "extension", "spec")
_KINDS: Final = Path(__file__).parents[1] / "schemas" / "kinds"

_EXPLANATIONS: Final = Path(__file__).parents[1] / "schemas" / "explanations"


class Asked(NamedTuple):
    """The words before the one that is to go on, without the program's, and what there is of that one."""

    words: tuple[str, ...]
    begun: str


FunctionOf = Callable[[Sequence[str]], Callable[..., Any] | None]


class Lookups(NamedTuple):
    """What a line can have: commands with their line of help, those below one, the function of one by its names."""

    commands: Mapping[str, str]
    below: Callable[[str], Sequence[str]]
    function_of: FunctionOf
    ahead: Sequence[str]


def answer(instruction: str, environment: Mapping[str, str], lookups: Lookups) -> tuple[str, int] | None:
    """What to print and the exit code for what a shell asks; None for what is not ours to answer."""
    asked = _asked(instruction, environment)
    if asked is None:
        return None
    found = going_on(asked, lookups)
    if instruction == "complete_zsh":
        quoted = " ".join("'" + one.replace("'", "'\\''") + "'" for one in found)
        return (f"compadd -U -- {quoted}" if found else "_files"), 0
    if instruction == "complete_fish" and environment.get("_TYPER_COMPLETE_FISH_ACTION") == "is-args":
        return "", 0 if found else 1
    return "\n".join(found), 0


def _asked(instruction: str, environment: Mapping[str, str]) -> Asked | None:
    if instruction == "complete_bash":
        words = environment.get("COMP_WORDS", "").split()
        at = int(environment.get("COMP_CWORD", "0"))
        return Asked(tuple(words[1:at]), words[at] if at < len(words) else "")
    if instruction in ("complete_zsh", "complete_fish"):
        line = environment.get("_TYPER_COMPLETE_ARGS", "")
        words = line.split()
        whole = not line or line[-1].isspace()
        return Asked(tuple(words[1:]), "") if whole else Asked(tuple(words[1:-1]), words[-1] if words[1:] else "")
    return None


def going_on(asked: Asked, lookups: Lookups) -> list[str]:
    """Whole words that begin with what there is, sorted; none where only files will do."""
    words = _without_ahead(asked.words)
    last = asked.words[-1] if asked.words else ""
    if last in ("--stage", "-S"):
        return _fitting(_stages(), asked.begun)
    if last == "--provider":
        from bep.providers.worlds import WORLDS

        return _fitting(WORLDS, asked.begun)
    if not words:
        return _fitting([*lookups.commands, *(lookups.ahead if asked.begun.startswith("-") else ())], asked.begun)
    below = lookups.below(words[0])
    if below and len(words) == 1:
        return _fitting(below, asked.begun)
    names = words[: 2 if below else 1]
    function = lookups.function_of(names)
    if function is None:
        return []
    options = dict(_options(function))
    if asked.begun.startswith("-") and "=" not in asked.begun:
        return _fitting([*options, "--help", *lookups.ahead], asked.begun)
    name, equals, value = asked.begun.partition("=")
    option, begun, before = (name, value, f"{name}=") if equals and name in options else (last, asked.begun, "")
    if option in options and options[option] is not bool:
        return [before + one for one in _fitting(_of_an_option(option, options[option], words), begun)]
    return _fitting(_of_an_argument(names), asked.begun)


_CHOICES: Final[Mapping[str, str]] = {"--stage": "BEP_STAGE", "-S": "BEP_STAGE", "--provider": "BEP_PROVIDER"}


def _without_ahead(words: Sequence[str]) -> list[str]:
    """The words from the command on. The stage and the provider that were chosen are so for this process."""
    left: list[str] = []
    rest = iter(words)
    for word in rest:
        name, equals, value = word.partition("=")
        if name in _CHOICES:
            os.environ[_CHOICES[name]] = value if equals else next(rest, "")
        elif name in ("--chdir", "-C") and not left:
            next(rest, "") if not equals else None
        elif word not in ("--no-color", "--quiet", "--verbose"):
            left.append(word)
    return left


def _options(function: Callable[..., Any]) -> Iterable[tuple[str, Any]]:
    """Every option's name, with the type of its value."""
    from bep.command_line.declaring import Option

    for annotation in function.__annotations__.values():
        for said in getattr(annotation, "__metadata__", ()):
            if isinstance(said, Option):
                kinds = [one for one in get_args(annotation.__origin__) if one is not type(None)]
                kind = kinds[0] if kinds else annotation.__origin__
                yield from ((name, kind) for each in said.names for name in each.split("/"))


def _of_an_option(option: str, kind: Any, words: Sequence[str]) -> Iterable[str]:
    if hasattr(kind, "__members__"):
        return [str(one.value) for one in kind]
    match option:
        case "--target" | "--exclude" | "--replace":
            return _addresses()
        case "--endpoint" | "-e":
            return _names("endpoint")
        case "--deployment" | "-d":
            of = next((words[at + 1] for at, word in enumerate(words[:-1]) if word in ("--endpoint", "-e")), "")
            every = [one.split("/")[1:] for one in _addresses() if one.startswith("deployment/")]
            return {name for owner, name in every if of in ("", owner)}
        case "--kind":
            return _kinds()
        case _:
            return _FIXED.get(option, ())


_FIXED: Final[Mapping[str, Sequence[str]]] = {
    "--status": _STATUSES,
    "-s": _STATUSES,
    "--allow": ALLOWED,
    "--output-format": ("azureml", "csv", "jsonl", "parquet"),
}


def _of_an_argument(names: Sequence[str]) -> Iterable[str]:
    match tuple(names):
        case ("show",) | ("adopt",) | ("state", "show" | "rm" | "mv"):
            return _with_short(_addresses())
        case ("import",):
            return _in_the_world()
        case ("job", verb) if verb not in ("list", "prune"):
            return _jobs()
        case ("explain",):
            return _codes()
        case ("schema", "show"):
            return [*_kinds(), *_WRITTEN]
        case ("env", "show" | "build"):
            return [one.removeprefix("environment/") for one in _addresses() if one.startswith("environment/")]
        case _:
            return ()


def _fitting(every: Iterable[str], begun: str) -> list[str]:
    return sorted({one for one in every if one.startswith(begun)})


def _with_short(addresses: Sequence[str]) -> list[str]:
    """Addresses, and the last name of each that is the only one to have it."""
    last = [one.rpartition("/")[2] for one in addresses]
    return [*addresses, *(name for name in last if last.count(name) == 1 and not name.isdigit())]


def _names(kind: str) -> list[str]:
    return [one.split("/")[1] for one in _addresses() if one.startswith(f"{kind}/")]


def _kinds() -> list[str]:
    return [file.name.partition(".")[0] for file in _KINDS.glob("*.schema.json")]


def _codes() -> Iterable[str]:
    """Every code that is explained, by the lines that begin with one: reading them as YAML would take long."""
    for file in _EXPLANATIONS.glob("*.yml"):
        if file.name != "base.yml":
            yield from re.findall(r"^([a-z-]+):", file.read_text(encoding="utf-8"), re.MULTILINE)


def _home() -> Path:
    """Where what is bep's lies. Only of a provider that was chosen bep.yml has to say whether it is another."""
    if os.environ.get("BEP_PROVIDER"):
        from bep.app.workspace.opening import here

        return here().home
    stage = os.environ.get("BEP_STAGE", "")
    return Path(".bep", "stages", stage) if stage else Path(".bep")


def _state() -> Path | None:
    """The state's file where nothing puts it elsewhere; else what bep.yml says, which costs reading it.

    None where it lies on no disk: nobody waits for a network at the TAB key.
    """
    try:
        text = Path("bep.yml").read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    if not os.environ.get("BEP_PROVIDER") and not re.search(r"^\s*state:", text, re.MULTILINE):
        return _home() / "state.json"
    from bep.app.workspace.opening import here

    return here().store.place.local()


def _addresses() -> list[str]:
    """What is in the state."""
    try:
        file = _state()
        return list(json.loads(file.read_bytes())["entries"]) if file is not None else []
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _in_the_world() -> list[str]:
    """What the world has and the state has not."""
    from bep.app.plans.imports.objects import not_in_state
    from bep.app.workspace.opening import here

    return [one.address for one in not_in_state(here(), ())]


def _jobs() -> list[str]:
    try:
        return [entry.name for entry in os.scandir(_home() / "jobs") if entry.name[0] != "."]
    except OSError:
        return []


def _stages() -> list[str]:
    from bep.app.workspace.opening import here

    return list(here().glanced.stages.every)
