"""Environments of a workspace: what each says, and which one is meant. Knows no file but the bep.yml it is given."""

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from bep.schemas.finding import Finding, mistake
from bep.schemas.mark import Mark
from bep.schemas.nearest import did_you_mean, listed
from bep.schemas.node import Node, plain
from bep.schemas.resource import NOTHING

if TYPE_CHECKING:
    from bep.schemas.workspace import Workspace

CHOICE = "BEP_ENVIRONMENT"
"""The variable of the process's environment that chooses one; `bep --environment` sets it."""
HOME = ".bep"
"""Where a workspace keeps what is bep's: state, the local cloud, jobs. Not for version control."""


@dataclass(frozen=True, slots=True)
class Environment:
    """One environment as bep.yml declares it. What it leaves out is the workspace's, except for its state."""

    name: str
    mark: Mark
    description: str = ""
    values: Mapping[str, Node] = field(default_factory=lambda: NOTHING)
    provider: str = ""
    provider_settings: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    state: Mapping[str, Any] = field(default_factory=lambda: NOTHING)

    @property
    def home(self) -> str:
        """The folder for what is bep's, relative to the workspace: no other environment has it."""
        return f"{HOME}/environments/{self.name}"

    @property
    def place(self) -> Mapping[str, Any]:
        """Where its state is kept."""
        return self.state or {"file": f"{self.home}/state.json"}


@dataclass(frozen=True, slots=True)
class Environments:
    """All of them by name, with the place where they are declared and the one that is meant unless another is."""

    every: Mapping[str, Environment] = field(default_factory=lambda: NOTHING)
    mark: Mark | None = None
    default: str = ""
    default_mark: Mark | None = None


NO_ENVIRONMENTS = Environments()


def read_environments(root: Node) -> Environments:
    """The environments of a bep.yml, as far as their shape is right."""
    node = root.get("environments")
    if node is None or not isinstance(node.value, dict):
        return NO_ENVIRONMENTS
    every = {name: _environment(name, below) for name, below in node.value.items()}
    default = root.get("default_environment")
    return Environments(every, node.key_mark, root.texts("default_environment"), default.mark if default else None)


def say_nothing(root: Node) -> None:
    """`staging:` with nothing after it is an environment that changes nothing, and `local:` says local.

    Null otherwise means that nothing is written.
    """
    node = root.get("environments")
    below = list(node.value.values()) if node is not None and isinstance(node.value, dict) else []
    providers = (found.value.values() for found in providers_in(root) if isinstance(found.value, dict))
    for said in (*below, *(one for found in providers for one in found)):
        if said.value is None:
            said.value = {}


def providers_in(root: Node) -> list[Node]:
    """Every place of a bep.yml that names a provider: the workspace's own, and those of its environments."""
    node = root.get("environments")
    below = node.value.values() if node is not None and isinstance(node.value, dict) else ()
    found = (around.get("provider") for around in (root, *below))
    return [provider for provider in found if provider is not None]


def _environment(name: str, node: Node) -> Environment:
    values = node.get("variables")
    provider, settings = next(iter(_mapping(node.get("provider")).items()), ("", {}))
    return Environment(
        name,
        node.key_mark,
        node.texts("description"),
        values.value if values is not None and isinstance(values.value, dict) else {},
        provider,
        settings or {},
        _mapping(node.get("state")),
    )


def _mapping(node: Node | None) -> Mapping[str, Any]:
    found = plain(node) if node is not None else {}
    return found if isinstance(found, dict) else {}


def chosen(environments: Environments, choice: str) -> tuple[Environment | None, tuple[Finding, ...]]:
    """The environment that is meant, or why that cannot be told. Neither, where there are none and none was chosen."""
    every = environments.every
    name = choice or environments.default
    if name in every:
        return every[name], ()
    if not every and not choice:
        return None, ()
    if not every:
        message = f"the environment '{choice}' was chosen, but this workspace has no environments"
        return None, (mistake("unknown-environment", "", message, "Declare it under environments in bep.yml.", None),)
    if not name:
        message = f"this workspace has environments, and none was chosen: {listed(every)}"
        fix = f"Choose one with `bep --environment NAME` or {CHOICE}, or write default_environment: NAME."
        return None, (mistake("environment-not-chosen", "", message, fix, environments.mark),)
    return None, (_unknown(environments, name, environments.mark if choice else environments.default_mark),)


def _unknown(environments: Environments, name: str, mark: Mark | None) -> Finding:
    message = f"there is no environment '{name}'; there are: {listed(environments.every)}"
    fix = did_you_mean(name, environments.every) or "Choose one of these."
    return mistake("unknown-environment", "", message, fix, mark)


def as_chosen(workspace: "Workspace", choice: str) -> tuple["Workspace", tuple[Finding, ...]]:
    """The workspace as it is in the environment that is meant; its `environment` is None when that cannot be told."""
    environment, findings = chosen(workspace.environments, choice)
    if findings:
        return replace(workspace, environment=None), findings
    if environment is None:
        return workspace, ()
    variables = dict(workspace.variables or {})
    for name, value in environment.values.items():
        if name in variables:
            variables[name] = replace(variables[name], default=value)
    settings = dict(workspace.provider_settings)
    if "path" in settings:
        settings["path"] = posixpath.join(str(settings["path"]), environment.name)
    return replace(
        workspace,
        environment=environment.name,
        home=environment.home,
        provider=environment.provider or workspace.provider,
        provider_settings=environment.provider_settings if environment.provider else settings,
        state=environment.place,
        variables=variables,
    ), ()


def check_environments(root: Node) -> Iterator[Finding]:
    """What would let two environments write over each other, and values for variables that nothing declares."""
    environments = read_environments(root)
    if not environments.every:
        return
    if environments.default and environments.default not in environments.every:
        yield _unknown(environments, environments.default, environments.default_mark)
    shared = root.get("state")
    if shared is not None:
        message = "each environment has a state of its own, so the workspace cannot say where it is"
        yield mistake("shared-state", "", message, "Move it into one of the environments.", shared.key_mark)
    taken: dict[str, str] = {}
    for environment in environments.every.values():
        for what, place in _places(environment):
            other = taken.setdefault(place, environment.name)
            if other != environment.name:
                message = f"'{environment.name}' and '{other}' would have the same {what}"
                yield mistake(f"shared-{what}", "", message, "Give each its own.", environment.mark)
    yield from _undeclared(environments.every.values(), root.get("variables"))


def _places(environment: Environment) -> Iterator[tuple[str, str]]:
    place = environment.place
    file = place.get("file")
    yield "state", posixpath.normpath(file) if isinstance(file, str) else repr(place)
    world = environment.provider_settings.get("path")
    if isinstance(world, str):
        yield "world", posixpath.normpath(world)


def _undeclared(every: Iterable[Environment], variables: Node | None) -> Iterator[Finding]:
    declared = variables.value if variables is not None and isinstance(variables.value, dict) else {}
    for environment in every:
        for name, value in environment.values.items():
            if name not in declared:
                fix = did_you_mean(name, declared) or "Declare it under variables in bep.yml."
                yield mistake("unknown-variable", "", f"there is no variable '{name}'", fix, value.key_mark)
