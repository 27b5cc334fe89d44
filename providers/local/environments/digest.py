"""What makes one environment the same as another: interpreter, platform, builder, indexes and lines. Builds nothing.

No credential is part of it: who asks an index does not change what it has.
"""

import configparser
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from bep.planner.canonical import digest_of
from bep.providers.local.environments.builder_names import CONDA, PIP
from bep.providers.local.environments.conda import Recipe
from bep.providers.local.environments.credentials import without_users
from bep.providers.local.environments.interpreters import Interpreter

FORMAT: Final = 2
"""Part of every digest: a change in how environments are built makes new ones."""

FORMAT_OF_ONE_WORKSPACE: Final = 1
"""That of the environments which belonged to one workspace each."""

DIGITS: Final = 32

_PIP_SETTINGS: Final = (
    *("index_url", "extra_index_url", "find_links", "no_index", "constraint", "pre", "no_binary", "only_binary"),
    *("prefer_binary", "platform", "implementation", "abi"),
)
"""The settings of pip that decide what it finds."""

_CONDA_SETTINGS: Final = (
    *("channels", "default_channels", "channel_alias", "custom_channels", "custom_multichannels"),
    *("channel_priority", "pinned_packages", "offline"),
)


def digest_by_pip(interpreter: Interpreter, recipe: Recipe, surroundings: Mapping[str, str]) -> str:
    """The digest of what pip makes of a recipe with an interpreter."""
    real = os.path.realpath(interpreter.path)
    python = (real, interpreter.implementation, interpreter.version, interpreter.build, interpreter.platform)
    return digest_of([FORMAT, PIP, *python, pip_settings(surroundings), *_asked(recipe)])[7:][:DIGITS]


def digest_by_conda(recipe: Recipe, surroundings: Mapping[str, str]) -> str:
    """The digest of what conda makes, which is not what pip makes; micromamba, mamba and conda make the same."""
    channels = [without_users(channel) for channel in recipe.channels]
    settings = [conda_settings(surroundings), pip_settings(surroundings)]
    return digest_of([FORMAT, CONDA, _subdir(surroundings), settings, channels, *_asked(recipe)])[7:][:DIGITS]


def digest_of_one_workspace(interpreter: Interpreter, recipe: Recipe) -> str:
    """The name of an environment that pip made when each belonged to one workspace."""
    python = (interpreter.implementation, interpreter.version, interpreter.platform)
    return digest_of([FORMAT_OF_ONE_WORKSPACE, *python, recipe.first, recipe.then])[7:][:DIGITS]


def digest_of_one_workspace_by_conda(recipe: Recipe, surroundings: Mapping[str, str]) -> str:
    """The name of one that conda made then."""
    parts = [FORMAT_OF_ONE_WORKSPACE, CONDA, _subdir(surroundings), recipe.channels, recipe.first, recipe.then]
    return digest_of(parts)[7:][:DIGITS]


def _asked(recipe: Recipe) -> list[Any]:
    lines = ([without_users(line) for line in lines] for lines in (recipe.first, recipe.then, recipe.constraints))
    return [*lines, dict(recipe.files)]


def _subdir(surroundings: Mapping[str, str]) -> str:
    """CONDA_SUBDIR is conda's own setting for another platform than the machine's."""
    return surroundings.get("CONDA_SUBDIR") or f"{sys.platform}-{os.uname().machine}"


def pip_settings(surroundings: Mapping[str, str]) -> dict[str, str]:
    """What the user's files and variables tell pip of where to look, as far as it decides what is found."""
    found: dict[str, str] = {}
    for file in _pip_files(surroundings):
        found.update(_pip_file(file))
    for name in _PIP_SETTINGS:
        value = surroundings.get(f"PIP_{name.upper()}")
        if value:
            found[name] = without_users(value)
    return found


def _pip_files(surroundings: Mapping[str, str]) -> Iterator[Path]:
    """pip's files of settings, the later before the earlier (docs of pip, "Configuration")."""
    named = surroundings.get("PIP_CONFIG_FILE")
    if named == os.devnull:
        return
    shared = surroundings.get("XDG_CONFIG_DIRS") or "/etc/xdg"
    yield from (Path(place, "pip", "pip.conf") for place in shared.split(os.pathsep) if place)
    yield Path("/etc/pip.conf")
    home = surroundings.get("HOME")
    if home:
        yield Path(home, ".pip", "pip.conf")
        yield Path(surroundings.get("XDG_CONFIG_HOME") or f"{home}/.config", "pip", "pip.conf")
    if named:
        yield Path(named)


def _pip_file(file: Path) -> dict[str, str]:
    parser = configparser.RawConfigParser()
    try:
        parser.read(file, encoding="utf-8")
    except (OSError, ValueError, configparser.Error):
        return {}  # pip says what is wrong with it
    return {
        name: without_users(parser[section][name.replace("_", "-")])
        for section in ("global", "install")
        if parser.has_section(section)
        for name in _PIP_SETTINGS
        if parser.has_option(section, name.replace("_", "-"))
    }


def conda_settings(surroundings: Mapping[str, str]) -> dict[str, Any]:
    """What the user's files and variables tell conda of where to look."""
    import yaml

    found: dict[str, Any] = {}
    home = surroundings.get("HOME", "")
    own = (f"{home}/.condarc", f"{home}/.config/conda/.condarc", f"{home}/.mambarc")
    for place in (*own, surroundings.get("CONDARC")):
        try:
            read = yaml.safe_load(Path(place or "/").read_text(encoding="utf-8"))
        except (OSError, ValueError, yaml.YAMLError):
            continue
        found |= {name: read[name] for name in _CONDA_SETTINGS if isinstance(read, dict) and name in read}
    named = {name: f"CONDA_{name.upper()}" for name in _CONDA_SETTINGS}
    found |= {name: surroundings[variable] for name, variable in named.items() if variable in surroundings}
    return {name: without_users(str(value)) for name, value in found.items()}
