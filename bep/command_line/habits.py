"""What hands type that know Terraform or az ml, and the whole command that does it here. Pure: carries nothing out."""

import re
import shlex
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Final

from bep.lazy_dataclasses import dataclass, field

TERRAFORM, AZ = "Terraform", "az ml"

OptionsOf = Callable[[Sequence[str]], Collection[str]]
"""The names of the options of a command, such as `job list`; none where there is no such command."""

_DATASTORE: Final = "azureml://datastores/{}/paths/{}"

_KINDS: Final[Mapping[str, str]] = {
    "endpoint": "endpoint",
    "batch-endpoint": "endpoint",
    "deployment": "deployment",
    "batch-deployment": "deployment",
    "compute": "compute",
    "computetarget": "compute",
    "model": "model",
    "data": "data",
    "dataset": "data",
    "datastore": "datastore",
    "environment": "environment",
    "component": "component",
}
"""The groups of az ml, of 2021 and of today, and the kind that each is about."""

_VALUED: Final = frozenset({
    "--name", "--endpoint-name", "--deployment-name", "--deployment", "--endpoint", "--job-name", "--file",
    "--version", "--input", "--input-data", "--input-datastore", "--input-path", "--input-local-path",
    "--input-type", "--inputs", "--output-datastore", "--output-path", "--outputs", "--mini-batch-size",
    "--instance-count", "--set", "--params-override", "--traffic", "--download-path", "--path", "--query",
    "--output", "--output-name", "--resource-group", "--workspace-name", "--subscription", "--type", "--location",
    "--tags", "--description", "--status", "-n", "-e", "-d", "-f", "-i", "-g", "-w", "-o", "-p", "-m", "-c", "-v",
    "-l", "-t", "-s",
})  # fmt: skip
"""Options of az ml that take a value."""

_LEFT_OUT: Final = frozenset({
    "--resource-group", "--workspace-name", "--subscription", "--location", "--type", "--input-type", "--stream",
    "--local", "--debug", "--only-show-errors", "-g", "-w", "-l", "-t",
})  # fmt: skip
"""What says where and how the service does it: here there is one place."""

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

_NO_SERVICE: Final = "the traffic is in the endpoint's file, as `traffic:` or `defaults: {deployment_name: ...}`"


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


@dataclass
class _Line:
    """A line while it is rewritten."""

    ahead: list[str]
    command: list[str]
    rest: list[str]
    word: str = ""
    whose: str = ""
    note: str = ""

    def blame(self, word: str, whose: str) -> None:
        self.word, self.whose = self.word or word, self.whose or whose


def correction(arguments: Sequence[str], options_of: OptionsOf, *, has_workspace: bool) -> Correction | None:
    """What was meant by a line that bep cannot take as it is; None where that is none of these habits."""
    line = _split(arguments)
    if line is None:
        return None
    _command(line, options_of, has_workspace=has_workspace)
    _single_dashes(line, options_of)
    _of_az(line, options_of)
    if not line.word:
        return None
    return Correction(line.word, line.whose, (*line.ahead, *line.command, *line.rest), line.note)


def _split(arguments: Sequence[str]) -> _Line | None:
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
    line = _Line(ahead, [words[0]], words[1:])
    if blamed:
        line.blame(blamed, TERRAFORM)
    return line


def _command(line: _Line, options_of: OptionsOf, *, has_workspace: bool) -> None:
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
    elif options_of([first]):
        return None
    elif first in _KINDS and second:
        line.blame(f"{first} {second}", AZ)
        line.rest = line.rest[1:]
        _of_the_service(line, _KINDS[first], second, has_workspace=has_workspace)
    else:
        _of_terraform(line, first, second)
    return None


def _of_terraform(line: _Line, first: str, second: str) -> None:
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


def _of_the_service(line: _Line, kind: str, verb: str, *, has_workspace: bool) -> None:
    options = dict(_options(line.rest))
    name = options.get("--name") or options.get("-n") or next(iter(_plain(line.rest)), "")
    owner = options.get("--endpoint-name") or options.get("-e")
    version = options.get("--version") or options.get("-v")
    address = "/".join(part for part in (kind, owner if kind == "deployment" else "", name, version) if part)
    file = options.get("--file") or options.get("-f")
    kept = [word for pair in _options(line.rest) if pair[0] in ("--query", "-o", "--output") for word in pair]
    match verb:
        case "invoke":
            line.command = ["run"]
            return
        case "create" | "update" | "attach":
            line.command, line.rest = ["apply"], [file] if file and not has_workspace else []
            if file and has_workspace:
                line.note = f"{file} must be among the specs of bep.yml"
            if "--traffic" in options or "--set-default" in line.rest or "--set" in options:
                line.note = _NO_SERVICE if kind == "endpoint" or "--set-default" in line.rest else "edit its file first"
        case "list-jobs":
            line.command, line.rest = ["job", "list"], [*(["--endpoint", name] if name else []), *kept]
        case "delete":
            line.command, line.rest = ["destroy"], ["--target", address] if name else []
        case "list":
            line.command, line.rest = ["show"], kept
        case _:
            line.command, line.rest = ["show"], [*([address] if name else []), *kept]


