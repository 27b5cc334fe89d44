"""Workspace: what bep.yml says, as a value."""

import posixpath
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bep.lazy_dataclasses import dataclass, field, replace
from bep.schemas.checking.emptiness import say_empty, take_out_empty
from bep.schemas.checking.recovering import salvage
from bep.schemas.checking.structure import check
from bep.schemas.files import MEND_LINK, Files, absence_of, is_broken_link
from bep.schemas.findings.did_you_mean import did_you_mean
from bep.schemas.findings.doubts import Doubts
from bep.schemas.findings.finding import Finding, Severity, mistake
from bep.schemas.mark import Mark
from bep.schemas.workspace.conditions import NO_CONDITIONS, Conditions, read_conditions
from bep.schemas.workspace.directives import NO_DIRECTIVES, Directives, read_directives
from bep.schemas.workspace.stages import (
    HOME,
    NO_STAGES,
    Stages,
    check_stages,
    read_stages,
    say_nothing,
)
from bep.schemas.workspace.variables import Variable
from bep.schemas.yaml.node import Node, plain

if TYPE_CHECKING:
    from bep.schemas.workspace.notifications import Targets
    from bep.schemas.workspace.policies import Policy

FILE = "bep.yml"
JOB_FILE = "job.yml"
NOT_SOUGHT = (FILE, JOB_FILE)
"""Files that are no specs by their names: no pattern means them."""
EXCLUDES = "!"
"""What a pattern in `specs` begins with that takes files out of what the others find."""
NOT_THERE = "file-not-found"
POLICIES = "policies"
"""What policies are called where something is wrong with them, and their schema."""
LOCAL = "local"
LOCAL_STATE = ".bep/state.json"
LONGEST_STATE_NAME = 180
"""Bytes of UTF-8, of 255: the longest beside it is `.NAME.journal.replaced-MOMENT-PROCESS.PROCESS.tmp`."""
UNAVAILABLE = ((("provider", "azure"), "the local provider", "Write 'provider: {local: {}}', or leave provider out."),)


@dataclass(frozen=True, slots=True)
class SpecFile:
    """One file of specs. `endpoint` is for stand-alone deployments in it that do not name theirs.

    `sought` if nobody named it, but a pattern: then a job in it is passed over. `provider` is the one that it is for,
    empty where it is for any.
    """

    path: str
    endpoint: str = ""
    sought: bool = False
    provider: str = ""


@dataclass(frozen=True, slots=True)
class Workspace:
    """A folder and everything declared from it.

    `provider` is `local` or `azure`, `provider_settings` what bep.yml says about it. `state` is
    `{"file": path}` or `{"azure_blob": {...}}`. `variables` is None where there is no bep.yml.
    `keep_versions` is how many versions of one name that left the specs the registry keeps; None: all of them.
    `stage` is the one it was opened in: empty where it has none, None where it cannot be told which is
    meant. `home` is the folder for what is bep's, relative to the workspace. `conda_names` are the pip requirements
    that stand for conda packages here (None: nothing does), from the file that the provider's settings name.
    `equivalents` is what stands here for environments that Azure ML keeps. `in_other_world` if another provider was
    chosen than bep.yml names. `policies` are those of the `policy_files`. `notifications` are whom to
    tell of what.
    """

    name: str = "default"
    provider: str = LOCAL
    provider_settings: Mapping[str, Any] = field(default_factory=dict)
    state: Mapping[str, Any] = field(default_factory=lambda: {"file": LOCAL_STATE})
    specs: tuple[SpecFile, ...] = ()
    variables: Mapping[str, Variable] | None = None
    policy_files: tuple[str, ...] = ()
    policies: "tuple[Policy, ...]" = ()
    notifications: "Targets" = field(default_factory=dict)
    directives: Directives = NO_DIRECTIVES
    conditions: Conditions = NO_CONDITIONS
    stages: Stages = NO_STAGES
    stage: str | None = ""
    home: str = HOME
    keep_versions: int | None = None
    conda_names: Mapping[str, str | None] = field(default_factory=dict)
    equivalents: Mapping[str, Node] = field(default_factory=dict, repr=False, compare=False)
    in_other_world: bool = False

    def is_read(self, spec: SpecFile) -> bool:
        """Whether a file of specs is for the provider that is meant."""
        return spec.provider in ("", self.provider)


