"""Conda files: what one may hold, in a file of its own or inline. Knows no package and no channel."""

import re
from collections.abc import Sequence

from bep.lazy_patterns import lazy_pattern
from bep.schemas.checking.emptiness import empty_field
from bep.schemas.checking.explanations import shown
from bep.schemas.drafts.draft import Draft
from bep.schemas.findings.did_you_mean import did_you_mean, either
from bep.schemas.resource import FieldPath
from bep.schemas.yaml.node import Node, scalars

FIELDS = ("name", "channels", "dependencies", "variables", "prefix")
HERE: FieldPath = ("conda_file",)
_PYTHON = lazy_pattern(r"(?:\S+::)?python(?=[\s=<>!~])(?P<versions>.*)", re.IGNORECASE | re.DOTALL)
_LOCAL = lazy_pattern(r"file:|[./~]|[^\s:]+[/\\]\S*\.(conda|tar\.bz2)(\s|$)|[^\s:]+\.(conda|tar\.bz2)$", re.IGNORECASE)
_ONE_EQUALS_SIGN = re.compile(r"\s*(?P<name>[A-Za-z0-9][\w.-]*(\[[^]]*\])?)\s*=\s*(?P<version>[^=\s]\S*)\s*")
_CLAUSE = lazy_pattern(r"(?P<sign>>=|<=|==|!=|~=|<|>|=)?\s*(?P<version>\d+\.\d+(\.\d+)?)(\.?\*)?(=\S+)?", re.IGNORECASE)
_VERSION = lazy_pattern(r"\*|\d+(\.(\d+|\*))*\*?(\.?(a|b|c|rc|dev|post)\d+)?")


def check_conda(draft: Draft, conda: Node) -> None:
    """Say what is wrong with the mapping of a conda file, where it was written.

    conda itself only warns of a field it does not know: the environment would then be built without what it asks for.
    """
    _empty(draft, conda)
    for key, node in conda.value.items():
        if key not in FIELDS:
            fix = did_you_mean(key, FIELDS) or f"Remove it. The fields are: {', '.join(FIELDS)}."
            draft.error("unknown-field", HERE, f"'{key}' is not a field of a conda file", fix, node.key_mark)
    _texts(draft, conda.get("channels"), "channels", "a channel", "Write one channel a line, each after '- '.")
    _channels(draft, conda.get("channels"))
    wanted = conda.get("dependencies")
    if wanted is None:
        return
    if not isinstance(wanted.value, list):
        _wrong(draft, wanted, "'dependencies' of a conda file", "a list", "Write one package a line, each after '- '.")
        return
    for item in wanted.value:
        _dependency(draft, item)


def _empty(draft: Draft, conda: Node) -> None:
    """Take out what is empty, of its fields and of its variables. Of an empty section in a list more is to be said."""
    for path, node in list(scalars(conda)):
        if node.value is None and len(path) <= 2 and not any(isinstance(step, int) for step in path):
            draft.findings.append(empty_field((*HERE, *path), node.key_mark, draft.label))
            del conda.nearest(path[:-1]).value[path[-1]]


def _channels(draft: Draft, channels: Node | None) -> None:
    """A channel that is a folder of this machine travels with nothing, and what it gives can change unseen."""
    for channel in channels.value if channels is not None and isinstance(channels.value, list) else ():
        if isinstance(channel.value, str) and _LOCAL.match(channel.value.strip()):
            message = f"the channel {channel.value} is a folder of this machine, which does not travel"
            fix = "Name the channel by its address, or install wheels in the pip section: they travel."
            draft.error("conda-path", HERE, message, fix, channel.mark)


