"""What the specs' environments ask for that cannot be built on this machine. Builds nothing; prints nothing."""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from bep.lazy_dataclasses import replace
from bep.schemas.findings.finding import Finding, mistake, ordered
from bep.schemas.mark import Mark
from bep.schemas.resource import FieldPath, Resource
from bep.schemas.specs.loading import Loaded

if TYPE_CHECKING:
    from bep.providers.world import World


def with_environments(loaded: Loaded, world: "World", source: Callable[[str], str]) -> Loaded:
    """The specs with a finding for each package that cannot be had, where the world builds environments here.

    Elsewhere the service builds them, so there they are right. `source` gives the text of a file as findings may show
    it.
    """
    found = [finding for one in loaded.resources for finding in _unbuildable(one, world)]
    if not found:
        return loaded
    files = {finding.mark.file for finding in found if finding.mark is not None} - loaded.sources.keys()
    sources = {**loaded.sources, **{file: source(file) for file in sorted(files)}}
    return replace(loaded, findings=ordered([*loaded.findings, *found]), sources=sources)


def _unbuildable(resource: Resource, world: "World") -> Iterator[Finding]:
    conda = resource.attributes.get("conda_file") if resource.kind == "environment" else None
    environments = world.environments if isinstance(conda, Mapping) else None
    if environments is None:
        return
    from bep.schemas.environments.pip_files import FIELD

    files = resource.contents.get(FIELD)
    for place, message, fix in environments.unbuildable(resource.attributes, files.files if files else {}):
        yield mistake("environment-unbuildable", resource.address, message, f"{fix}.", _mark(resource, place))


def _mark(resource: Resource, place: FieldPath) -> Mark:
    """Where a field was written, or the nearest that holds it."""
    held = (place[:length] for length in range(len(place), 0, -1))
    return next((resource.marks[path] for path in held if path in resource.marks), resource.mark)