def read_workspace(node: Node, files: Files) -> tuple[Workspace, list[Finding], Doubts]:
    """The workspace a bep.yml describes, its patterns expanded; with what is wrong, it is as much of it as is right.

    Doubts about `specs` mean that some file of specs may be unknown.
    """
    say_nothing(node)
    names = [name for name, _ in _fields(node.get("variables"))]
    empty = take_out_empty(node)
    refused, warnings = say_empty("workspace", empty, check("workspace", node, "workspace"), "workspace")
    doubts, _ = salvage(node, refused)
    policies, missing = _policy_files(node.get("policies"), files)
    specs, lost = _specs(node.get("specs"), files, doubts)
    specs = tuple(spec for spec in specs if not spec.sought or spec.path not in policies)
    if any(finding.code == NOT_THERE for finding in lost):
        doubts.add(("specs",))
    data = plain(node) if isinstance(node.value, dict) else {}
    provider, settings = next(iter(data.get("provider", {}).items()), (LOCAL, {}))
    stages = read_stages(node)
    notifications, untold = _notifications(node, stages)
    workspace = Workspace(
        name=data.get("workspace", "default"),
        provider=provider,
        provider_settings=settings or {},
        state=data.get("state") or {"file": LOCAL_STATE},
        specs=specs,
        variables={name: _variable(name, node.at(("variables", name)), doubts) for name in names},
        policy_files=policies,
        directives=read_directives(node),
        conditions=read_conditions(node),
        stages=stages,
        notifications=notifications,
        keep_versions=(data.get("registry") or {}).get("keep"),
        equivalents=dict(_fields(node.get("environments"))),
    )
    told = (
        *(r.finding for r in refused),
        *warnings,
        *missing,
        *lost,
        *check_stages(node),
        *untold,
        *_state_names(node),
    )
    return workspace, list(told), doubts


def _notifications(root: Node, stages: Stages) -> "tuple[Targets, Iterable[Finding]]":
    if root.get("notify") is None:
        return {}, ()
    from bep.schemas.workspace.notifications import check_notifications, read_notifications

    return read_notifications(root), check_notifications(root, stages.every)


def _state_names(root: Node) -> Iterator[Finding]:
    """What stands beside a state has its name with more behind it: a journal, copies, and those put aside."""
    stages = root.get("stages")
    around = stages.value.values() if stages is not None and isinstance(stages.value, dict) else ()
    for file in (place.at(("state", "file")) for place in (root, *around)):
        name = posixpath.basename(file.text) if file is not None else ""
        size = len(name.encode("utf-8", "surrogatepass"))
        if file is not None and size > LONGEST_STATE_NAME:
            message = f"the name of the state's file has {size} bytes, and may have {LONGEST_STATE_NAME}"
            yield mistake(
                "name-too-long", "workspace", message, "Shorten it: files beside it have longer names.", file.mark
            )


def not_available(node: Node, stage: str, worlds: Collection[str]) -> Iterator[Finding]:
    """What a bep.yml asks for in a stage (empty: in none), and this bep, which has these worlds, does not have yet."""
    around = node.at(("stages", stage))
    for path, has, fix in UNAVAILABLE:
        place = around if around is not None and around.get(path[0]) is not None else node
        found = place.at(path)
        if found is not None and path[-1] not in worlds:
            message = f"this bep has only {has} yet, not {path[-1]}"
            yield mistake("not-available", "workspace", message, fix, found.key_mark)


def _fields(node: Node | None) -> Sequence[tuple[str, Node]]:
    return list(node.value.items()) if node is not None and isinstance(node.value, dict) else []


def _variable(name: str, node: Node | None, doubts: Doubts) -> Variable:
    if node is None or doubts.touch("variables", name):
        return Variable(name, sound=False)
    sensitive = node.get("sensitive")
    default = node.get("default")
    default = None if default is None or default.value is None else default
    return Variable(
        name, node.texts("type") or "string", default, sensitive is not None and sensitive.value is True, node.mark
    )


