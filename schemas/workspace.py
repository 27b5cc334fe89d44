"""Workspace: what bep.yml says, as a value."""

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bep.schemas.checking import check
from bep.schemas.directives import NO_DIRECTIVES, Directives, read_directives
from bep.schemas.files import Files
from bep.schemas.finding import Finding, Severity
from bep.schemas.mark import Mark
from bep.schemas.nearest import did_you_mean
from bep.schemas.node import Node, plain
from bep.schemas.variables import Variable

FILE = "bep.yml"
LOCAL_STATE = ".bep/state.json"


@dataclass(frozen=True, slots=True)
class SpecFile:
    """One file of specs. `endpoint` is for stand-alone deployments in it that do not name theirs."""

    path: str
    endpoint: str = ""


@dataclass(frozen=True, slots=True)
class Workspace:
    """A folder and everything declared from it.

    `provider` is `local` or `azure`, `provider_settings` what bep.yml says about it. `state` is
    `{"file": path}` or `{"azure_blob": {...}}`. `variables` is None where there is no bep.yml.
    """

    name: str = "default"
    provider: str = "local"
    provider_settings: Mapping[str, Any] = field(default_factory=dict)
    state: Mapping[str, Any] = field(default_factory=lambda: {"file": LOCAL_STATE})
    specs: tuple[SpecFile, ...] = ()
    variables: Mapping[str, Variable] | None = None
    policies: tuple[str, ...] = ()
    directives: Directives = NO_DIRECTIVES


def read_workspace(node: Node, files: Files) -> tuple[Workspace, list[Finding]]:
    """The workspace a bep.yml describes, its patterns expanded; with what is wrong, it is as much of it as is right."""
    for said in (below for _, below in _fields(node.get("provider"))):
        if said.value is None:
            said.value = {}  # `local:` with nothing after it says local
    findings = list(check("workspace", node, "workspace"))
    if findings:
        return _salvaged(node, files, findings)
    data = plain(node)
    provider, settings = next(iter(data.get("provider", {"local": {}}).items()), ("local", {}))
    state = data.get("state", {"file": LOCAL_STATE})
    variables = {name: _variable(name, below) for name, below in _fields(node.get("variables"))}
    policies, missing = _expanded(node.get("policies"), files)
    specs, lost = _specs(node.get("specs"), node, files)
    workspace = Workspace(
        name=data["workspace"],
        provider=provider,
        provider_settings=settings or {},
        state=state,
        specs=specs,
        variables=variables,
        policies=tuple(s.path for s in policies),
        directives=read_directives(node),
    )
    return workspace, [*missing, *lost]


def _salvaged(node: Node, files: Files, findings: list[Finding]) -> tuple[Workspace, list[Finding]]:
    """What is right of a refused bep.yml: the specs and variables, so that their troubles are shown in the same run."""
    specs, lost = _specs(node.get("specs") if isinstance(node.value, dict) else None, node, files)
    variables = {name: _variable(name, below) for name, below in _fields(node.get("variables"))}
    return Workspace(specs=specs, variables=variables), [*findings, *lost]


def _fields(node: Node | None) -> Sequence[tuple[str, Node]]:
    return list(node.value.items()) if node is not None and isinstance(node.value, dict) else []


def _variable(name: str, node: Node) -> Variable:
    sensitive = node.get("sensitive")
    default = node.get("default")
    default = None if default is None or default.value is None else default
    return Variable(
        name, node.texts("type") or "string", default, sensitive is not None and sensitive.value is True, node.mark
    )


def _specs(node: Node | None, root: Node, files: Files) -> tuple[tuple[SpecFile, ...], list[Finding]]:
    if node is None:
        found = [p for pattern in ("*.yml", "*.yaml") for p in files.glob(pattern)]
        return tuple(SpecFile(p) for p in sorted(found) if posixpath.basename(p) not in (FILE, "job.yml")), []
    specs, findings = _expanded(node, files)
    unique: dict[str, SpecFile] = {}
    for spec in specs:
        if spec.path not in unique or spec.endpoint:
            unique[spec.path] = spec
    return tuple(unique.values()), findings


def _expanded(node: Node | None, files: Files) -> tuple[list[SpecFile], list[Finding]]:
    specs: list[SpecFile] = []
    findings: list[Finding] = []
    for item in node.value if node is not None and isinstance(node.value, list) else ():
        path = item.texts("file") if isinstance(item.value, dict) else item.text
        if not path:
            continue
        found = files_named(path, files)
        specs += [SpecFile(p, item.texts("endpoint")) for p in found]
        if not found:
            findings.append(not_there(path, files, item.mark))
    return specs, findings


def files_named(path: str, files: Files) -> list[str]:
    """The files a path or a pattern names; none when nothing is there."""
    try:
        if any(mark in path for mark in "*?["):
            return list(files.glob(path))
        return [posixpath.normpath(path)] if files.exists(path) and not files.is_folder(path) else []
    except (OSError, ValueError):
        return []


def not_there(path: str, files: Files, mark: Mark | None) -> Finding:
    """The finding for a file of specs, or a pattern, that names nothing."""
    folder, name = posixpath.split(path)
    try:
        near = did_you_mean(name, files.names(folder or "."))
    except (OSError, ValueError):
        near = ""
    what = "no file matches" if any(m in path for m in "*?[") else "there is no file"
    return Finding(Severity.ERROR, "file-not-found", "", f"{what} {path}", near or "Check the path.", mark)
