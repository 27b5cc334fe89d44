"""Stages of a workspace: what each says, and which one is meant. Knows no file but the bep.yml it is given."""

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from bep.lazy_dataclasses import dataclass, field, replace
from bep.schemas.findings.did_you_mean import did_you_mean, listed
from bep.schemas.findings.finding import Finding, mistake
from bep.schemas.mark import Mark
from bep.schemas.next_step import again
from bep.schemas.resource import NOTHING
from bep.schemas.yaml.node import Node, plain

if TYPE_CHECKING:
    from bep.schemas.workspace.workspace import Workspace

CHOICE = "BEP_STAGE"
"""The variable of the process's environment that chooses one; `bep --stage` sets it."""
WORLD = "BEP_PROVIDER"
"""The one that chooses another world than bep.yml names; `bep --provider` sets it."""
HOME = ".bep"
"""Where a workspace keeps what is bep's: state, the local cloud, jobs. Not for version control."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage as bep.yml declares it. What it leaves out is the workspace's, except for its state."""

    name: str
    mark: Mark
    description: str = ""
    values: Mapping[str, Node] = field(default_factory=lambda: NOTHING)
    provider: str = ""
    provider_settings: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    state: Mapping[str, Any] = field(default_factory=lambda: NOTHING)

    @property
    def home(self) -> str:
        """The folder for what is bep's, relative to the workspace: no other stage has it."""
        return f"{HOME}/stages/{self.name}"

    @property
    def place(self) -> Mapping[str, Any]:
        """Where its state is kept."""
        return self.state or {"file": f"{self.home}/state.json"}


@dataclass(frozen=True, slots=True)
class Stages:
    """All of them by name, with the place where they are declared and the one that is meant unless another is."""

    every: Mapping[str, Stage] = field(default_factory=lambda: NOTHING)
    mark: Mark | None = None
    default: str = ""
    default_mark: Mark | None = None


NO_STAGES = Stages()


def read_stages(root: Node) -> Stages:
    """The stages of a bep.yml, as far as their shape is right."""
    node = root.get("stages")
    if node is None or not isinstance(node.value, dict):
        return NO_STAGES
    every = {name: _stage(name, below) for name, below in node.value.items()}
    default = root.get("default_stage")
    return Stages(every, node.key_mark, root.texts("default_stage"), default.mark if default else None)


def say_nothing(root: Node) -> None:
    """`staging:` with nothing after it is a stage that changes nothing, and `local:` says local.

    Null otherwise means that nothing is written.
    """
    node = root.get("stages")
    below = list(node.value.values()) if node is not None and isinstance(node.value, dict) else []
    providers = (found.value.values() for found in providers_in(root) if isinstance(found.value, dict))
    for said in (*below, *(one for found in providers for one in found)):
        if said.value is None:
            said.value = {}


def providers_in(root: Node) -> list[Node]:
    """Every place of a bep.yml that names a provider: the workspace's own, and those of its stages."""
    node = root.get("stages")
    below = node.value.values() if node is not None and isinstance(node.value, dict) else ()
    found = (around.get("provider") for around in (root, *below))
    return [provider for provider in found if provider is not None]


def _stage(name: str, node: Node) -> Stage:
    values = node.get("variables")
    provider, settings = next(iter(_mapping(node.get("provider")).items()), ("", {}))
    return Stage(
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


def chosen(stages: Stages, choice: str) -> tuple[Stage | None, tuple[Finding, ...]]:
    """The stage that is meant, or why that cannot be told. Neither, where there are none and none was chosen."""
    every = stages.every
    name = choice or stages.default
    if name in every:
        return every[name], ()
    if not every and not choice:
        return None, ()
    if not every:
        message = f"the stage '{choice}' was chosen, but this workspace has no stages"
        return None, (mistake("unknown-stage", "", message, "Declare it under stages in bep.yml.", None),)
    if not name:
        message = f"this workspace has stages, and none was chosen: {listed(every)}"
        choose = again(stage="NAME")
        fix = f"Choose one with {choose} or {CHOICE}, or write default_stage: NAME."
        return None, (mistake("stage-not-chosen", "", message, fix, stages.mark, (choose,)),)
    return None, (_unknown(stages, name, stages.mark if choice else stages.default_mark),)


def _unknown(stages: Stages, name: str, mark: Mark | None) -> Finding:
    message = f"there is no stage '{name}'; there are: {listed(stages.every)}"
    fix = did_you_mean(name, stages.every) or "Choose one of these."
    return mistake("unknown-stage", "", message, fix, mark)


def as_chosen(workspace: "Workspace", choice: str) -> tuple["Workspace", tuple[Finding, ...]]:
    """The workspace as it is in the stage that is meant; its `stage` is None when that cannot be told."""
    stage, findings = chosen(workspace.stages, choice)
    if findings:
        return replace(workspace, stage=None), findings
    if stage is None:
        return workspace, ()
    variables = dict(workspace.variables or {})
    for name, value in stage.values.items():
        if name in variables:
            variables[name] = replace(variables[name], default=value, stage=stage.name)
    settings = dict(workspace.provider_settings)
    if "path" in settings:
        settings["path"] = posixpath.join(str(settings["path"]), stage.name)
    return replace(
        workspace,
        stage=stage.name,
        home=stage.home,
        provider=stage.provider or workspace.provider,
        provider_settings=stage.provider_settings if stage.provider else settings,
        state=stage.place,
        variables=variables,
    ), ()


def check_stages(root: Node) -> Iterator[Finding]:
    """What would let two stages write over each other, and values for variables that nothing declares."""
    stages = read_stages(root)
    if not stages.every:
        return
    if stages.default and stages.default not in stages.every:
        yield _unknown(stages, stages.default, stages.default_mark)
    shared = root.get("state")
    if shared is not None:
        message = "each stage has a state of its own, so the workspace cannot say where it is"
        yield mistake("shared-state", "", message, "Move it into one of the stages.", shared.key_mark)
    taken: dict[str, str] = {}
    for stage in stages.every.values():
        for what, place in _places(stage):
            other = taken.setdefault(place, stage.name)
            if other != stage.name:
                message = f"'{stage.name}' and '{other}' would have the same {what}"
                yield mistake(f"shared-{what}", "", message, "Give each its own.", stage.mark)
    yield from _undeclared(stages.every.values(), root.get("variables"))


def _places(stage: Stage) -> Iterator[tuple[str, str]]:
    place = stage.place
    file = place.get("file")
    yield "state", posixpath.normpath(file) if isinstance(file, str) else repr(place)
    world = stage.provider_settings.get("path")
    if isinstance(world, str):
        yield "world", posixpath.normpath(world)


def _undeclared(every: Iterable[Stage], variables: Node | None) -> Iterator[Finding]:
    declared = variables.value if variables is not None and isinstance(variables.value, dict) else {}
    for stage in every:
        for name, value in stage.values.items():
            if name not in declared:
                fix = did_you_mean(name, declared) or "Declare it under variables in bep.yml."
                yield mistake("unknown-variable", "", f"there is no variable '{name}'", fix, value.key_mark)
