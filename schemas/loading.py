"""Loading: from files of specs to resources and findings. Says everything that is wrong at once; raises for no spec."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bep.schemas.address import Address, address_of, names_of
from bep.schemas.checking import check
from bep.schemas.contents import Contents
from bep.schemas.detecting import detect
from bep.schemas.dialects import Wish, unfold
from bep.schemas.directives import check_directives
from bep.schemas.draft import Draft
from bep.schemas.drafting import finish, inline_parts, prepare, refer, seal_off
from bep.schemas.environments import take_from_file
from bep.schemas.files import Files
from bep.schemas.finding import Finding, Severity, ordered
from bep.schemas.kind import load_kind
from bep.schemas.masking import masked
from bep.schemas.node import Node
from bep.schemas.opening import Opened, documents_of, open_workspace
from bep.schemas.references import Addresses
from bep.schemas.resolving import resolve
from bep.schemas.resource import Resource
from bep.schemas.rules import check_deployment, duplicates
from bep.schemas.traffic import traffic_of
from bep.schemas.variables import Variables
from bep.schemas.workspace import SpecFile, Workspace, files_named, not_there


@dataclass(frozen=True, slots=True)
class Loaded:
    """What the specs of a workspace say. `resources` are complete only if no finding is an error.

    `sources` has the text of each file a finding points into, secrets blotted out.
    """

    workspace: Workspace
    resources: tuple[Resource, ...]
    findings: tuple[Finding, ...]
    sources: Mapping[str, str]


def load(
    files: Files,
    *,
    paths: Sequence[str] = (),
    variables: Mapping[str, str],
    variable_files: Sequence[str] = (),
    environment: Mapping[str, str],
    known: Callable[[str], Sequence[Address]],
) -> Loaded:
    """Load `paths`, or what bep.yml lists if there are none.

    `variables` are those of the command line, as text; `variable_files` are YAML mappings; `environment` is
    the process's. `known(kind)` gives the addresses the provider has, oldest first; it is called only for a
    kind that a reference names and no spec declares, or to find `@latest`.
    """
    opened = open_workspace(files, variables=variables, variable_files=variable_files, environment=environment)
    loading = _Loading(files, opened.variables, known)
    loading.findings += opened.findings
    loading.texts.update(opened.texts)
    for spec in loading.chosen(paths, opened):
        loading.file(spec)
    resources = loading.resources()
    if loading.complete and not paths:
        declared = {*(resource.address for resource in resources), *loading.lost}
        loading.findings += check_directives(opened.workspace.directives, declared)
    findings = ordered(loading.findings)
    return Loaded(opened.workspace, resources, findings, loading.sources(findings))


@dataclass(slots=True)
class _Loading:
    """One load under way: drafts, wishes for traffic, and all that was found."""

    files: Files
    variables: Variables
    known: Callable[[str], Sequence[Address]]
    contents: Contents = field(init=False)
    findings: list[Finding] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    drafts: list[Draft] = field(default_factory=list)
    wishes: list[Wish] = field(default_factory=list)
    lost: list[Address] = field(default_factory=list)
    complete: bool = True

    def __post_init__(self) -> None:
        self.contents = Contents(self.files)

    def chosen(self, paths: Sequence[str], opened: Opened) -> list[SpecFile]:
        """The files to load: those named, else those of the workspace."""
        if not paths and opened.workspace.variables is None:
            message, fix = (
                "there is no bep.yml here",
                "Write one with 'workspace: NAME', or name files.",
            )
            self.findings.append(Finding(Severity.ERROR, "no-workspace", "", message, fix))
        if not paths:
            self.complete = not opened.findings
            return list(opened.workspace.specs)
        endpoints = {spec.path: spec.endpoint for spec in opened.workspace.specs}
        found: dict[str, SpecFile] = {}
        for path in paths:
            named = files_named(path, self.files)
            if not named:
                self.complete = False
                self.findings.append(not_there(path, self.files, None))
            found.update({p: SpecFile(p, endpoints.get(p, "")) for p in named})
        return list(found.values())

    def file(self, spec: SpecFile) -> None:
        """Draft what one file declares."""
        before = len(self.findings)
        documents = documents_of(self.files, spec.path, self.findings, self.texts)
        if len(self.findings) > before and not documents:
            self.complete = False
        has_expressions = "${{" in self.texts.get(spec.path, "")
        for node in documents:
            if has_expressions:
                self.variables.substitute(node)
            self.document(node, spec)

    def document(self, node: Node, spec: SpecFile) -> None:
        """Draft what one document declares."""
        if not isinstance(node.value, dict):
            self.complete = False
            self.findings.append(
                Finding(
                    Severity.ERROR,
                    "not-a-mapping",
                    "",
                    "a spec must be a mapping",
                    "Write lines such as 'name: ...'.",
                    node.mark,
                )
            )
            return
        kind, findings = detect(node)
        if kind is None:
            self.complete = False
            self.findings += findings
        else:
            self._of_kind(kind, node, spec, findings)

    def _of_kind(self, kind: str, node: Node, spec: SpecFile, findings: Sequence[Finding]) -> None:
        label = _label(kind, node, spec)
        self.findings += [Finding(f.severity, f.code, label, f.message, f.fix, f.mark) for f in findings]
        refused = check(kind, node, label)
        if refused:
            self._lose(kind, node, label)
            self.findings += [f for f in refused if f.mark not in self.variables.failed]
            return
        drafts, wishes = unfold(Draft(kind, node, label, node.mark), spec.endpoint)
        self.wishes += wishes
        for draft in drafts:
            self._draft(draft)

    def _lose(self, kind: str, node: Node, label: str) -> None:
        """Remember what a refused document would have declared, so that nothing else is blamed for it."""
        inline = any(
            isinstance(below.value, dict | list)
            for name in ("model", "environment", "deployments")
            if (below := node.get(name)) is not None
        )
        if inline or len(names_of(Address(label))) < len(load_kind(kind).identity) or label.endswith("/"):
            self.complete = False
        self.lost.append(Address(label))

    def _draft(self, draft: Draft) -> None:
        if draft.kind == "deployment":
            take_from_file(draft, self.files, self.texts)
        for name, part in inline_parts(draft) if draft.kind == "deployment" else ():
            prepare(part, self.contents)
            refer(draft, name, part)
            if part.address is None:
                draft.unset = True
            self._keep(part)
        prepare(draft, self.contents)
        self._keep(draft)

    def _keep(self, draft: Draft) -> None:
        if draft.address is None:
            self.complete = False
            self.findings += draft.findings
        else:
            self.drafts.append(draft)

    def resources(self) -> tuple[Resource, ...]:
        """Resolve, check and finish everything that was drafted."""
        unique, twice = duplicates(self.drafts)
        self.findings += twice
        addresses = Addresses([*unique, *self.lost], self.known)
        unique.update(self._traffic(addresses))
        taken: set[int] = set()
        for draft in unique.values():
            resolve(draft, addresses, complete=self.complete)
            if draft.kind == "deployment":
                check_deployment(draft, unique, self.contents)
            taken |= seal_off(draft, self.variables)
        self.findings += self.variables.misplaced(taken)
        self.findings += self.variables.findings
        self.findings += [
            f for draft in {id(d): d for d in (*self.drafts, *unique.values())}.values() for f in draft.findings
        ]
        return tuple(finish(draft) for draft in unique.values() if not draft.broken)

    def _traffic(self, addresses: Addresses) -> dict[Address, Draft]:
        found: dict[Address, Draft] = {}
        for wish in self.wishes:
            address = address_of("traffic", wish.endpoint)
            prefix = address_of("deployment", wish.endpoint) + "/"
            declared = [a.removeprefix(prefix) for a in sorted(addresses.declared) if a.startswith(prefix)]
            if not all(name in declared for name in wish.shares):
                declared = [a.removeprefix(prefix) for a in addresses.every("deployment") if a.startswith(prefix)]
            draft, findings = traffic_of(wish, declared, address, complete=self.complete)
            self.findings += findings
            if draft is not None:
                found[address] = draft
        return found

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


def _label(kind: str, node: Node, spec: SpecFile) -> str:
    """The address as far as it can be told before anything is checked."""
    name, version = node.texts("name"), node.texts("version")
    if kind == "deployment":
        return f"{kind}/{node.texts('endpoint_name') or spec.endpoint or '?'}/{name}"
    return "/".join(part for part in (kind, name, version) if part)
