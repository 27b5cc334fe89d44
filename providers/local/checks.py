"""What this machine has of what specs and jobs need: Pythons, who builds environments, folders. Builds nothing."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bep.providers.check import Check, Probe, ok, problem, skipped, warning
from bep.providers.folder_check import folder_check
from bep.providers.local.environments.asked import of_environment, of_model
from bep.providers.local.environments.builder_names import AUTO, CONDA, CONDA_PROGRAMS
from bep.providers.local.environments.builders import NO_PROGRAM, conda_program
from bep.providers.local.environments.conda import Recipe
from bep.providers.local.environments.interpreters import choose, discovered, probe
from bep.providers.protocol import ProviderError
from bep.schemas.environments.pip_files import FIELD

if TYPE_CHECKING:
    from bep.providers.local.environments.environments import Environments
    from bep.providers.local.provider import LocalProvider
    from bep.schemas.resource import Resource

_ROOM: Final = 2 << 30
"""Bytes that an environment or two take."""


class LocalChecks:
    """The checks of one local world. `written` are the places that it writes; `resources` are those of the specs."""

    def __init__(self, objects: "LocalProvider", written: Sequence[Path], resources: "Sequence[Resource]") -> None:
        self._objects, self._written, self._resources = objects, written, resources

    def every(self) -> Mapping[str, Probe]:
        """What is looked at, by name."""
        return {
            "local world": lambda: [folder_check("local world", self._written)],
            "own Python": self._own_python,
            "Pythons": self._pythons,
            "environments": lambda: [folder_check("environments", (self._environments.folder,), enough=_ROOM)],
            "conda": self._conda,
        }

    @property
    def _environments(self) -> "Environments":
        return self._objects.environments

    def _own_python(self) -> Iterator[Check]:
        path = self._environments.own()
        found = probe(path)
        if found is None:
            fix = "mend it, or name another in bep.yml: provider: {local: {python: PATH}}"
            yield problem("own Python", f"{path} does not start", fix)
        else:
            yield ok("own Python", f"{found.version} ({found.implementation}) at {path}")

    def _conda(self) -> Iterator[Check]:
        program, setting = conda_program(self._objects.surroundings), self._objects.builder or AUTO
        if program is not None:
            yield ok("conda", f"{program.name} at {program.path}")
        elif setting == CONDA:
            yield problem("conda", NO_PROGRAM.message, NO_PROGRAM.fix)
        else:
            *others, last = CONDA_PROGRAMS
            found = f"neither {', '.join(others)} nor {last} is on PATH; pip builds what it can"
            yield skipped("conda", found, "install micromamba for conda packages that pip cannot have")

    def _pythons(self) -> Iterator[Check]:
        asking: dict[str, list[str]] = {}
        by_conda: set[str] = set()
        for address, recipe in self._recipes():
            if recipe.python is not None:
                asking.setdefault(recipe.python, []).append(address)
                by_conda |= {recipe.python} if recipe.by_conda is not None else set()
        cache = self._environments.cache
        known = discovered(self._objects.surroundings, cache, keep=cache.parent.is_dir()) if asking else ()
        for wanted, addresses in asking.items():
            best, name = choose(wanted, known), f"Python {wanted}"
            whom = f"asked for by {', '.join(dict.fromkeys(addresses))}"
            if best is None:
                versions = ", ".join(sorted({one.version for one in known}))
                yield self._not_here(name, wanted, f"{whom}; here are {versions or 'none'}", wanted in by_conda)
            elif wanted.count(".") == 2 and wanted.replace(".", "").isdecimal() and best.version != wanted:
                yield warning(name, f"{best.version} at {best.path} is taken for it, {whom}", _get(wanted))
            else:
                yield ok(name, f"{best.version} at {best.path}, {whom}")

    def _not_here(self, name: str, wanted: str, said: str, is_of_conda: bool) -> Check:
        """A Python that this machine lacks: whoever builds may bring it."""
        surroundings = self._objects.surroundings
        program = conda_program(surroundings) if is_of_conda and (self._objects.builder or AUTO) != "pip" else None
        if program is not None:
            return ok(name, f"{program.name} brings it when the environment is built, {said}")
        if shutil.which("uv", path=surroundings.get("PATH", "")):
            return warning(name, f"not on this machine; uv fetches it when the environment is built, {said}")
        return problem(name, f"not on this machine, {said}", f"{_get(wanted)}; or ask for one of those found")

    def _recipes(self) -> Iterator[tuple[str, Recipe]]:
        """What each environment asks for, and each MLflow model; a model that cannot be read is a finding elsewhere."""
        names = self._objects.conda_names
        for one in self._resources:
            if one.kind == "environment":
                files = one.contents.get(FIELD)
                yield (
                    one.address,
                    of_environment(one.address, one.attributes, names, files=files.files if files else {}),
                )
            elif one.kind == "model" and one.attributes.get("type") == "mlflow_model":
                for content in one.contents.values():
                    try:
                        recipe = of_model(one.address, Path(content.source), names)
                    except (ProviderError, OSError):
                        continue
                    if recipe is not None:
                        yield one.address, recipe


def _get(wanted: str) -> str:
    return f"pyenv install {wanted}, or uv python install {wanted}"
