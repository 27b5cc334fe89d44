"""Drafting: what files of specs declare, each document told apart and checked alone. Compares no two of them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bep.lazy_dataclasses import dataclass, field, replace
from bep.schemas.checking.emptiness import say_empty, take_out_empty
from bep.schemas.checking.recovering import names_in, salvage
from bep.schemas.checking.structure import Refusal, check
from bep.schemas.drafts.contents import Contents
from bep.schemas.drafts.draft import Draft
from bep.schemas.drafts.literal_secrets import certain_secrets
from bep.schemas.files import Files
from bep.schemas.findings.finding import Finding, Severity, mistake, warning
from bep.schemas.mark import Mark
from bep.schemas.resource import FieldPath
from bep.schemas.specs.canonical import inline_parts, prepare, refer
from bep.schemas.specs.documents.choosing import Chosen
from bep.schemas.specs.documents.detecting import NO_SPEC, detect, has_only_a_name
from bep.schemas.specs.documents.dialects import NO_ENDPOINT, Wish, unfold
from bep.schemas.specs.documents.entries import entries_of, suffixed
from bep.schemas.specs.documents.foreign import foreign, foreign_text, told
from bep.schemas.specs.documents.unsupported import is_component, is_invocation, is_schedule
from bep.schemas.workspace.reading_workspace import documents_of
from bep.schemas.workspace.variables import OF_COMPONENTS, OF_SCHEDULES, Variables
from bep.schemas.workspace.workspace import SpecFile
from bep.schemas.yaml.node import Node, nodes, scalars
from bep.schemas.yaml.nodes import TWICE

if TYPE_CHECKING:
    from bep.schemas.specs.components import ComponentParts


@dataclass(slots=True)
class Drafted:
    """What files declare, as far as it has been read: drafts, wishes for traffic, and all that was found.

    `unsure` are names that documents declare without it being clear as what; not `complete` means that there may be
    more than the names known. `gone` are the ids of scalars that no rule needs to say more of. `suspects` are certain
    secrets where they were written, some of them in fields that nothing is made of. `twice` are the places of keys that
    a mapping has already, so that it is not clear which value is meant. `unsaid` are documents that have
    only a name, with their place among the drafts, and what is to be said if nothing tells what they are.
    """

    files: Files
    variables: Variables
    chosen: Chosen
    parts: "ComponentParts | None" = None
    contents: Contents = field(init=False)
    findings: list[Finding] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    drafts: list[Draft] = field(default_factory=list)
    wishes: list[Wish] = field(default_factory=list)
    unsure: set[str] = field(default_factory=set)
    gone: set[int] = field(default_factory=set)
    suspects: list[tuple[Draft, FieldPath, Node]] = field(default_factory=list)
    twice: set[Mark] = field(default_factory=set)
    unsaid: list[tuple[int, Node, SpecFile, Sequence[Finding]]] = field(default_factory=list)
    complete: bool = field(init=False)

    def __post_init__(self) -> None:
        self.contents = Contents(self.files)
        self.complete = self.chosen.complete

    def file(self, spec: SpecFile) -> None:
        """Draft what one file declares."""
        read: list[Finding] = []
        documents = documents_of(self.files, spec.path, read, self.texts)
        if spec.sought:  # a job is no spec, and no mistake where a pattern found it
            jobs = {id(node) for node in documents if node.texts("kind") == "job" or is_invocation(node)}
            if documents and len(jobs) == len(documents):
                return
            documents = tuple(node for node in documents if id(node) not in jobs)
        self.twice |= {finding.mark for finding in read if finding.code == TWICE and finding.mark is not None}
        strange = self._foreign(documents, spec, read)
        if len(strange) < len(documents) or not strange:  # what is wrong with another tool's YAML is not bep's to say
            self.findings += read
        has_expressions = "${{" in self.texts.get(spec.path, "")
        for node in documents:
            if id(node) in strange:
                continue
            self._entries(node, spec, has_expressions=has_expressions)

    def _entries(self, document: Node, spec: SpecFile, *, has_expressions: bool) -> None:
        """Draft what a document declares: one resource, or one for each entry of its `for_each`."""
        entries = entries_of(document, self.variables)
        self.findings += entries.findings
        self.complete &= not entries.lost
        for entry in entries.found:
            if has_expressions:
                self._substitute(entry.node)
            self.document(entry.node, spec, entry.key)

    def _substitute(self, node: Node) -> None:
        """Put values for variables; components and schedules have expressions of their own, which stay."""
        self.variables.own = OF_COMPONENTS if is_component(node) else OF_SCHEDULES if is_schedule(node) else None
        self.variables.substitute(node)
        self.variables.own = None

    def _foreign(self, documents: Sequence[Node], spec: SpecFile, read: Sequence[Finding]) -> dict[int, Finding]:
        """What of a file is no spec of bep's, by the id of its node, told."""
        found = {id(node): finding for node in documents if (finding := foreign(node)) is not None}
        if not documents and read and (untold := foreign_text(self.texts.get(spec.path, ""), spec.path)):
            found = {0: untold}
        elif not documents and read:
            self.complete = False
        elif not documents:
            fix = f"Write a spec, or remove {spec.path}."
            message = f"{spec.path} declares nothing"
            self.findings.append(warning("empty-file", "", message, fix, Mark(spec.path, 1, 1)))
        self.findings += told(found.values(), sought=spec.sought)
        for node in documents:
            said = found.get(id(node))
            self.unsure |= names_in(node) if said is not None and not (spec.sought and said.code == NO_SPEC) else set()
        return found

    def document(self, node: Node, spec: SpecFile, key: str = "") -> None:
        """Draft what one document declares; `key` is that of the entry of `for_each` it was written out for."""
        if not isinstance(node.value, dict):
            fix = "Write lines such as 'name: ...'."
            refused = mistake("not-a-mapping", "", "a spec must be a mapping", fix, node.mark)
            self._lose(node, [refused])
            return
        kind, findings = detect(node)
        if kind is not None:
            self._of_kind(kind, node, spec, findings, key)
        elif has_only_a_name(node):
            self.unsaid.append((len(self.drafts), node, spec, findings))
        else:
            self._lose(node, [suffixed(finding, key) for finding in findings])

    def settle_names(self) -> None:
        """A document that has only a name is the endpoint that deployments call so, and else nothing that is known."""
        endpoints = {draft.node.texts("endpoint_name") for draft in self.drafts if draft.kind == "deployment"}
        for place, node, spec, findings in reversed(self.unsaid):
            after = self.drafts[place:]
            del self.drafts[place:]
            if node.texts("name") in endpoints:
                self._of_kind("endpoint", node, spec, ())
            else:
                self._lose(node, findings)
            self.drafts += after

    def _lose(self, node: Node, findings: Sequence[Finding]) -> None:
        """Go on without a document of which it is not known what it declares, but perhaps the names."""
        self.findings += findings
        self.gone |= {id(scalar) for _, scalar in scalars(node)}
        self.unsure |= names_in(node)
        self.complete &= bool(node.texts("name"))

    def _of_kind(self, kind: str, node: Node, spec: SpecFile, findings: Sequence[Finding], key: str = "") -> None:
        draft = Draft(kind, node, _label(kind, node, spec), node.mark, entry=key)
        draft.findings += [replace(found, address=draft.label) for found in findings]
        self.suspects += [(draft, *found) for found in certain_secrets(node)]
        if kind == "component":
            from bep.schemas.specs.components import write_out_empty_ports

            write_out_empty_ports(node)
        elif kind == "deployment" and not node.texts("type") and "model" not in node.value:
            _say_pipeline(node)
        empty = take_out_empty(node)
        refused, warnings = say_empty(kind, empty, check(kind, node, draft.label), draft.label)
        draft.findings += warnings
        if refused or self.variables.unset:
            self._salvage(draft, refused)
        for path, one in nodes(node) if self.twice else ():
            if one.key_mark in self.twice:
                draft.doubts.add(path)
        drafts, wishes = unfold(draft, spec.endpoint)
        if self.chosen.alone:
            _leave_endpoint_open(drafts)
        self.wishes += wishes
        for below in drafts:
            below.entry = key
            self._draft(below)

    def _salvage(self, draft: Draft, refused: Sequence[Refusal]) -> None:
        """Take out what is wrong, so that the rest is looked at. What no variable has a value for was said already."""
        unset = self.variables.unset
        told = [r for r in refused if r.offender is None or id(draft.node.at(r.offender)) not in unset]
        draft.doubts, gone = salvage(draft.node, refused, unset)
        self.gone |= gone
        draft.findings += [refusal.finding for refusal in told]
        draft.unset = bool(draft.doubts)

    def _draft(self, draft: Draft) -> None:
        if draft.kind in ("deployment", "component"):
            from bep.schemas.environments.environments import take_from_file

            take_from_file(draft, self.files, self.texts)
        for name, part in inline_parts(draft) if draft.kind in ("deployment", "component") else ():
            part.entry = draft.entry
            prepare(part, self.contents)
            refer(draft, name, part)
            if part.address is None:
                draft.unset = True
            self.keep(part)
        if draft.kind == "component" or (draft.kind == "deployment" and "component" in draft.node.value):
            self._draft_components(draft)
        prepare(draft, self.contents)
        self.keep(draft)

    def _draft_components(self, draft: Draft) -> None:
        """Draft the components that a pipeline, or what deploys one, names by a file or has written in it."""
        from bep.schemas.specs.components import ComponentParts, refer_at

        if self.parts is None:
            self.parts = ComponentParts(self.files, self.texts, self._substitute)
        for path, part in self.parts.of(draft):
            part.entry = draft.entry
            self._draft(part)
            refer_at(draft, path, part)

    def keep(self, draft: Draft) -> None:
        """Add a draft, and note what is not clear of its name."""
        self.drafts.append(draft)
        if draft.address is None and draft.node.texts("name"):
            self.unsure.add(draft.node.texts("name"))
        elif draft.address is None:
            self.complete = False


def _leave_endpoint_open(drafts: Sequence[Draft]) -> None:
    """Where no workspace is, the endpoint of a deployment may be said elsewhere: in bep.yml, or as az ml is told it."""
    for draft in drafts:
        draft.open = any(finding.code == NO_ENDPOINT for finding in draft.findings)
        draft.findings = [
            replace(one, severity=Severity.WARNING) if one.code == NO_ENDPOINT else one for one in draft.findings
        ]


def _say_pipeline(node: Node) -> None:
    """What runs a component or a job's pipeline is a pipeline deployment, whether it says so or not."""
    source = node.get("component") or node.get("job_definition")
    if source is not None:
        node.value["type"] = source.beside("pipeline")


def _label(kind: str, node: Node, spec: SpecFile) -> str:
    """The address as far as it can be told before anything is checked."""
    name, version = node.texts("name") or "?", node.texts("version")
    if kind == "deployment":
        return f"{kind}/{node.texts('endpoint_name') or spec.endpoint or '?'}/{name}"
    return "/".join(part for part in (kind, name, version) if part)