def _dependency(draft: Draft, item: Node) -> None:
    if isinstance(item.value, str):
        _python(draft, item)
        if _LOCAL.match(item.value.strip()):
            message = f"'{item.value}' is a file of this machine, which does not travel"
            fix = "Name the package by its channel and version, or install a wheel in the pip section: wheels travel."
            draft.error("conda-path", HERE, message, fix, item.mark)
        return
    pip = item.get("pip")
    if pip is None or len(item.value) > 1:
        fix = "Write NAME=VERSION for a package of conda, or 'pip:' with a list of packages below it."
        others = [(key, node) for key, node in item.value.items() if key != "pip"] if type(item.value) is dict else []
        for key, node in others:
            message = f"'{key}' is not a section of a conda file's dependencies; the only one is pip"
            draft.error("unknown-field", HERE, message, did_you_mean(key, ["pip"]) or fix, node.key_mark)
        if not others:
            _wrong(draft, item, "a dependency of a conda file", either(["text", "a pip section"]), fix)
    if pip is not None:
        _section(draft, pip)


def _section(draft: Draft, pip: Node) -> None:
    fix = "Write one requirement a line, each after '- '"
    fix += ", and indented more than '- pip:'." if pip.value is None else "."
    _texts(draft, pip, "pip", "a requirement in 'pip'", fix)
    for line in pip.value if isinstance(pip.value, list) else ():
        found = _ONE_EQUALS_SIGN.fullmatch(line.value) if isinstance(line.value, str) else None
        if found is not None:
            message = f"'{line.value}' is not a pip requirement: a single = is conda's"
            draft.error("pip-requirement", HERE, message, f"Write {found['name']}=={found['version']}.", line.mark)


def _texts(draft: Draft, node: Node | None, field: str, item: str, fix: str) -> None:
    """What must be a list of texts, if it is there."""
    if node is None:
        return
    if not isinstance(node.value, list):
        _wrong(draft, node, f"'{field}' of a conda file", "a list", fix)
        return
    for line in node.value:
        if not isinstance(line.value, str):
            _wrong(draft, line, f"{item} of a conda file", "text", fix)


def _wrong(draft: Draft, node: Node, what: str, wanted: str, fix: str) -> None:
    found = shown(node.value) if isinstance(node.value, dict | list) else node.text or "nothing"
    found = f"the text {shown(node.value)}" if isinstance(node.value, str) else found
    draft.error("wrong-type", HERE, f"{what} must be {wanted}, not {found}", fix, node.mark)


def _python(draft: Draft, item: Node) -> None:
    """Which Python is asked for must be told by its digits; versions of packages may be anything."""
    asked = _PYTHON.fullmatch(item.value.strip())
    for version in _versions(asked["versions"]) if asked is not None and "${{" not in item.value else ():
        if not _VERSION.fullmatch(version):
            message = f"'{item.value}' asks for Python {shown(version)}, which is not a Python version"
            draft.error("python-version", HERE, message, "Write 'python=3.11' or 'python>=3.10,<3.13'.", item.mark)


def python_asked(conda: Node | None) -> str:
    """The Python that a conda file asks for: a version (`3.8`, `3.8.5`), a range (`>=3.8,<3.11`), or nothing that says
    which.
    """
    wanted = conda.get("dependencies") if conda is not None else None
    for item in wanted.value if wanted is not None and isinstance(wanted.value, list) else ():
        asked = _PYTHON.fullmatch(item.value.strip()) if isinstance(item.value, str) else None
        if asked is not None:
            clauses = [_clause(text) for text in asked["versions"].split(",")]
            exact = [version for sign, version in clauses if sign in ("", "=", "==") and version]
            if len(clauses) == 1:
                return exact[0] if exact else "".join(clauses[0]) if clauses[0][1] else ""
            return "" if exact or not all(version for _, version in clauses) else ",".join(map("".join, clauses))
    return ""


def _clause(text: str) -> tuple[str, str]:
    """The sign and the digits of `=3.8`, `>=3.8`, `3.8.*` or `=3.10=build`; no digits where it says something else."""
    found = _CLAUSE.fullmatch(text.strip())
    return (found["sign"] or "", found["version"]) if found else ("", "")


def _versions(text: str) -> Sequence[str]:
    """The versions in `>=3.8,<3.12` or `=3.10=build`, without signs and builds."""
    clauses = (clause.strip(" \t=<>!~()") for clause in re.split(r"[,|]", text))
    return [re.split(r"[\s=]", clause)[0] for clause in clauses if clause]
