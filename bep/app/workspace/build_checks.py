"""What of the specs cannot be had in the world that they are for. Builds nothing; prints nothing."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from bep.lazy_dataclasses import replace
from bep.schemas.findings.finding import Finding, mistake, ordered, warning
from bep.schemas.mark import Mark
from bep.schemas.resource import FieldPath, Resource
from bep.schemas.specs.loading import Loaded

if TYPE_CHECKING:
    from bep.providers.world import World


def with_unfit(loaded: Loaded, world: "World", source: Callable[[str], str]) -> Loaded:
    """The specs with a finding for each thing that cannot be had in the world: a package, a type, a field.

    `source` gives the text of a file as findings may show it.
    """
    found = list(_findings(loaded, world))
    if not found:
        return loaded
    files = {finding.mark.file for finding in found if finding.mark is not None} - loaded.sources.keys()
    sources = {**loaded.sources, **{file: source(file) for file in sorted(files)}}
    return replace(loaded, findings=ordered([*loaded.findings, *found]), sources=sources)


def _findings(loaded: Loaded, world: "World") -> Iterator[Finding]:
    declared = {one.address: one for one in loaded.resources}
    for unfit in world.unfit(loaded.resources):
        resource = declared.get(unfit.address)  # type: ignore[call-overload]
        say = mistake if unfit.is_error else warning
        mark = _mark(resource, unfit.path) if resource else None
        yield say(unfit.code, unfit.address, unfit.message, unfit.fix, mark)


def _mark(resource: Resource, place: FieldPath) -> Mark:
    """Where a field was written, or the nearest that holds it."""
    held = (place[:length] for length in range(len(place), 0, -1))
    return next((resource.marks[path] for path in held if path in resource.marks), resource.mark)
