"""What the specs' environments ask for that cannot be built on this machine's terms. Builds nothing; prints nothing."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bep.schemas.finding import Finding, mistake, ordered
from bep.schemas.loading import Loaded
from bep.schemas.mark import Mark
from bep.schemas.resource import FieldPath, Resource


def with_environments(loaded: Loaded) -> Loaded:
    """The specs with a finding for each conda package that pip cannot have, where the world is this machine.

    Elsewhere conda itself builds them, so there they are right.
    """
    if loaded.workspace.provider != "local":
        return loaded
    found = [finding for resource in loaded.resources for finding in _unbuildable(resource)]
    return replace(loaded, findings=ordered([*loaded.findings, *found])) if found else loaded


def _unbuildable(resource: Resource) -> Iterator[Finding]:
    conda = resource.attributes.get("conda_file") if resource.kind == "environment" else None
    dependencies = conda.get("dependencies") if isinstance(conda, Mapping) else None
    for place, item in _each(dependencies if isinstance(dependencies, list | tuple) else ()):
        for message, fix in _problems(item):
            yield mistake("environment-unbuildable", resource.address, message, f"{fix}.", _mark(resource, place))


def _each(dependencies: Sequence[Any]) -> Iterator[tuple[FieldPath, Any]]:
    """Every package, those of a pip section one by one, and where it stands."""
    for number, item in enumerate(dependencies):
        place = ("conda_file", "dependencies", number)
        match item:
            case {"pip": list() as lines}:
                yield from (((*place, "pip", line), {"pip": [text]}) for line, text in enumerate(lines))
            case _:
                yield place, item


def _mark(resource: Resource, place: FieldPath) -> Mark:
    """Where a field was written, or the nearest that holds it."""
    held = (place[:length] for length in range(len(place), 0, -1))
    return next((resource.marks[path] for path in held if path in resource.marks), resource.mark)


def _problems(item: Any) -> Iterable[tuple[str, str]]:
    from bep.providers.local.conda import recipe_of

    return recipe_of({"dependencies": [item]}).problems
