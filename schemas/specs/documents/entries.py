"""`x-bep: {for_each: ...}`: one document that declares a resource an entry, written out. Knows no kind and no file."""

import re
from collections.abc import Mapping, Sequence

from bep.lazy_dataclasses import dataclass, field, replace
from bep.schemas.findings.did_you_mean import did_you_mean, listed
from bep.schemas.findings.finding import Finding, mistake
from bep.schemas.mark import Mark
from bep.schemas.workspace.variables import EXPRESSION, Variables
from bep.schemas.yaml.node import Node

WORD = "for_each"
_EACH = re.compile(r"\$\{\{\s*each\.(key|value((?:\.[A-Za-z_][A-Za-z0-9_-]*)*))\s*\}\}")
_IDENTIFYING = ("name", "version", "endpoint_name")
_SHAPE = "Write a list of names, a mapping of names to values, or ${{ var.NAME }} for a variable of type list or map."


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry written out: its document, and its key for those who are told of it; a plain document has none."""

    node: Node
    key: str = ""


@dataclass(slots=True)
class Entries:
    """The documents of one spec. `lost` says that there may be more than these."""

    found: list[Entry] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    lost: bool = False


def entries_of(document: Node, variables: Variables) -> Entries:
    """A document as it is, or one for each entry of its `for_each`, with `${{ each... }}` replaced in every scalar.

    A list's entries are their own keys. What is wrong leaves the document out, or the scalar unset.
    """
    extension = document.get("x-bep")
    asked = extension.get(WORD) if extension is not None else None
    if extension is None or asked is None:
        return Entries([Entry(document)])
    del extension.value[WORD]
    if not extension.value:
        del document.value["x-bep"]
    found = Entries()
    entries = _read(asked, variables, found)
    if not any(_EACH.search(document.texts(name)) for name in _IDENTIFYING):
        at = document.get("name") or document
        message = "each entry of for_each would declare the same resource"
        found.findings.append(mistake("for-each-one-name", "", message, "Write ${{ each.key }} in its name.", at.mark))
        found.lost = True
        return found
    for key, value in entries.items():
        writing = _Writing(key, value, variables)
        found.found.append(Entry(writing.copied(document), key))
        found.findings += writing.findings
    return found


def suffixed(finding: Finding, key: str) -> Finding:
    """The finding with the entry that it is about."""
    return replace(finding, message=f"{finding.message} (for_each: {key})") if key else finding


def _read(asked: Node, variables: Variables, found: Entries) -> dict[str, Node]:
    """The entries by key; findings for what is none."""
    if isinstance(asked.value, str) and EXPRESSION.fullmatch(asked.value):
        variables.substitute(asked)
        if id(asked) in variables.unset or asked in variables.deferred:
            found.lost = True
            return {}
    if type(asked.value) is dict:
        return dict(asked.value)
    if type(asked.value) is not list:
        message = "for_each must be a list or a mapping"
        found.findings.append(mistake("for-each-shape", "", message, _SHAPE, asked.mark))
        found.lost = True
        return {}
    return _listed(asked.value, variables, found)


def _listed(items: Sequence[Node], variables: Variables, found: Entries) -> dict[str, Node]:
    """The entries of a list, each its own key."""
    entries: dict[str, Node] = {}
    for item in items:
        if isinstance(item.value, str) and "${{" in item.value:
            variables.substitute(item)
        if isinstance(item.value, dict | list) or item.value is None or id(item) in variables.unset:
            message = "an entry of a list is its own key, so it must be text or a number"
            fix = "For entries with fields write a mapping: for_each: {KEY: {FIELD: ...}}."
            found.findings.append(mistake("for-each-key", "", message, fix, item.mark))
            found.lost = True
        elif item.text in entries:
            message = f"for_each has '{item.text}' twice"
            found.findings.append(mistake("for-each-key", "", message, "Keep one of the two.", item.mark))
        else:
            entries[item.text] = item
    return entries


@dataclass(slots=True)
class _Writing:
    """One entry while its document is written out."""

    key: str
    value: Node
    variables: Variables
    findings: list[Finding] = field(default_factory=list)

    def copied(self, node: Node) -> Node:
        """The node and all below, with the places of the original; the entry's values stand where it says so."""
        if type(node.value) is dict:
            return node.with_value({name: self.copied(below) for name, below in node.value.items()})
        if type(node.value) is list:
            return node.with_value([self.copied(below) for below in node.value])
        if not isinstance(node.value, str) or "${{" not in node.value:
            return node.with_value(node.value, node.text)
        return self._scalar(node)

    def _scalar(self, node: Node) -> Node:
        whole = _EACH.fullmatch(node.value)
        if whole:
            found = self._said(whole, node.mark)
            copy = node.copied() if found is None else node.with_value(found.copied().value, found.text)
        else:
            said = {match[0]: self._part(match, node.mark) for match in _EACH.finditer(node.value)}
            found = None if None in said.values() else node
            text = _EACH.sub(lambda match: said[match[0]] or "", node.value)
            copy = node.with_value(text, text)
        if found is None:
            self.variables.unset[id(copy)] = copy
        return copy

    def _part(self, match: re.Match[str], mark: Mark) -> str | None:
        found = self._said(match, mark)
        if found is not None and isinstance(found.value, dict | list):
            message = f"each.{match[1]} is {'a mapping' if isinstance(found.value, dict) else 'a list'}"
            self._wrong(f"{message}, which cannot be part of a text", "Name one of its fields.", mark)
            return None
        return None if found is None else found.text

    def _said(self, match: re.Match[str], mark: Mark) -> Node | None:
        """What an expression stands for; None, and a finding, where the entry has no such field."""
        if match[1] == "key":
            return self.value.beside(self.key)
        here = self.value
        for name in filter(None, match[2].split(".")):
            below = here.get(name)
            if below is None or below.value is None:
                known: Mapping[str, Node] = here.value if isinstance(here.value, dict) else {}
                fix = did_you_mean(name, known) or (f"It has {listed(known)}." if known else "It has no fields.")
                self._wrong(f"each.{match[1]}: the entry has no '{name}'", fix, mark)
                return None
            here = below
        return here

    def _wrong(self, message: str, fix: str, mark: Mark) -> None:
        self.findings.append(suffixed(mistake("for-each-value", "", message, fix, mark), self.key))
