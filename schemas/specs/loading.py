"""Loading: from files of specs to resources and findings. Says everything that is wrong at once; raises for no spec."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from bep.lazy_dataclasses import dataclass, field
from bep.schemas.address import Address, address_of
from bep.schemas.drafts.draft import Draft
from bep.schemas.drafts.literal_secrets import CODE as LITERAL
from bep.schemas.drafts.literal_secrets import IN_ADDRESS, certain, seal_literals
from bep.schemas.drafts.references import CURATED, Addresses
from bep.schemas.files import Files
from bep.schemas.findings.finding import Finding, errors, mistake, ordered
from bep.schemas.kinds.kind import load_kind
from bep.schemas.mark import Mark
from bep.schemas.resource import NOTHING, Resource
from bep.schemas.specs.canonical import finish, seal_off
from bep.schemas.specs.documents.choosing import STANDARD_INPUT, about, choose
from bep.schemas.specs.documents.entries import suffixed
from bep.schemas.specs.drafting import Drafted
from bep.schemas.specs.misnamed import misnamed
from bep.schemas.specs.resolving import for_this_world, resolve
from bep.schemas.specs.rules import check_addresses, check_compute, check_delays, check_deployment, duplicates
from bep.schemas.specs.traffic import traffic_of
from bep.schemas.workspace.conditions import check_conditions, check_preconditions
from bep.schemas.workspace.directives import check_directives
from bep.schemas.workspace.reading_workspace import open_workspace
from bep.schemas.workspace.variables import Used
from bep.schemas.workspace.workspace import LOCAL, Workspace
from bep.schemas.yaml.masking import masked

if TYPE_CHECKING:
    from bep.schemas.specs.script_grammar import Parse

KEPT_BY_AZURE = ("azureml://registries/", f"azureml:{CURATED}")


@dataclass(frozen=True, slots=True)
class Loaded:
    """What the specs of a workspace say. `resources` are complete only if no finding is an error.

    `sources` has the text of each file a finding points into, secrets redacted. `named` are what the files declare
    that were named; with a bep.yml nothing else is planned then, although all of it is read. `variables` are those that
    the specs use, `uses` their names by the place where they stood.
    """

    workspace: Workspace
    resources: tuple[Resource, ...]
    findings: tuple[Finding, ...]
    sources: Mapping[str, str]
    named: tuple[Address, ...] = ()
    variables: tuple[Used, ...] = ()
    uses: Mapping[Mark, tuple[str, ...]] = field(default_factory=lambda: NOTHING)


def load(
    files: Files,
    *,
    paths: Sequence[str] = (),
    variables: Mapping[str, str],
    variable_files: Sequence[str] = (),
    environment: Mapping[str, str],
    known: Callable[[str], Sequence[Address]],
    newest: Callable[[str, str], Address | None] | None = None,
    worlds: Collection[str] = (LOCAL,),
    as_part: bool = False,
    parse: "Parse | None" = None,
) -> Loaded:
    """Load what bep.yml lists, and `paths` with it.

    `as_part` tells of the `paths` alone. Without a bep.yml what they refer to may be declared elsewhere, so that it is
    not there is only a warning.

    `variables` are those of the command line, as text; `variable_files` are YAML mappings; `environment` is
    the process's. `known(kind)` gives the addresses the provider has, oldest first; it is called only for a
    kind that a reference names and no spec declares. `newest(kind, name)` is what `@latest` means of it. `worlds` are
    the names of those that this bep has. `parse` asks the Python that a script is for whether it can parse it, if that
    is here.
    """
    opened = open_workspace(
        files, variables=variables, variable_files=variable_files, environment=environment, worlds=worlds
    )
    chosen = choose(files, opened, paths, worlds, as_part=as_part)
    drafted = Drafted(files, opened.variables, chosen)
    drafted.findings += opened.findings
    drafted.findings += chosen.findings
    drafted.texts.update(opened.texts)
    for spec in chosen.specs:
        drafted.file(spec)
    loading = _Loading(drafted, known, newest, opened.workspace, parse)
    resources = loading.resources()
    if drafted.complete and not drafted.unsure and not chosen.alone and (opened.workspace.variables is not None):
        loading.judge(opened.workspace, resources)
    findings = ordered(loading.told(), drafted.texts.values())
    named = loading.named(resources)
    return Loaded(
        opened.workspace,
        named if chosen.part else resources,
        findings,
        loading.sources(findings),
        tuple(resource.address for resource in named),
        opened.variables.used(),
        opened.variables.uses,
    )


@dataclass(frozen=True, slots=True)
class _Loading:
    """One load under way: all that was drafted becomes resources, or a finding says why not."""

    drafted: Drafted
    known: Callable[[str], Sequence[Address]]
    newest: Callable[[str, str], Address | None] | None
    workspace: Workspace
    parse: "Parse | None"

    def resources(self) -> tuple[Resource, ...]:
        """Resolve, check and finish everything that was drafted."""
        self.drafted.settle_names()
        self._prefer_standard_input()
        self._take_equivalents()
        unique, twice = duplicates(self.drafted.drafts)
        self.drafted.findings += twice
        addresses = Addresses(
            unique,
            self.known,
            complete=self.drafted.complete,
            unsure=self.drafted.unsure,
            alone=self.drafted.chosen.alone,
            newest=self.newest,
        )
        named = self.drafted.chosen.named or ()  # who is told of some files alone knows no wrong name in another
        here = [draft for draft in self.drafted.drafts if not self.drafted.chosen.part or draft.mark.file in named]
        addresses.misnamed = tuple(misnamed(here, addresses))
        first = {id(draft) for draft in unique.values()}
        others = [draft for draft in self.drafted.drafts if id(draft) not in first and not draft.inline]
        unique.update(self._traffic(addresses))
        for draft in (*unique.values(), *others):
            resolve(draft, addresses)
            check_delays(draft)
            if draft.kind in ("datastore", "data", "model"):
                check_addresses(draft)
            if draft.kind == "compute":
                check_compute(draft)
            if draft.kind == "deployment":
                check_deployment(draft, unique, self.drafted.contents, self.parse)
            if draft.kind == "component":
                from bep.schemas.specs.bindings import check_component

                check_component(draft, unique)
            if draft.kind == "schedule":
                from bep.schemas.specs.schedules import check_schedule

                check_schedule(draft, unique, addresses)
            self.drafted.gone |= seal_off(draft, self.drafted.variables)
            seal_literals(draft)
        self._say_suspects()
        self.drafted.findings += self.drafted.variables.misplaced(self.drafted.gone)
        self.drafted.findings += self.drafted.variables.findings
        every = {id(d): d for d in (*self.drafted.drafts, *unique.values())}.values()
        self.drafted.findings += [suffixed(finding, draft.entry) for draft in every for finding in draft.findings]
        self._say_cycle(unique)
        finished = [draft for draft in unique.values() if not draft.broken]
        self._account({draft.address for draft in finished})
        return tuple(map(finish, finished))

    def _take_equivalents(self) -> None:
        """Where this machine is the world: what stands here for environments that Azure ML keeps."""
        if self.workspace.provider != LOCAL:
            return
        named = (draft.node.texts("environment") for draft in self.drafted.drafts if draft.kind == "deployment")
        if self.workspace.equivalents or any(text.lstrip().startswith(KEPT_BY_AZURE) for text in named):
            from bep.schemas.specs.equivalents import Equivalents

            equivalents = Equivalents(self.workspace.equivalents, self.drafted.contents, self.drafted.texts)
            equivalents.read()
            self.drafted.findings += equivalents.findings
            for part in equivalents.take(self.drafted.drafts):
                self.drafted.keep(part)

    def _say_cycle(self, unique: Mapping[Address, Draft]) -> None:
        """That resources need each other. Only `depends_on` can close a circle."""
        ordered_by_hand = any(d.extension is not None and d.extension.get("depends_on") for d in unique.values())
        if ordered_by_hand and not errors(self.drafted.findings):
            from bep.schemas.specs.cycles import find_cycle

            cycle = find_cycle(unique)
            self.drafted.findings += [cycle] if cycle is not None else []

    def _say_suspects(self) -> None:
        """Certain secrets of which nothing was said, since nothing was made of their fields."""
        said = {f.mark for draft in self.drafted.drafts for f in draft.findings if f.code in (LITERAL, IN_ADDRESS)}
        for draft, path, node in self.drafted.suspects:
            if isinstance(node.value, str) and node.mark not in said:
                self.drafted.findings.append(certain(draft.label, path, node))

    def _account(self, finished: Collection[Address | None]) -> None:
        """Every draft has become a resource, or an error says why not: what is lost without a word is deleted."""
        if errors(self.drafted.findings):
            return
        for draft in self.drafted.drafts:
            if draft.address not in finished and not draft.open:
                message = f"this declares nothing: it cannot be told which {draft.kind} it is"
                fix = f"Give it {' and '.join(load_kind(draft.kind).identity)}."
                self.drafted.findings.append(mistake("declares-nothing", draft.label, message, fix, draft.mark))

    def judge(self, workspace: Workspace, resources: Sequence[Resource]) -> None:
        """Check what bep.yml says of single resources against all that is declared, broken or not."""
        declared = {draft.address for draft in self.drafted.drafts if draft.address is not None}
        declared |= {address_of("traffic", wish.endpoint) for wish in self.drafted.wishes}
        self.drafted.findings += check_directives(workspace.directives, declared)
        self.drafted.findings += check_conditions(workspace.conditions, declared)
        if not errors(self.drafted.findings):
            attributes = {resource.address: resource.attributes for resource in resources}
            self.drafted.findings += check_preconditions(workspace.conditions, attributes)

    def _traffic(self, addresses: Addresses) -> dict[Address, Draft]:
        found: dict[Address, Draft] = {}
        unnamed = {one.name for one in addresses.misnamed if one.kind == "endpoint"}
        for wish in self.drafted.wishes:
            draft, findings = traffic_of(wish, addresses)
            self.drafted.findings += findings
            if draft is not None and draft.address is not None and wish.endpoint not in unnamed:
                found[draft.address] = draft
        return found

    def _prefer_standard_input(self) -> None:
        """What comes from a pipe is newer than what a file says of the same resources."""
        piped = {draft.address for draft in self.drafted.drafts if draft.mark.file == STANDARD_INPUT and draft.address}
        if piped:
            self.drafted.drafts = [
                d for d in self.drafted.drafts if d.mark.file == STANDARD_INPUT or d.inline or d.address not in piped
            ]
            self.drafted.wishes = [
                wish
                for wish in self.drafted.wishes
                if wish.node.file == STANDARD_INPUT or address_of("endpoint", wish.endpoint) not in piped
            ]

    def told(self) -> list[Finding]:
        """All that was found, or that of it which is about the named files."""
        named = self.drafted.chosen.named or ()
        if self.workspace.in_other_world:
            provider = self.workspace.provider
            self.drafted.findings = [for_this_world(finding, provider) for finding in self.drafted.findings]
        if any("${" in finding.message for finding in self.drafted.findings):
            from bep.schemas.findings.shell_variables import unexpanded

            self.drafted.findings = [unexpanded(finding) for finding in self.drafted.findings]
        return list(
            about(
                self.drafted.findings,
                self.drafted.chosen,
                {d.label for d in self.drafted.drafts if d.mark.file in named},
            )
        )

    def named(self, resources: Sequence[Resource]) -> tuple[Resource, ...]:
        """The resources that the named files declare."""
        named = self.drafted.chosen.named or ()
        return tuple(resource for resource in resources if resource.mark.file in named)

    def sources(self, findings: Sequence[Finding]) -> Mapping[str, str]:
        """The text of each file that a finding points into."""
        wanted = {f.mark.file for f in findings if f.mark is not None}
        found = {}
        for path in sorted(wanted):
            try:
                text = (
                    self.drafted.texts[path]
                    if path in self.drafted.texts
                    else self.drafted.files.read(path).decode("utf-8", "replace")
                )
            except (OSError, ValueError):
                continue
            found[path] = masked(text)
        return found
