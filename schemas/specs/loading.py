"""Loading: from files of specs to resources and findings. Says everything that is wrong at once; raises for no spec."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from bep.lazy_dataclasses import dataclass, field, replace
from bep.schemas.address import Address, address_of
from bep.schemas.checking.emptiness import say_empty, take_out_empty
from bep.schemas.checking.recovering import names_in, salvage
from bep.schemas.checking.structure import Refusal, check
from bep.schemas.drafts.contents import Contents
from bep.schemas.drafts.draft import Draft
from bep.schemas.drafts.literal_secrets import CODE as LITERAL
from bep.schemas.drafts.literal_secrets import IN_ADDRESS, certain, certain_secrets, seal_literals
from bep.schemas.drafts.references import CURATED, Addresses
from bep.schemas.files import Files
from bep.schemas.findings.finding import Finding, Severity, errors, mistake, ordered, warning
from bep.schemas.kinds.kind import load_kind
from bep.schemas.mark import Mark
from bep.schemas.resource import FieldPath, Resource
from bep.schemas.specs.canonical import finish, inline_parts, prepare, refer, seal_off
from bep.schemas.specs.choosing import STANDARD_INPUT, Chosen, about, choose
from bep.schemas.specs.detecting import NO_SPEC, detect, has_only_a_name
from bep.schemas.specs.dialects import NO_ENDPOINT, Wish, unfold
from bep.schemas.specs.entries import entries_of, suffixed
from bep.schemas.specs.foreign import foreign, foreign_text, told
from bep.schemas.specs.misnamed import misnamed
from bep.schemas.specs.resolving import resolve
from bep.schemas.specs.rules import check_addresses, check_compute, check_delays, check_deployment, duplicates
from bep.schemas.specs.traffic import traffic_of
from bep.schemas.specs.unsupported import is_component, is_invocation
from bep.schemas.workspace.conditions import check_conditions, check_preconditions
from bep.schemas.workspace.directives import check_directives
from bep.schemas.workspace.reading_workspace import documents_of, open_workspace
from bep.schemas.workspace.variables import Variables
from bep.schemas.workspace.workspace import LOCAL, SpecFile, Workspace
from bep.schemas.yaml.masking import masked
from bep.schemas.yaml.node import Node, nodes, scalars
from bep.schemas.yaml.nodes import TWICE

if TYPE_CHECKING:
    from bep.schemas.specs.components import ComponentParts
    from bep.schemas.specs.script_grammar import Parse

KEPT_BY_AZURE = ("azureml://registries/", f"azureml:{CURATED}")


@dataclass(frozen=True, slots=True)
class Loaded:
    """What the specs of a workspace say. `resources` are complete only if no finding is an error.

    `sources` has the text of each file a finding points into, secrets redacted. `named` are what the files declare
    that were named; with a bep.yml nothing else is planned then, although all of it is read.
    """

    workspace: Workspace
    resources: tuple[Resource, ...]
    findings: tuple[Finding, ...]
    sources: Mapping[str, str]
    named: tuple[Address, ...] = ()


def load(
    files: Files,
    *,
    paths: Sequence[str] = (),
    variables: Mapping[str, str],
    variable_files: Sequence[str] = (),
    environment: Mapping[str, str],
    known: Callable[[str], Sequence[Address]],
    worlds: Collection[str] = (LOCAL,),
    as_part: bool = False,
    parse: "Parse | None" = None,
) -> Loaded:
    """Load what bep.yml lists, and `paths` with it.

    `as_part` tells of the `paths` alone. Without a bep.yml what they refer to may be declared elsewhere, so that it is
    not there is only a warning.

    `variables` are those of the command line, as text; `variable_files` are YAML mappings; `environment` is
    the process's. `known(kind)` gives the addresses the provider has, oldest first; it is called only for a
    kind that a reference names and no spec declares, or to find `@latest`. `worlds` are the names of those that this
    bep has. `parse` asks the Python that a script is for whether it can parse it, if that is here.
    """
    opened = open_workspace(
        files, variables=variables, variable_files=variable_files, environment=environment, worlds=worlds
    )
    chosen = choose(files, opened, paths, worlds, as_part=as_part)
    loading = _Loading(files, opened.variables, known, chosen, opened.workspace, parse)
    loading.findings += opened.findings
    loading.findings += chosen.findings
    loading.texts.update(opened.texts)
    for spec in chosen.specs:
        loading.file(spec)
    resources = loading.resources()
    if loading.complete and not loading.unsure and not chosen.alone and (opened.workspace.variables is not None):
        loading.judge(opened.workspace, resources)
    findings = ordered(loading.told(), loading.texts.values())
    named = loading.named(resources)
    return Loaded(
        opened.workspace,
        named if chosen.part else resources,
        findings,
        loading.sources(findings),
        tuple(resource.address for resource in named),
    )


@dataclass(slots=True)
class _Loading:
    """One load under way: drafts, wishes for traffic, and all that was found.

    `unsure` are names that documents declare without it being clear as what; not `complete` means that there may be
    more than the names known. `gone` are the ids of scalars that no rule needs to say more of. `suspects` are certain
    secrets where they were written, some of them in fields that nothing is made of. `twice` are the places of keys that
    a mapping has already, so that it is not clear which value is meant. `unsaid` are documents that have
    only a name, with their place among the drafts, and what is to be said if nothing tells what they are.
    """

    files: Files
    variables: Variables
    known: Callable[[str], Sequence[Address]]
    chosen: Chosen
    workspace: Workspace
    parse: "Parse | None" = None
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
        """Put values for variables; a component has expressions of its own, which stay."""
        self.variables.bindings = is_component(node)
        self.variables.substitute(node)
        self.variables.bindings = False

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

    def _settle_names(self) -> None:
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
            self._keep(part)
        if draft.kind == "component" or (draft.kind == "deployment" and "component" in draft.node.value):
            self._draft_components(draft)
        prepare(draft, self.contents)
        self._keep(draft)

    def _draft_components(self, draft: Draft) -> None:
        """Draft the components that a pipeline, or what deploys one, names by a file or has written in it."""
        from bep.schemas.specs.components import ComponentParts, refer_at

        if self.parts is None:
            self.parts = ComponentParts(self.files, self.texts, self._substitute)
        for path, part in self.parts.of(draft):
            part.entry = draft.entry
            self._draft(part)
            refer_at(draft, path, part)

    def _keep(self, draft: Draft) -> None:
        self.drafts.append(draft)
        if draft.address is None and draft.node.texts("name"):
            self.unsure.add(draft.node.texts("name"))
        elif draft.address is None:
            self.complete = False

    def resources(self) -> tuple[Resource, ...]:
        """Resolve, check and finish everything that was drafted."""
        self._settle_names()
        self._prefer_standard_input()
        self._take_equivalents()
        unique, twice = duplicates(self.drafts)
        self.findings += twice
        addresses = Addresses(unique, self.known, complete=self.complete, unsure=self.unsure, alone=self.chosen.alone)
        named = self.chosen.named or ()  # who is told of some files alone knows no wrong name in another
        here = [draft for draft in self.drafts if not self.chosen.part or draft.mark.file in named]
        addresses.misnamed = tuple(misnamed(here, addresses))
        first = {id(draft) for draft in unique.values()}
        others = [draft for draft in self.drafts if id(draft) not in first and not draft.inline]
        unique.update(self._traffic(addresses))
        for draft in (*unique.values(), *others):
            resolve(draft, addresses)
            check_delays(draft)
            if draft.kind in ("datastore", "data", "model"):
                check_addresses(draft)
            if draft.kind == "compute":
                check_compute(draft)
            if draft.kind == "deployment":
                check_deployment(draft, unique, self.contents, self.parse)
            if draft.kind == "component":
                from bep.schemas.specs.bindings import check_component

                check_component(draft, unique)
            self.gone |= seal_off(draft, self.variables)
            seal_literals(draft)
        self._say_suspects()
        self.findings += self.variables.misplaced(self.gone)
        self.findings += self.variables.findings
        every = {id(d): d for d in (*self.drafts, *unique.values())}.values()
        self.findings += [suffixed(finding, draft.entry) for draft in every for finding in draft.findings]
        self._say_cycle(unique)
        finished = [draft for draft in unique.values() if not draft.broken]
        self._account({draft.address for draft in finished})
        return tuple(map(finish, finished))

    def _take_equivalents(self) -> None:
        """Where this machine is the world: what stands here for environments that Azure ML keeps."""
        if self.workspace.provider != LOCAL:
            return
        named = (draft.node.texts("environment") for draft in self.drafts if draft.kind == "deployment")
        if self.workspace.equivalents or any(text.lstrip().startswith(KEPT_BY_AZURE) for text in named):
            from bep.schemas.specs.equivalents import Equivalents

            equivalents = Equivalents(self.workspace.equivalents, self.contents, self.texts)
            equivalents.read()
            self.findings += equivalents.findings
            for part in equivalents.take(self.drafts):
                self._keep(part)

    def _say_cycle(self, unique: Mapping[Address, Draft]) -> None:
        """That resources need each other. Only `depends_on` can close a circle."""
        ordered_by_hand = any(d.extension is not None and d.extension.get("depends_on") for d in unique.values())
        if ordered_by_hand and not errors(self.findings):
            from bep.schemas.specs.cycles import find_cycle

            cycle = find_cycle(unique)
            self.findings += [cycle] if cycle is not None else []

    def _say_suspects(self) -> None:
        """Certain secrets of which nothing was said, since nothing was made of their fields."""
        said = {f.mark for draft in self.drafts for f in draft.findings if f.code in (LITERAL, IN_ADDRESS)}
        for draft, path, node in self.suspects:
            if isinstance(node.value, str) and node.mark not in said:
                self.findings.append(certain(draft.label, path, node))

    def _account(self, finished: Collection[Address | None]) -> None:
        """Every draft has become a resource, or an error says why not: what is lost without a word is deleted."""
        if errors(self.findings):
            return
        for draft in self.drafts:
            if draft.address not in finished and not draft.open:
                message = f"this declares nothing: it cannot be told which {draft.kind} it is"
                fix = f"Give it {' and '.join(load_kind(draft.kind).identity)}."
                self.findings.append(mistake("declares-nothing", draft.label, message, fix, draft.mark))

    def judge(self, workspace: Workspace, resources: Sequence[Resource]) -> None:
        """Check what bep.yml says of single resources against all that is declared, broken or not."""
        declared = {draft.address for draft in self.drafts if draft.address is not None}
        declared |= {address_of("traffic", wish.endpoint) for wish in self.wishes}
        self.findings += check_directives(workspace.directives, declared)
        self.findings += check_conditions(workspace.conditions, declared)
        if not errors(self.findings):
            attributes = {resource.address: resource.attributes for resource in resources}
            self.findings += check_preconditions(workspace.conditions, attributes)

    def _traffic(self, addresses: Addresses) -> dict[Address, Draft]:
        found: dict[Address, Draft] = {}
        unnamed = {one.name for one in addresses.misnamed if one.kind == "endpoint"}
        for wish in self.wishes:
            draft, findings = traffic_of(wish, addresses)
            self.findings += findings
            if draft is not None and draft.address is not None and wish.endpoint not in unnamed:
                found[draft.address] = draft
        return found

    def _prefer_standard_input(self) -> None:
        """What comes from a pipe is newer than what a file says of the same resources."""
        piped = {draft.address for draft in self.drafts if draft.mark.file == STANDARD_INPUT and draft.address}
        if piped:
            self.drafts = [
                d for d in self.drafts if d.mark.file == STANDARD_INPUT or d.inline or d.address not in piped
            ]
            self.wishes = [
                wish
                for wish in self.wishes
                if wish.node.file == STANDARD_INPUT or address_of("endpoint", wish.endpoint) not in piped
            ]

    def told(self) -> list[Finding]:
        """All that was found, or that of it which is about the named files."""
        named = self.chosen.named or ()
        if any("${" in finding.message for finding in self.findings):
            from bep.schemas.findings.shell_variables import unexpanded

            self.findings = [unexpanded(finding) for finding in self.findings]
        return list(about(self.findings, self.chosen, {d.label for d in self.drafts if d.mark.file in named}))

    def named(self, resources: Sequence[Resource]) -> tuple[Resource, ...]:
        """The resources that the named files declare."""
        named = self.chosen.named or ()
        return tuple(resource for resource in resources if resource.mark.file in named)

    def sources(self, findings: Sequence[Finding]) -> Mapping[str, str]:
        """The text of each file that a finding points into."""
        wanted = {f.mark.file for f in findings if f.mark is not None}
        found = {}
        for path in sorted(wanted):
            try:
                text = self.texts[path] if path in self.texts else self.files.read(path).decode("utf-8", "replace")
            except (OSError, ValueError):
                continue
            found[path] = masked(text)
        return found


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
