"""Opening: bep.yml and variable files, and the documents of any file, with what is wrong with them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bep.schemas.contents import said
from bep.schemas.files import Files
from bep.schemas.finding import Finding, Severity
from bep.schemas.mark import Mark
from bep.schemas.node import Node
from bep.schemas.reading import read
from bep.schemas.variables import Variables
from bep.schemas.workspace import FILE, Workspace, read_workspace


@dataclass(slots=True)
class Opened:
    """A workspace and the variables that hold in it."""

    workspace: Workspace
    variables: Variables
    findings: list[Finding]
    texts: dict[str, str]


def open_workspace(
    files: Files, *, variables: Mapping[str, str], variable_files: Sequence[str], environment: Mapping[str, str]
) -> Opened:
    """Read bep.yml, if there is one, and the variable files."""
    findings: list[Finding] = []
    texts: dict[str, str] = {}
    workspace = Workspace()
    if files.exists(FILE):
        workspace = Workspace(variables={})
        for node in documents_of(files, FILE, findings, texts)[:1]:
            workspace, troubles = read_workspace(node, files)
            findings += troubles
    filed: dict[str, Node] = {}
    for path in variable_files:
        for node in documents_of(files, path, findings, texts):
            filed.update(_mapping(node, path, findings))
    holding = Variables(workspace.variables, variables, filed, environment, findings)
    if not findings:
        holding.check_given()
    return Opened(workspace, holding, findings, texts)


def _mapping(node: Node, path: str, findings: list[Finding]) -> Mapping[str, Node]:
    if isinstance(node.value, dict):
        return node.value
    findings.append(
        Finding(
            Severity.ERROR,
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
            Finding(
                Severity.ERROR,
                "file-unreadable",
                "",
                f"{path} cannot be read: {said(error)}",
                "Check the path and its permissions.",
                Mark(path, 1, 1),
            )
        )
        return ()
    texts[path] = written.text
    findings.extend(written.findings)
    return written.documents
