"""Equivalents: what bep.yml says stands on this machine for an environment that Azure ML keeps. Knows no builder."""

from collections.abc import Iterator, Mapping, Sequence

from bep.lazy_dataclasses import dataclass, field
from bep.lazy_patterns import lazy_pattern
from bep.schemas.checking.recovering import checked_part
from bep.schemas.drafts.contents import Contents, beside
from bep.schemas.drafts.draft import Draft
from bep.schemas.drafts.references import CURATED, parse
from bep.schemas.findings.did_you_mean import did_you_mean
from bep.schemas.findings.finding import Finding, mistake
from bep.schemas.mark import Mark
from bep.schemas.secrets.recognising import is_secret_by_name
from bep.schemas.specs.canonical import prepare, refer
from bep.schemas.specs.defaults import respell
from bep.schemas.workspace.reading_workspace import documents_of
from bep.schemas.yaml.node import Node

ELSEWHERE = "environment-elsewhere"
_REGISTRY = lazy_pattern(r"azureml://registries/([^/]+)/environments/([^/]+)(?:/(?:versions|labels)/([^/]+))?/?")
_SHORT = lazy_pattern(r"(?:azureml:)?([a-zA-Z0-9_][\w.-]*)(?:[:@]([\w.-]+))?")
_OWN = "azureml"
"""The registry of Azure ML's own environments, which workspaces know by their plain names, too."""

Asked = tuple[str, str, str]
"""A registry or nothing, a name, a version or nothing for any."""


def asked_in(reference: str) -> Asked | None:
    """What a reference to an environment names; None if it has none of the forms."""
    text = reference.strip()
    if found := _REGISTRY.fullmatch(text):
        return found[1], found[2], found[3] or ""
    named = parse(text, "environment")
    return ("", named.name, named.version or named.label) if named is not None and named.name else None


@dataclass(slots=True)
class Equivalents:
    """The entries of `environments` in bep.yml. Each is drafted anew for whoever uses it, as an inline part is."""

    entries: Mapping[str, Node]
    contents: Contents
    texts: dict[str, str]
    findings: list[Finding] = field(default_factory=list)
    keys: dict[Asked, str] = field(default_factory=dict)

    def read(self) -> None:
        """Read every entry, and note what is wrong with it, whether it is used or not."""
        for key, node in self.entries.items():
            found = _SHORT.fullmatch(key)
            asked = (("", found[1], found[2] or "") if found else None) or asked_in(key)
            if asked is None:
                message = f"environments: '{key}' does not name an environment"
                fix = "Write NAME, NAME:VERSION or azureml://registries/REGISTRY/environments/NAME."
                self.findings.append(mistake("reference-form", "workspace", message, fix, node.key_mark))
                continue
            self.keys[asked] = key
            drafted = self._drafted(key, node.mark)
            self.findings += drafted.findings if drafted is not None else ()

    def take(self, drafts: Sequence[Draft]) -> list[Draft]:
        """Put what stands for an environment in the place of each reference to it that no spec declares.

        Of an environment that Azure ML keeps, and for which nothing stands, that is said. Gives the new drafts.
        """
        declared = {draft.node.texts("name") for draft in drafts if draft.kind == "environment"}
        taken = []
        for draft in drafts:
            node = draft.node.get("environment") if draft.kind == "deployment" else None
            asked = asked_in(node.value) if node is not None and isinstance(node.value, str) else None
            if node is None or asked is None or (not asked[0] and asked[1] in declared):
                continue
            part = self._standing_for(asked, node.mark)
            if part is not None:
                refer(draft, "environment", part)
                taken.append(part)
            elif asked[0] or asked[1].startswith(CURATED):
                self._say_missing(draft, node.value.strip(), asked[1])
        return taken

    def _standing_for(self, asked: Asked, mark: Mark) -> Draft | None:
        """What stands for an environment, drafted as if it were written at the place where that is named."""
        key = next((self.keys[one] for one in _meanings(asked) if one in self.keys), None)
        found = self._drafted(key, mark) if key is not None else None
        if found is not None:
            found.findings.clear()  # they are told once, whoever uses it
        return found

    def _say_missing(self, draft: Draft, reference: str, name: str) -> None:
        near = did_you_mean(name, [known for _, known, _ in self.keys])
        message = f"environment '{reference}' is kept by Azure ML, so that no job can score with it on this machine"
        fix = f"Say in bep.yml what stands for it here: 'environments: {{{name}: {{conda_file: FILE}}}}'."
        draft.warn(ELSEWHERE, ("environment",), message, f"{near} {fix}".strip())

    def _drafted(self, key: str, mark: Mark) -> Draft | None:
        node = self._document(key)
        if node is None:
            return None
        asked = next(one for one, other in self.keys.items() if other == key)
        node.value.setdefault("name", node.beside(asked[1]))
        draft = Draft("environment", node, f"environment/{node.texts('name')}", mark, inline=True)
        findings, draft.doubts = checked_part("environment", node, draft.label)
        draft.findings += findings
        draft.unset = bool(draft.doubts)
        respell(draft)
        prepare(draft, self.contents)
        return draft

    def _document(self, key: str) -> Node | None:
        """The fields of an environment: those of the entry, or of the file that it names; a conda file is one field."""
        node = self.entries[key]
        if isinstance(node.value, dict):
            return node.copied()
        path = beside(node.file, node.text)
        if not self.contents.files.exists(path) or self.contents.files.is_folder(path):
            if is_secret_by_name((key,), node.value):  # said already that it looks like one: not shown
                message, fix = f"environments: what {key} stands for is no file", "Name a file, or write {image: NAME}."
            else:
                message = f"environments: {self.contents.absence(path)}"
                fix = f"{self.contents.advice(path)} For an image write {{image: {node.text}}}."
            self.findings.append(mistake("path-not-found", "workspace", message, fix, node.mark))
            return None
        documents = documents_of(self.contents.files, path, self.findings, self.texts)
        if len(documents) == 1 and isinstance(documents[0].value, dict):
            is_conda = "dependencies" in documents[0].value
            return documents[0].beside({"conda_file": documents[0]}) if is_conda else documents[0]
        if documents:
            message = f"environments: {path} is neither one environment nor a conda file"
            fix = "Name a file with one mapping."
            self.findings.append(mistake("environment-file", "workspace", message, fix, node.mark))
        return None


def _meanings(asked: Asked) -> Iterator[Asked]:
    """What may stand for it, the most exact first."""
    registry, name, version = asked
    registries = ("", _OWN) if registry == "" else (registry, "") if registry == _OWN else (registry,)
    for number in (version, ""):
        yield from ((one, name, number) for one in registries)
