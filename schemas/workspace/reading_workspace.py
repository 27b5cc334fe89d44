"""Opening: bep.yml and variable files, and the documents of any file, with what is wrong with them."""

import posixpath
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from bep.lazy_dataclasses import dataclass, replace
from bep.schemas.drafts.contents import said
from bep.schemas.drafts.literal_secrets import literal_secrets
from bep.schemas.files import Files
from bep.schemas.findings.doubts import Doubts
from bep.schemas.findings.finding import Finding, mistake
from bep.schemas.mark import Mark
from bep.schemas.workspace.conda_names import names_of
from bep.schemas.workspace.stages import CHOICE, WORLD, as_chosen
from bep.schemas.workspace.variables import Variables
from bep.schemas.workspace.workspace import FILE, LOCAL, POLICIES, Workspace, not_available, not_there, read_workspace
from bep.schemas.yaml.node import Node
from bep.schemas.yaml.reading import read


@dataclass(slots=True)
class Opened:
    """A workspace and the variables that hold in it.

    When not `complete`, there may be resources that neither its specs nor the provider can be asked for.
    """

    workspace: Workspace
    variables: Variables
    findings: list[Finding]
    texts: dict[str, str]
    complete: bool


def open_workspace(
    files: Files,
    *,
    variables: Mapping[str, str],
    variable_files: Sequence[str],
    environment: Mapping[str, str],
    worlds: Collection[str] = (LOCAL,),
) -> Opened:
    """Read bep.yml, if there is one, and the variable files. `worlds` are the names of those that this bep has."""
    findings: list[Finding] = []
    texts: dict[str, str] = {}
    choice = environment.get(CHOICE, ""), environment.get(WORLD, "")
    workspace, doubts = _workspace(files, choice, worlds, findings, texts)
    filed: dict[str, Node] = {}
    for path in variable_files:
        for node in documents_of(files, path, findings, texts):
            filed.update(_mapping(node, path, findings))
    holding = Variables(workspace.variables, variables, filed, environment)
    holding.known = not doubts.cover("variables")
    holding.check_given()
    complete = not doubts.touch("specs") and workspace.provider in worlds
    return Opened(workspace, holding, findings, texts, complete)


def _workspace(
    files: Files, choice: tuple[str, str], worlds: Collection[str], findings: list[Finding], texts: dict[str, str]
) -> tuple[Workspace, Doubts]:
    """What bep.yml says in the stage and the world that are chosen, and what of it is not to be relied on."""
    stage, world = choice
    if not files.exists(FILE):
        workspace, unsettled = as_chosen(Workspace(), stage)
        findings += unsettled
        return _in_world(workspace, world, worlds, {}, findings), Doubts()
    documents = documents_of(files, FILE, findings, texts)
    if not documents:
        if not findings:
            fix = "Write 'workspace: NAME'."
            findings.append(mistake("empty-workspace", "", f"{FILE} is empty", fix, Mark(FILE, 1, 1)))
        return Workspace(variables={}, stage=None if stage or world else ""), Doubts([()])
    workspace, troubles, doubts = read_workspace(documents[0], files)
    private = {name for name, variable in (workspace.variables or {}).items() if variable.sensitive}
    findings += literal_secrets(
        documents[0], address="workspace", document=FILE, but=lambda path, _: not private.isdisjoint(path)
    )
    declared = {workspace.provider: workspace.provider_settings}
    workspace, unsettled = as_chosen(workspace, stage)
    findings += troubles
    findings += () if doubts.touch("stages") or doubts.touch("default_stage") else unsettled
    findings += not_available(documents[0], workspace.stage or "", worlds)
    workspace = _in_world(workspace, world, worlds, declared, findings)
    workspace = _with_policies(workspace, files, findings, texts)
    return _with_names(workspace, documents[0], files, findings, texts), doubts


def _in_world(
    workspace: Workspace,
    choice: str,
    worlds: Collection[str],
    declared: Mapping[str, Mapping[str, Any]],
    findings: list[Finding],
) -> Workspace:
    if not choice:
        return workspace
    from bep.schemas.workspace.chosen_world import in_world

    workspace, impossible = in_world(workspace, choice, worlds, declared.get(choice, {}))
    findings += impossible
    return workspace


def _with_policies(workspace: Workspace, files: Files, findings: list[Finding], texts: dict[str, str]) -> Workspace:
    """The workspace with what its files of policies say."""
    if not workspace.policy_files:
        return workspace
    from bep.schemas.workspace.policies import policies_of

    documents = {path: documents_of(files, path, findings, texts) for path in workspace.policy_files}
    doubtful = {finding.mark.file for finding in findings if finding.mark is not None}
    for path in (path for path, nodes in documents.items() if not nodes and path not in doubtful):
        fix = "Write 'policies: []' if there is to be none; or take the file out of bep.yml."
        message = f"{path} is empty: a file of policies needs 'policies'"
        findings.append(mistake("missing-field", POLICIES, message, fix, Mark(path, 1, 1)))
    policies, wrong = policies_of(documents, files, workspace.stages.every)
    findings += wrong
    return replace(workspace, policies=policies)


def _with_names(
    workspace: Workspace, root: Node, files: Files, findings: list[Finding], texts: dict[str, str]
) -> Workspace:
    """The workspace with what its file of names says, if bep.yml names one. No pattern of specs means that file."""
    path = workspace.provider_settings.get("conda_names")
    if not path:
        return workspace
    path = posixpath.normpath(path)
    specs = tuple(spec for spec in workspace.specs if spec.path != path or not spec.sought)
    workspace = replace(workspace, specs=specs)
    if not files.exists(path) or files.is_folder(path):
        setting = ("provider", LOCAL, "conda_names")
        place = root.at(("stages", workspace.stage or "", *setting)) or root.at(setting)
        findings.append(not_there(path, files, place.mark if place else None))
        return workspace
    before = len(findings)
    documents = documents_of(files, path, findings, texts)
    names, wrong = names_of(documents, path) if documents or len(findings) == before else ({}, [])
    findings += wrong
    return replace(workspace, conda_names=names)


def _mapping(node: Node, path: str, findings: list[Finding]) -> Mapping[str, Node]:
    if isinstance(node.value, dict):
        return node.value
    findings.append(
        mistake(
            "not-a-mapping",
            "",
            f"{path} must be a mapping of variables to values",
            "Write lines such as 'instances: 2'.",
            node.mark,
        )
    )
    return {}


def documents_of(files: Files, path: str, findings: list[Finding], texts: dict[str, str]) -> tuple[Node, ...]:
    """The documents of a file; what cannot be read is a finding."""
    try:
        written = read(files.read(path), path)
    except (OSError, ValueError) as error:
        findings.append(
            mistake(
                "file-unreadable",
                "",
                f"{path} cannot be read: {said(error, path, files)}",
                "Check the path and its permissions.",
                Mark(path, 1, 1),
            )
        )
        return ()
    texts[path] = written.text
    findings.extend(written.findings)
    return written.documents
