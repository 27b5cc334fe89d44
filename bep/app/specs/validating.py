"""Checking specs: a whole workspace, or some files in the workspace around them. Prints nothing; asks no state."""

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bep.app.workspace.opening import Opened, Source
from bep.lazy_dataclasses import dataclass, replace
from bep.schemas.specs.documents.choosing import STANDARD_INPUT
from bep.schemas.workspace.workspace import FILE

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Specs
    from bep.schemas.findings.finding import Finding
    from bep.schemas.job.job import LoadedJob
    from bep.schemas.specs.loading import Loaded


@dataclass(frozen=True)
class Checked:
    """What was found, with paths as seen from the current folder; `workspaces` are those that were looked at, `jobs` is
    how many of the files are jobs.
    """

    findings: "tuple[Finding, ...]"
    sources: dict[str, str]
    resources: int
    workspaces: tuple[Opened, ...]
    jobs: int = 0


def check_specs(source: Source, here: Path) -> Checked:
    """Check what `source` names, or what the bep.yml of `here` lists if it names nothing.

    A file is checked in its workspace, that of the nearest folder above it with a bep.yml, else above `here`.
    """
    if not source.paths:
        opened = Opened(here, source)
        loaded = opened.loaded
        findings = (*loaded.findings, *refused_commands(opened))
        return Checked(findings, dict(loaded.sources), len(loaded.resources), (opened,))
    parts = [_checked(root, paths, source, here) for root, paths in _by_workspace(source.paths, here).items()]
    return Checked(
        findings=tuple(finding for part in parts for finding in part.findings),
        sources={file: text for part in parts for file, text in part.sources.items()},
        resources=sum(part.resources for part in parts),
        jobs=sum(part.jobs for part in parts),
        workspaces=tuple(opened for part in parts for opened in part.workspaces),
    )


def _checked(root: Path, paths: Sequence[str], source: Source, here: Path) -> Checked:
    around = Opened(root, replace(source, paths=()))
    jobs = [path for path in paths if _is_job(around, path)]
    specs = tuple(path for path in paths if path not in jobs)
    found = [_checked_job(around, path) for path in jobs]
    opened = Opened(root, replace(source, paths=specs, as_part=True))
    loaded = opened.loaded if specs or not jobs else None
    every: list[LoadedJob | Loaded] = [*found, *([loaded] if loaded else [])]
    findings = tuple(finding for one in every for finding in one.findings)
    if root != here:
        findings = tuple(
            replace(finding, mark=replace(finding.mark, file=_seen(finding.mark.file, root, here)))
            if finding.mark is not None
            else finding
            for finding in findings
        )
    texts = {file: text for one in every for file, text in one.sources.items()}
    sources = {_seen(file, root, here): text for file, text in texts.items()}
    return Checked(findings, sources, len(loaded.resources) if loaded else 0, (opened,), len(jobs))


def refused_commands(opened: "Specs") -> "Iterator[Finding]":
    """The policies that would run something of the workspace's, where nothing may be run. Checking runs nothing anyway:
    a plan is what they would deny."""
    from bep.schemas.findings.finding import warning
    from bep.schemas.workspace.workspace import POLICIES

    for policy in opened.glanced.policies if opened.source.no_commands else ():
        if policy.runs_a_command:
            message = f"policy '{policy.name}' runs a command: a plan for which none may be run is denied by it"
            yield warning(
                "command-refused", POLICIES, message, "Let the plan run commands, or take the policy out.", policy.mark
            )


def _is_job(opened: "Specs", path: str) -> bool:
    """Whether a file is a job and no spec. What cannot be read is told with the specs."""
    from bep.schemas.job.invocation import is_job
    from bep.schemas.yaml.reading import read

    try:
        documents = read(opened.files.read(path), path).documents
    except (OSError, ValueError):
        return False
    return len(documents) == 1 and is_job(documents[0])


def _checked_job(opened: "Specs", path: str) -> "LoadedJob":
    """A job's file, as the run would read it. An endpoint that it does not name may be named by an option."""
    from bep.schemas.findings.finding import ordered
    from bep.schemas.job.job import load_job

    names = {kind: _names(opened, kind) for kind in ("endpoint", "deployment")}
    loaded = load_job(
        opened.files,
        path,
        changes={},
        variables=opened.source.variables,
        variable_files=opened.source.variable_files,
        environment=opened.environment,
        worlds=_worlds(),
        endpoints=lambda: [one[0] for one in names["endpoint"]][:1] or ["any"],
    )
    if not (opened.root / FILE).is_file():
        return loaded
    unknown = tuple(_unknown_names(loaded, names))
    return replace(loaded, findings=ordered([*loaded.findings, *unknown]))


def _worlds() -> "Collection[str]":
    from bep.providers.worlds import WORLDS

    return WORLDS


def _names(opened: "Specs", kind: str) -> "list[tuple[str, ...]]":
    """The names of what the specs declare of a kind, and of what is there already."""
    from bep.schemas.address import names_of

    if not (opened.root / FILE).is_file():
        return []
    declared = [resource.address for resource in opened.loaded.resources if resource.kind == kind]
    known = opened.keyless_world.objects.list(kind) if opened.workspace.provider in _worlds() else ()
    return sorted({names_of(address) for address in (*declared, *known)})


def _unknown_names(loaded: "LoadedJob", names: "Mapping[str, list[tuple[str, ...]]]") -> "Iterator[Finding]":
    """Names in a job that nothing has yet: an apply may still bring them."""
    from bep.schemas.findings.did_you_mean import did_you_mean, listed
    from bep.schemas.findings.finding import warning

    endpoint, deployment = (text.rpartition("/")[2] for text in loaded.asked)
    endpoints = [one[0] for one in names["endpoint"]]
    deployments = [one[1] for one in names["deployment"] if one[0] == endpoint]
    for kind, name, known in (("endpoint", endpoint, endpoints), ("deployment", deployment, deployments)):
        if kind in loaded.places and name not in known and (kind == "endpoint" or endpoint in endpoints):
            there = f"There is {listed(known)}." if known else "No spec declares one, and none is applied."
            message = f"{kind} '{name}': there is none of that name, declared or applied"
            yield warning(
                f"unknown-{kind}", "job", message, did_you_mean(name, known) or there, loaded.places.get(kind)
            )


def _seen(file: str, root: Path, here: Path) -> str:
    """A path of a workspace as seen from the current folder."""
    if file == STANDARD_INPUT or root == here or Path(file).is_absolute():
        return file
    return Path(os.path.relpath(root / file, here)).as_posix()


def _by_workspace(paths: Sequence[str], here: Path) -> dict[Path, list[str]]:
    """The paths, each as its workspace calls it."""
    found: dict[Path, list[str]] = {}
    for path in paths:
        root = (None if path == STANDARD_INPUT else _nearest((here / path).parent)) or _nearest(here) or here
        found.setdefault(root, []).append(path if path == STANDARD_INPUT else _called(here / path, path, root, here))
    return found


def _called(file: Path, path: str, root: Path, here: Path) -> str:
    inside = os.path.normpath(file)
    if root == here and not Path(path).is_absolute():
        return path
    within = os.path.relpath(inside, root)
    return path if within.startswith("..") and Path(path).is_absolute() else Path(within).as_posix()


def _nearest(folder: Path) -> Path | None:
    """The folder itself, or the nearest above it, that has a bep.yml."""
    whole = Path(os.path.abspath(folder))  # noqa: PTH100 - without following links, as the system's `..` in a path
    return next((one for one in (whole, *whole.parents) if (one / FILE).is_file()), None)
