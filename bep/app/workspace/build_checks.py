"""What the specs' environments ask for that cannot be built on this machine. Builds nothing; prints nothing."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from bep.schemas.environments.pip_files import FIELD
from bep.schemas.findings.finding import Finding, mistake, ordered
from bep.schemas.mark import Mark
from bep.schemas.resource import FieldPath, Resource
from bep.schemas.specs.loading import Loaded
from bep.schemas.workspace.workspace import Workspace

if TYPE_CHECKING:
    from bep.providers.local.environments.conda import Problem


def with_environments(loaded: Loaded, surroundings: Mapping[str, str], source: Callable[[str], str]) -> Loaded:
    """The specs with a finding for each conda package that cannot be had, where the world is this machine.

    Elsewhere conda itself builds them, so there they are right. `surroundings` is the process's environment, whose
    PATH may have a conda; `source` gives the text of a file as findings may show it.
    """
    if loaded.workspace.provider != "local":
        return loaded

    @cache
    def has_conda() -> bool:
        from bep.providers.local.environments.builders import conda_program

        return conda_program(surroundings) is not None

    found = [finding for one in loaded.resources for finding in _unbuildable(one, loaded.workspace, has_conda)]
    if not found:
        return loaded
    files = {finding.mark.file for finding in found if finding.mark is not None} - loaded.sources.keys()
    sources = {**loaded.sources, **{file: source(file) for file in sorted(files)}}
    return replace(loaded, findings=ordered([*loaded.findings, *found]), sources=sources)


def _unbuildable(resource: Resource, workspace: Workspace, has_conda: Callable[[], bool]) -> Iterator[Finding]:
    conda = resource.attributes.get("conda_file") if resource.kind == "environment" else None
    if not isinstance(conda, Mapping):
        return
    from bep.providers.local.environments.builders import AUTO, CONDA, NO_PROGRAM, PIP

    setting = workspace.provider_settings.get("environments", AUTO)
    if setting == CONDA and not has_conda():
        yield _finding(resource, ("conda_file",), NO_PROGRAM)
    dependencies, files = conda.get("dependencies"), resource.contents.get(FIELD)
    for place, item in _each(dependencies if isinstance(dependencies, list | tuple) else ()):
        for problem in _problems(item, workspace.conda_names, files.files if files else {}):
            if not problem.conda or setting == PIP or (setting != CONDA and not has_conda()):
                yield _finding(resource, place, problem)


def _finding(resource: Resource, place: FieldPath, problem: "Problem") -> Finding:
    fix = f"{problem.fix}."
    return mistake("environment-unbuildable", resource.address, problem.message, fix, _mark(resource, place))


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


def _problems(item: Any, names: Mapping[str, str | None], files: Mapping[str, str]) -> "Iterable[Problem]":
    from bep.providers.local.environments.conda import Recipe, recipe_of

    return recipe_of({"dependencies": [item]}, names=names, base=Recipe(files=files)).problems
