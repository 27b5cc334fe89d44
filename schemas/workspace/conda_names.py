"""The file of names that bep.yml may name: which pip requirements stand for conda's packages. Knows no package."""

from collections.abc import Mapping, Sequence

from bep.lazy_patterns import lazy_pattern
from bep.schemas.checking.explanations import shown
from bep.schemas.findings.finding import Finding, mistake
from bep.schemas.yaml.node import Node

EXAMPLE = "Write 'CONDA_NAME: PIP_NAME', 'CONDA_NAME: PIP_NAME==1.2', or 'CONDA_NAME: null' to leave it out."
WRONG_NAMES = "conda-names"
NOT_PACKAGES = ("python", "pip")
_NAME = lazy_pattern(r"[a-z0-9_][a-z0-9_.\-]*")
_REQUIREMENT = lazy_pattern(r"[A-Za-z0-9][\w.\-]*\s*(\[[\w.\-,\s]*\])?\s*([<>=!~@;(].*)?")


def names_of(documents: Sequence[Node], path: str) -> tuple[Mapping[str, str | None], list[Finding]]:
    """conda's name, in small letters, to a pip requirement, or to None for a package that is left out.

    What is wrong is a finding where it was written, and no part of the result.
    """
    if len(documents) != 1 or not isinstance(documents[0].value, dict):
        message = f"{path} must be one mapping of conda's names to pip's"
        mark = documents[0].mark if documents else None
        return {}, [mistake(WRONG_NAMES, "", message, EXAMPLE, mark)]
    found: dict[str, str | None] = {}
    findings = []
    for key, node in documents[0].value.items():
        wrong = _wrong(key, node)
        if wrong is None:
            found[key.lower()] = node.value.strip() if node.value is not None else None
        else:
            findings.append(wrong)
    return found, findings


def _wrong(key: str, node: Node) -> Finding | None:
    name = key.lower()
    if name in NOT_PACKAGES:
        message = f"'{key}' cannot be replaced: each environment has its own, of the version the conda file asks for"
        return mistake(WRONG_NAMES, "", message, "Take the line out.", node.key_mark)
    if not _NAME.fullmatch(name):
        message = f"{shown(key)} is not the name of a conda package"
        return mistake(WRONG_NAMES, "", message, "Write the name alone: no version, no channel.", node.key_mark)
    if node.value is None:
        return None
    if not isinstance(node.value, str) or not _REQUIREMENT.fullmatch(node.value.strip()):
        text = shown(node.value) if isinstance(node.value, dict | list | str) else node.text
        return mistake(
            WRONG_NAMES, "", f"'{key}' stands for {text}, which is not a pip requirement", EXAMPLE, node.mark
        )
    return None
