"""Which files of specs are read, and which of them the findings are about. Reads no document."""

from collections.abc import Collection, Iterable, Iterator, Sequence

from bep.lazy_dataclasses import dataclass, field, replace
from bep.schemas.files import MEND_LINK, Files, absence_of, is_broken_link
from bep.schemas.findings.finding import Finding, Severity, mistake, warning
from bep.schemas.mark import Mark
from bep.schemas.next_step import Step, again, step
from bep.schemas.specs.documents.detecting import NO_SPEC
from bep.schemas.specs.documents.unsupported import NOT_SUPPORTED
from bep.schemas.workspace.reading_workspace import Opened
from bep.schemas.workspace.workspace import FILE, NOT_THERE, SpecFile, specs_named

STANDARD_INPUT = "-"
"""The name of a spec that comes from a pipe. What it declares stands for what a file of the workspace says of it."""

NOT_LISTED = "not-listed"
_HIGHEST = 32


@dataclass(slots=True)
class Chosen:
    """The files to read. When not `complete`, there may be more than these declare.

    `named` are those that were named; None if nobody did, or there are no others. Findings are told of them alone if
    `part`. `alone` if what they refer to may be declared where nobody said.
    """

    specs: list[SpecFile] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    complete: bool = True
    named: frozenset[str] | None = None
    part: bool = False
    alone: bool = False


def choose(files: Files, opened: Opened, paths: Sequence[str], worlds: Collection[str], *, as_part: bool) -> Chosen:
    """The files that are named, with the others of the workspace, to which they may refer; none where it depends on
    what nobody said.
    """
    found = Chosen(part=as_part and bool(paths))
    workspace = opened.workspace
    if workspace.stage is None:
        found.complete = False
    elif not paths:
        found.specs, found.complete = list(filter(workspace.is_read, workspace.specs)), opened.complete
        if workspace.variables is None:
            found.findings.append(no_workspace(files))
    else:
        found.complete = workspace.provider in worlds
        _take_named(found, files, opened, paths)
        if workspace.variables is None:
            found.alone = as_part
        else:
            _take_the_rest(found, opened)
    return found


def no_workspace(files: Files) -> Finding:
    """That there is no bep.yml, and what helps: the folder above that has one, or the command that writes one."""
    message, fix, steps = _missing_workspace(files)
    return mistake("no-workspace", "", message, fix, next=steps)


def _missing_workspace(files: Files) -> tuple[str, str, tuple[Step, ...]]:
    if is_broken_link(FILE, files):
        return absence_of(FILE, files), MEND_LINK, ()
    message = "there is no bep.yml here"
    above = ("/".join([".."] * levels) for levels in range(1, _HIGHEST))
    there = next((folder for folder in above if files.exists(f"{folder}/{FILE}")), None)
    if there is not None:
        go = again(chdir=there)
        return message, f"There is one in {there}: go there, or say it: {go}.", (go,)
    init = step("init")
    return message, f"{init} writes one; or name files of specs.", (init,)


def _take_named(found: Chosen, files: Files, opened: Opened, paths: Sequence[str]) -> None:
    listed = {spec.path: spec for spec in opened.workspace.specs}
    named: dict[str, SpecFile] = {}
    read_anyway = {FILE, *opened.workspace.policy_files} if opened.workspace.variables is not None else ()
    for path in paths:
        if found.part and path in read_anyway:
            named[path] = SpecFile(path)
            continue
        specs, wrong = specs_named(path, files, None)
        found.complete &= not any(finding.code == NOT_THERE for finding in wrong)
        found.findings += wrong
        for spec in specs:
            there = listed.get(spec.path, spec)
            named[spec.path] = replace(spec, endpoint=there.endpoint, provider=there.provider)
    found.named = frozenset(named)
    found.specs = [spec for spec in named.values() if spec.path not in read_anyway and opened.workspace.is_read(spec)]
    found.findings += [
        _other(spec, opened.workspace.provider) for spec in named.values() if not opened.workspace.is_read(spec)
    ]


def _other(spec: SpecFile, provider: str) -> Finding:
    choose = again(provider=spec.provider)
    message = f"{spec.path} is for the provider {spec.provider}, and this is {provider}: it was not read"
    found = warning("other-provider", "", message, f"Choose that one: {choose}.", Mark(spec.path, 1, 1))
    return replace(found, next=(choose,))


def _take_the_rest(found: Chosen, opened: Opened) -> None:
    """The other files of bep.yml; and a word on those named that are none of its."""
    listed = {spec.path for spec in opened.workspace.specs}
    found.complete &= opened.complete
    for spec in found.specs:
        if spec.path not in listed and spec.path != STANDARD_INPUT:
            message = f"bep.yml does not list {spec.path}: no plan reads it unless it is named"
            fix = f"Add {spec.path} to specs in bep.yml."
            found.findings.append(warning(NOT_LISTED, "", message, fix, Mark(spec.path, 1, 1)))
    named = {spec.path for spec in found.specs}
    others = filter(opened.workspace.is_read, opened.workspace.specs)
    found.specs += [spec for spec in others if spec.path not in named]


def about(findings: Iterable[Finding], chosen: Chosen, labels: Collection[str]) -> Iterator[Finding]:
    """Those that tell of the named files: what stands in them, what they name (`labels` are what they declare), and
    what keeps bep.yml from being understood. All, where no file was named.
    """
    found = list(findings)
    if not chosen.part or chosen.named is None:
        yield from found
        return
    others = {spec.path for spec in chosen.specs} - chosen.named
    no_specs = {f.mark.file for f in found if f.code in (NO_SPEC, NOT_SUPPORTED) and f.mark is not None}
    for finding in found:
        file = finding.mark.file if finding.mark is not None else ""
        if finding.code == NOT_LISTED and file in no_specs:
            continue
        if not file or file in chosen.named:
            yield finding
        elif file == FILE:
            yield from (finding,) if finding.severity is Severity.ERROR else ()
        elif file not in others and (not finding.address or finding.address in labels):
            yield finding
