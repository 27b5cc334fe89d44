"""What az ml's hands type: its groups, and the options of its commands, those of `invoke` above all."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from bep.command_line.habits.line import AZ, Line, OptionsOf
from bep.lazy_dataclasses import dataclass, field

KINDS: Final[Mapping[str, str]] = {
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
    "schedule": "schedule",
}
"""The groups of az ml, of 2021 and of today, and the kind that each is about."""


VALUED: Final = frozenset({
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


_DATASTORE: Final = "azureml://datastores/{}/paths/{}"


_OF_SCHEDULES: Final[Mapping[str, tuple[list[str], str]]] = {
    "trigger": (["schedule", "run"], ""),
    "enable": (["apply"], "its file says it: is_enabled: true"),
    "disable": (["apply"], "its file says it: is_enabled: false"),
}
"""Verbs of schedules alone: the command, and what to know besides."""


_NO_SERVICE: Final = "the traffic is in the endpoint's file, as `traffic:` or `defaults: {deployment_name: ...}`"


def of_the_service(line: Line, kind: str, verb: str, *, has_workspace: bool) -> None:
    """Put what does the same here in place of a verb of one of az's groups."""
    options = dict(_options(line.rest))
    name = options.get("--name") or options.get("-n") or next(iter(_plain(line.rest)), "")
    owner = options.get("--endpoint-name") or options.get("-e")
    version = options.get("--version") or options.get("-v")
    address = "/".join(part for part in (kind, owner if kind == "deployment" else "", name, version) if part)
    kept = [word for pair in _options(line.rest) if pair[0] in ("--query", "-o", "--output") for word in pair]
    if kind == "schedule" and verb in _OF_SCHEDULES:
        line.command, note = _OF_SCHEDULES[verb]
        line.rest, line.note = [] if note or not name else [name], note or line.note
        return
    match verb:
        case "invoke":
            line.command = ["run"]
            return
        case "create" | "update" | "attach":
            _apply(line, kind, options, has_workspace=has_workspace)
        case "list-jobs":
            line.command, line.rest = ["job", "list"], [*(["--endpoint", name] if name else []), *kept]
        case "delete":
            line.command, line.rest = ["destroy"], ["--target", address] if name else []
        case "list":
            line.command, line.rest = ["show"], kept
        case _:
            line.command, line.rest = ["show"], [*([address] if name else []), *kept]


def _apply(line: Line, kind: str, options: Mapping[str, str], *, has_workspace: bool) -> None:
    """An apply in place of what creates or changes one thing."""
    file, sets_default = options.get("--file") or options.get("-f"), "--set-default" in line.rest
    line.command, line.rest = ["apply"], [file] if file and not has_workspace else []
    if file and has_workspace:
        line.note = f"{file} must be among the specs of bep.yml"
    if "--traffic" in options or sets_default or "--set" in options:
        line.note = _NO_SERVICE if kind == "endpoint" or sets_default else "edit its file first"


def _options(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Options that have a value, each with it."""
    left = iter(words)
    for word in left:
        name, equals, value = word.partition("=")
        if name in VALUED:
            yield name, value if equals else next(left, "")


def _plain(words: Sequence[str]) -> Iterator[str]:
    left = iter(words)
    for word in left:
        if word in VALUED:
            next(left, "")
        elif not word.startswith("-"):
            yield word


@dataclass
class _Run:
    """What `bep run` is called with for an `invoke`."""

    words: list[str] = field(default_factory=list)
    file: str = ""
    stores: dict[str, str] = field(default_factory=dict)
    paths: dict[str, str] = field(default_factory=dict)


def of_az(line: Line, options_of: OptionsOf) -> None:
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
    is_option = name in VALUED or name in _LEFT_OUT or name in ("--yes", "--set-default", "--no-wait")
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
        if name in VALUED and not equals:
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
        is_valued = name in VALUED or name.startswith(("--inputs.", "--outputs."))
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