def _specs(node: Node | None, files: Files, doubts: Doubts) -> tuple[tuple[SpecFile, ...], list[Finding]]:
    if node is None and doubts.touch("specs"):
        return (), []
    excluded, findings = _excluded(node, files)
    if node is None or (excluded is not None and _has_only_exclusions(node)):
        every = {p for pattern in ("*.yml", "*.yaml") for p in files_named(pattern, files)}
        return tuple(SpecFile(p, sought=True) for p in sorted(every - (excluded or set()))), findings
    specs, wrong = _expanded(node, files)
    findings += wrong
    specs = [spec for spec in specs if not spec.sought or spec.path not in (excluded or ())]
    unique: dict[str, SpecFile] = {}
    for spec in specs:
        if spec.path not in unique or spec.endpoint or spec.provider:
            unique[spec.path] = spec
    return tuple(unique.values()), findings


def _policy_files(node: Node | None, files: Files) -> tuple[tuple[str, ...], list[Finding]]:
    excluded, findings = _excluded(node, files)
    found, wrong = _expanded(node, files)
    paths = [file.path for file in found if not file.sought or file.path not in (excluded or ())]
    return tuple(dict.fromkeys(paths)), [replace(finding, address=POLICIES) for finding in (*findings, *wrong)]


def _is_exclusion(item: Node) -> bool:
    return isinstance(item.value, str) and item.value.startswith(EXCLUDES)


def _has_only_exclusions(node: Node) -> bool:
    return all(map(_is_exclusion, node.value))


def _excluded(node: Node | None, files: Files) -> tuple[set[str] | None, list[Finding]]:
    """The files that `!PATTERN` takes out of what patterns find, wherever it stands in the list; None if none does.

    One that takes out nothing is doubtful: what it was meant for is read.
    """
    items = node.value if node is not None and isinstance(node.value, list) else []
    findings: list[Finding] = []
    found: set[str] = set()
    for item in filter(_is_exclusion, items):
        pattern = item.value.removeprefix(EXCLUDES)
        names = files_named(pattern, files)
        found.update(names)
        if not names:
            missing = not_there(pattern, files, item.mark)
            findings.append(replace(missing, severity=Severity.WARNING, code="excludes-nothing"))
    return (found if any(map(_is_exclusion, items)) else None), findings


def _expanded(node: Node | None, files: Files) -> tuple[list[SpecFile], list[Finding]]:
    specs: list[SpecFile] = []
    findings: list[Finding] = []
    for item in node.value if node is not None and isinstance(node.value, list) else ():
        path = item.texts("file") if isinstance(item.value, dict) else item.text
        if not path or _is_exclusion(item):
            continue
        found, wrong = specs_named(path, files, item.mark, item.texts("endpoint"))
        specs += [replace(spec, provider=item.texts("provider")) for spec in found]
        findings += wrong
    return specs, findings


def specs_named(path: str, files: Files, mark: Mark | None, endpoint: str = "") -> tuple[list[SpecFile], list[Finding]]:
    """The files of specs a path or a pattern names, and what is wrong with it; `mark` is where it was written."""
    found = files_named(path, files)
    if not found:
        return [], [not_there(path, files, mark)]
    if found == [FILE]:
        message, fix = (
            f"{FILE} describes the workspace and cannot be one of its files",
            "Take it out: it is read anyway.",
        )
        return [], [mistake("workspace-as-spec", "", message, fix, mark)]
    return [SpecFile(p, endpoint, _is_pattern(path)) for p in found], []


def _is_pattern(path: str) -> bool:
    return any(mark in path for mark in "*?[")


def files_named(path: str, files: Files) -> list[str]:
    """The files a path or a pattern names; none when nothing is there. A pattern means no bep.yml and no job.yml."""
    try:
        if _is_pattern(path):
            return [found for found in files.glob(path) if posixpath.basename(found) not in NOT_SOUGHT]
        return [posixpath.normpath(path)] if files.exists(path) and not files.is_folder(path) else []
    except (OSError, ValueError):
        return []


def not_there(path: str, files: Files, mark: Mark | None) -> Finding:
    """The finding for a file of specs, or a pattern, that names nothing."""
    if is_broken_link(path, files):
        return mistake(NOT_THERE, "", absence_of(path, files), MEND_LINK, mark)
    folder, name = posixpath.split(path)
    try:
        near = did_you_mean(name, files.names(folder or "."))
    except (OSError, ValueError):
        near = ""
    what = "no file matches" if _is_pattern(path) else "there is no file"
    return mistake(NOT_THERE, "", f"{what} {path}", near or "Check the path.", mark)
