"""What of the specs cannot be had in the world that they are for. Builds nothing; prints nothing."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from bep.lazy_dataclasses import replace
from bep.schemas.findings.finding import Finding, mistake, ordered, warning
from bep.schemas.mark import Mark
from bep.schemas.resource import FieldPath, Resource
from bep.schemas.specs.loading import Loaded

if TYPE_CHECKING:
    from bep.app.workspace.files import WorkspaceFiles
    from bep.providers.world import Unfit


def with_unfit(loaded: Loaded, unfit: "Iterable[Unfit]", files: "WorkspaceFiles") -> Loaded:
    """The specs with a finding for each thing that cannot be had in the world: a package, a type, a field."""
    found = list(findings_of(loaded, unfit))
    if not found:
        return loaded
    others = {finding.mark.file for finding in found if finding.mark is not None} - loaded.sources.keys()
    sources = {**loaded.sources, **{file: _text(files, file) for file in sorted(others)}}
    return replace(loaded, findings=ordered([*loaded.findings, *found]), sources=sources)


def _text(files: "WorkspaceFiles", path: str) -> str:
    """A file's text as it may be shown: whatever looks like a secret is redacted."""
    from bep.schemas.yaml.masking import masked

    return masked(files.read(path).decode("utf-8", "replace"))


def findings_of(loaded: Loaded, unfit: "Iterable[Unfit]") -> Iterator[Finding]:
    """Each as a finding, at the place where its field was written."""
    declared = {one.address: one for one in loaded.resources}
    for each in unfit:
        resource = declared.get(each.address)  # type: ignore[call-overload]
        say = mistake if each.is_error else warning
        mark = _mark(resource, each.path) if resource else None
        yield say(each.code, each.address, each.message, each.fix, mark)


def _mark(resource: Resource, place: FieldPath) -> Mark:
    """Where a field was written, or the nearest that holds it."""
    held = (place[:length] for length in range(len(place), 0, -1))
    return next((resource.marks[path] for path in held if path in resource.marks), resource.mark)
