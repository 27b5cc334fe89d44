"""The environments of deployments: what is needed, built, used and cannot be had. Knows no job and no state."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from bep.providers.local.environments.builder_names import AUTO, CONDA, PIP
from bep.providers.world import Built, Chosen, Outlook, Report
from bep.schemas.address import Address

if TYPE_CHECKING:
    from bep.providers.local.environments.conda import Recipe
    from bep.providers.local.provider import LocalProvider
    from bep.schemas.resource import FieldPath
    from bep.schemas.specs.script_grammar import Parsed


class ScoredEnvironments:
    """What deployments of the local world are scored in."""

    def __init__(self, objects: "LocalProvider") -> None:
        self._objects = objects

    def show(self, live: Report | None) -> None:
        """Let what pip draws while it works be drawn by `live`."""
        self._objects.environments.moving = live

    def own(self) -> str:
        """The user's own interpreter."""
        return self._objects.environments.own()

    def outlook(self, chosen: Chosen) -> Outlook:
        """The interpreter of a deployment, or what would be built for it."""
        from bep.providers.local.scoring import asked_of

        label, recipe = asked_of(self._objects, chosen)
        if recipe is None:
            return Outlook(label, self.own())
        wanted = self._objects.environments.wanted(label, recipe)
        built, interpreter = wanted.built, wanted.interpreter
        return Outlook(
            label,
            built.python if built else interpreter.path if interpreter else "",
            digest=wanted.digest,
            version=built.version if built else interpreter.version if interpreter else wanted.recipe.python or "",
            builder=built.builder if built else wanted.builder.name,
            requirements=(*wanted.recipe.first, *wanted.recipe.then),
            notes=wanted.recipe.notes,
            built=built,
        )

    def build(self, address: Address, report: Report) -> Built | str:
        """Build an applied environment; the label of one that asks for nothing."""
        from bep.providers.local.scoring import recipe_of_environment

        there = self._objects.list("environment")[address]
        return self._build(*recipe_of_environment(self._objects, address, there), report)

    def build_for(self, chosen: Chosen, report: Report) -> Built | str:
        """Build what a deployment is scored in; the label where that asks for nothing."""
        from bep.providers.local.scoring import asked_of

        return self._build(*asked_of(self._objects, chosen), report)

    def _build(self, label: str, recipe: "Recipe | None", report: Report) -> Built | str:
        if recipe is None or (recipe.empty and recipe.python is None and not recipe.problems and not recipe.tools):
            return label
        return self._objects.environments.build(label, recipe, report)

    def list(self) -> tuple[Built, ...]:
        """All that are built."""
        return self._objects.environments.list()

    def remove(self, digests: Collection[str], keep: Collection[str]) -> tuple[str, ...]:
        """Remove these, and what killed builds left; see `Environments.remove`."""
        return self._objects.environments.remove(digests, keep)

    def last_used(self, built: Built) -> datetime | None:
        """When somebody last used it."""
        from bep.providers.local.environments.folder import last_used

        return last_used(built.folder)

    def workspaces(self, built: Built) -> tuple[str, ...]:
        """The workspaces that have used it and are still there."""
        from bep.providers.local.environments.folder import workspaces

        return workspaces(built.folder)

    def unbuildable(
        self, attributes: Mapping[str, Any], files: Mapping[str, str]
    ) -> "Iterator[tuple[FieldPath, str, str]]":
        """Each conda package that cannot be had on this machine, and the builder that is asked for and not there."""
        conda = attributes.get("conda_file")
        if not isinstance(conda, Mapping):
            return
        from bep.providers.local.environments.builders import NO_PROGRAM
        from bep.providers.local.environments.conda import Recipe, recipe_of

        setting = self._objects.builder or AUTO
        has_conda: bool | None = None
        if setting == CONDA:
            has_conda = self._has_conda()
            if not has_conda:
                yield ("conda_file",), NO_PROGRAM.message, NO_PROGRAM.fix
        dependencies = conda.get("dependencies")
        for place, item in _each(dependencies if isinstance(dependencies, list | tuple) else ()):
            base, names = Recipe(files=files), self._objects.conda_names
            for problem in recipe_of({"dependencies": [item]}, names=names, base=base).problems:
                if problem.conda and setting == AUTO and has_conda is None:
                    has_conda = self._has_conda()
                if not problem.conda or setting == PIP or (setting != CONDA and not has_conda):
                    yield place, problem.message, problem.fix

    def parse(self, asked: str, source: bytes) -> "Parsed | None":
        """What the Python that is asked for says of a script."""
        from bep.providers.local.environments.script_parsing import parse

        return parse(asked, source, self._objects.surroundings)

    def _has_conda(self) -> bool:
        from bep.providers.local.environments.builders import conda_program

        return conda_program(self._objects.surroundings) is not None


def _each(dependencies: Sequence[Any]) -> "Iterator[tuple[FieldPath, Any]]":
    """Every package, those of a pip section one by one, and where it stands."""
    for number, item in enumerate(dependencies):
        place = ("conda_file", "dependencies", number)
        match item:
            case {"pip": list() as lines}:
                yield from (((*place, "pip", line), {"pip": [text]}) for line, text in enumerate(lines))
            case _:
                yield place, item
