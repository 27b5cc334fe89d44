"""Who builds an environment: pip, or micromamba, mamba or conda where one is installed. Builds nothing itself."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from bep.lazy_dataclasses import dataclass, replace
from bep.providers.local.environments.builder_names import AUTO, CONDA, CONDA_PROGRAMS, PIP
from bep.providers.local.environments.conda import Problem, Recipe

_SHARED_CHANNELS: Final = frozenset(
    (
        *("defaults", "nodefaults", "main", "free", "anaconda", "r", "msys2", "conda-forge", "pytorch", "nvidia"),
        *("intel", "microsoft", "fastai", "huggingface"),
    )
)
"""Channels whose Python packages are the ones that PyPI has, too."""


@dataclass(frozen=True, slots=True)
class Builder:
    """What installs the packages: `pip`, without a path, or one of `CONDA_PROGRAMS` at its path."""

    name: str = PIP
    path: str = ""

    @property
    def is_pip(self) -> bool:
        """Whether Python's own venv and pip make the environment."""
        return self.name == PIP


BY_PIP: Final = Builder()


def conda_program(surroundings: Mapping[str, str]) -> Builder | None:
    """The first of micromamba, mamba and conda that is on PATH. Shims are passed over: behind them may be nothing."""
    folders = [part for part in surroundings.get("PATH", "").split(os.pathsep) if part and Path(part).name != "shims"]
    for name in CONDA_PROGRAMS:
        found = shutil.which(name, path=os.pathsep.join(folders))
        if found:
            return Builder(name, found)
    return None


def settled(recipe: Recipe, setting: str, surroundings: Mapping[str, str]) -> tuple[Builder, Recipe]:
    """Who builds this recipe on this machine, and the recipe in the builder's own terms, with what is in the way."""
    by_pip = _with_tools(recipe, surroundings)
    by_conda = recipe.by_conda
    if by_conda is None or setting == PIP:
        return BY_PIP, by_pip
    foreign = _foreign_channels(by_conda)
    if setting == AUTO and not foreign and not any(problem.conda for problem in by_pip.problems):
        return BY_PIP, by_pip
    program = conda_program(surroundings)
    if program is not None:
        return program, by_conda
    if setting == CONDA:
        return BY_PIP, replace(by_pip, problems=(*by_conda.problems, NO_PROGRAM))
    return BY_PIP, replace(by_pip, notes=(*by_pip.notes, *map(_not_looked_in, foreign)))


NO_PROGRAM: Final = Problem(
    "bep.yml says 'environments: conda', and neither micromamba nor mamba nor conda is on PATH",
    "Install one of them, or write 'environments: auto'",
)


def _foreign_channels(recipe: Recipe) -> tuple[str, ...]:
    """The channels of a conda file whose packages pip may know under the same name as something else, or not at all."""
    named = [text.partition("::")[0].split("/")[0] for text in recipe.first if "::" in text]
    return tuple(dict.fromkeys(channel for channel in (*recipe.channels, *named) if not _is_shared(channel)))


def _is_shared(channel: str) -> bool:
    plain = channel.strip().rstrip("/")
    for prefix in ("https://conda.anaconda.org/", "https://repo.anaconda.com/pkgs/", "pkgs/"):
        plain = plain.removeprefix(prefix)
    return plain.split("/")[0] in _SHARED_CHANNELS


def _not_looked_in(channel: str) -> str:
    return (
        f"packages of the conda channel {channel} were looked for on pip's index, where the same name may be another's:"
        " install micromamba or conda to have them from the channel"
    )


def _with_tools(recipe: Recipe, surroundings: Mapping[str, str]) -> Recipe:
    """The recipe with each program it counts on looked up: a note where it is, a problem where it is not."""
    notes, problems = list(recipe.notes), list(recipe.problems)
    for package, program in recipe.tools:
        found = shutil.which(program, path=surroundings.get("PATH", ""))
        if found:
            notes.append(f"{package} is this machine's own: {found}")
        else:
            message = f"{package} is a program, not a Python package, and there is no '{program}' on PATH"
            problems.append(Problem(message, "Install it on this machine, or install micromamba or conda", conda=True))
    return replace(recipe, notes=tuple(notes), problems=tuple(problems), tools=())