def _options(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Options that have a value, each with it."""
    left = iter(words)
    for word in left:
        name, equals, value = word.partition("=")
        if name in _VALUED:
            yield name, value if equals else next(left, "")


def _plain(words: Sequence[str]) -> Iterator[str]:
    left = iter(words)
    for word in left:
        if word in _VALUED:
            next(left, "")
        elif not word.startswith("-"):
            yield word


def _single_dashes(line: _Line, options_of: OptionsOf) -> None:
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
    return name in _WITH_VALUE or f"--{name}" in _VALUED


def _long(line: _Line, name: str, value: str | None, known: Collection[str]) -> list[str]:
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


@dataclass
class _Run:
    """What `bep run` is called with for an `invoke`."""

    words: list[str] = field(default_factory=list)
    file: str = ""
    stores: dict[str, str] = field(default_factory=dict)
    paths: dict[str, str] = field(default_factory=dict)


def _of_az(line: _Line, options_of: OptionsOf) -> None:
    """Options of az ml: those of `invoke` for a run, and a few that other commands are given."""
    known = set(options_of(line.command))
    strange = [word for word in line.rest if _name(word) not in known and _is_of_az(word, line.command[0])]
    if not strange and line.whose != AZ:
        return
    if strange:
        line.blame(strange[0], AZ)
    if line.command == ["run"]:
        line.rest = _run(line.rest, invoked=line.word.endswith("invoke"))
    else:
        line.rest = [*_elsewhere(line.rest, known, line.command[0] == "job")]


def _name(word: str) -> str:
    return word.partition("=")[0]


def _is_of_az(word: str, command: str) -> bool:
    name = _name(word)
    is_option = name in _VALUED or name in _LEFT_OUT or name in ("--yes", "--set-default", "--no-wait")
    return (name.startswith("--") and (is_option or name.startswith(("--inputs.", "--outputs.")))) or (
        name == "-f" or (name == "-n" and command == "job")
    )


def _elsewhere(words: Sequence[str], known: Collection[str], about_job: bool) -> Iterator[str]:
    left = iter(words)
    for word in left:
        name, equals, value = word.partition("=")
        if name in known:
            yield word
            continue
        if name in _VALUED and not equals:
            value = next(left, "")
        yield from _instead(name, word, value, about_job)


def _instead(name: str, word: str, value: str, about_job: bool) -> Sequence[str]:
    if name in ("--file", "-f") or (name in ("--name", "-n") and about_job):
        return [value]
    same = {"--yes": ["--auto-approve"], "--download-path": ["--path", value], "--endpoint-name": ["--endpoint", value]}
    return same.get(name, [] if name.startswith("-") else [word])


_SAME: Final[Mapping[str, str]] = {
    "--endpoint-name": "--endpoint",
    "--deployment-name": "--deployment",
    "--job-name": "--name",
    "--input-data": "--input",
    "--input-local-path": "--input",
    "--params-override": "--set",
}


def _run(words: Sequence[str], *, invoked: bool) -> list[str]:
    run, left = _Run(), iter(words)
    for word in left:
        name, equals, value = word.partition("=")
        is_valued = name in _VALUED or name.startswith(("--inputs.", "--outputs."))
        if is_valued or name in _LEFT_OUT:
            _run_option(run, name, (value if equals else next(left, "")) if is_valued else "", invoked=invoked)
        else:
            run.words.append(word)
    for sort, option in (("input", "--input"), ("output", "--output-path")):
        path, store = run.paths.get(sort, ""), run.stores.get(sort)
        if path or store:
            run.words += [option, _DATASTORE.format(store, path) if store else path]
    return [*([run.file] if run.file else []), *run.words]


def _run_option(run: _Run, name: str, value: str, *, invoked: bool) -> None:
    sort = name.lstrip("-").partition("-")[0]
    if name in ("--input-datastore", "--output-datastore"):
        run.stores[sort] = value.removeprefix("azureml:")
    elif name in ("--input-path", "--output-path"):
        run.paths[sort] = value
    elif name in ("--file", "-f"):
        run.file = value
    elif name == "--inputs" or (name.startswith("--inputs.") and name.endswith(".path")):
        run.words += ["--input", value.partition("=")[2] if name == "--inputs" and "=" in value else value]
    elif name not in _LEFT_OUT and not name.startswith(("--inputs.", "--outputs")):
        named = "--endpoint" if invoked and name in ("--name", "-n") else name
        run.words += [_SAME.get(named, named), value]
