"""Checking specs: a whole workspace, or some files in the workspace around them. Prints nothing; asks no state."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bep.app.workspace.opening import Opened, Source
from bep.lazy_dataclasses import dataclass, replace
from bep.schemas.specs.choosing import STANDARD_INPUT
from bep.schemas.workspace.workspace import FILE

if TYPE_CHECKING:
    from bep.schemas.findings.finding import Finding


@dataclass(frozen=True)
class Checked:
    """What was found, with paths as seen from the current folder; `workspaces` are those that were looked at."""

    findings: "tuple[Finding, ...]"
    sources: dict[str, str]
    resources: int
    workspaces: tuple[Opened, ...]


def check_specs(source: Source, here: Path) -> Checked:
    """Check what `source` names, or what the bep.yml of `here` lists if it names nothing.

    A file is checked in its workspace, that of the nearest folder above it with a bep.yml, else above `here`.
    """
    if not source.paths:
        opened = Opened(here, source)
        loaded = opened.loaded
        return Checked(loaded.findings, dict(loaded.sources), len(loaded.resources), (opened,))
    parts = [_checked(root, paths, source, here) for root, paths in _by_workspace(source.paths, here).items()]
    return Checked(
        findings=tuple(finding for part in parts for finding in part.findings),
        sources={file: text for part in parts for file, text in part.sources.items()},
        resources=sum(part.resources for part in parts),
        workspaces=tuple(opened for part in parts for opened in part.workspaces),
    )


def _checked(root: Path, paths: Sequence[str], source: Source, here: Path) -> Checked:
    opened = Opened(root, replace(source, paths=tuple(paths), as_part=True))
    loaded = opened.loaded
    findings = loaded.findings
    if root != here:
        findings = tuple(
            replace(finding, mark=replace(finding.mark, file=_seen(finding.mark.file, root, here)))
            if finding.mark is not None
            else finding
            for finding in findings
        )
    sources = {_seen(file, root, here): text for file, text in loaded.sources.items()}
    return Checked(findings, sources, len(loaded.resources), (opened,))


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
