"""One conda environment, made by micromamba, mamba or conda, pip's part by its own pip. Knows no resource.

Options and variables are those that micromamba 2 (`micromamba create`, of which its and mamba 2's `env create` are
aliases) and conda 23 to 26 (`conda env create`) document.
"""

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bep.lazy_dataclasses import replace
from bep.lazy_patterns import lazy_pattern
from bep.providers.local.environments.builders import Builder
from bep.providers.local.environments.building import Site, lay_out, must, pip_install
from bep.providers.local.environments.conda import Recipe
from bep.providers.local.environments.credentials import filled_in, nameless
from bep.providers.local.environments.interpreters import Interpreter, probe
from bep.providers.protocol import ProviderError

_ANSWERS: Final = {
    "CONDA_ALWAYS_YES": "true",  # `conda env create` has not always had --yes
    "MAMBA_ALWAYS_YES": "true",  # mamba 2 reads only its own
}
_OF_ANOTHER: Final = lazy_pattern(
    r"CONDA_(PREFIX|STACKED)(_\d+)?|CONDA_(DEFAULT_ENV|SHLVL|PROMPT_MODIFIER)|MAMBA_(TARGET_PREFIX|DEFAULT_ENV)"
)
"""What an environment that is active around bep has set. The user's settings (CONDA_PKGS_DIRS, MAMBA_ROOT_PREFIX,
CONDA_SSL_VERIFY, CONDARC, ...) stay."""

ACTIVATION_SECONDS: Final = 60

_NOT_ACTIVATION: Final = ("_", "PWD", "OLDPWD", "SHLVL", "PATH", "CONDA_PREFIX")


def build(site: Site, builder: Builder, recipe: Recipe) -> tuple[Interpreter, dict[str, str]]:
    """Make the environment; its own interpreter, and the variables that activating it sets.

    Nothing may be at `site.folder`: the program makes it. Raises `ProviderError` (code EnvironmentFailed) with the
    program's own words and the log's path.
    """
    kept = {name: value for name, value in site.surroundings.items() if not _OF_ANOTHER.fullmatch(name)}
    site = replace(site, surroundings=kept | _ANSWERS)
    with site.log.open("w", encoding="utf-8") as log:
        for note in recipe.notes:
            log.write(f"bep: {note}\n")
        log.write(f"bep: environment.yml is\n{environment_file(recipe)}")
        site.report(f"{site.label}: making an environment with {builder.name}")
        lay_out(site, recipe)
        with _given_file(site, recipe) as file:
            must(site, log, command(builder, site.folder, file), builder.name)
        _forget_credentials(site)
        python = probe(site.python)
        if python is None:
            message = f"{builder.name} made an environment without a Python that starts. The whole log: {site.log}"
            raise ProviderError(site.label, "build", message, code="EnvironmentFailed")
        if recipe.then:  # `conda env create` asks pip for the same
            options = ("--upgrade", "--exists-action=b")
            pip_install(site, log, 1, recipe.then, recipe.constraints, python.version, *options)
    return python, activation(site.label, site.folder, kept)


@contextmanager
def _given_file(site: Site, recipe: Recipe) -> Iterator[Path]:
    """The file that conda reads, with the credentials of its channels, as long as it reads it."""
    channels = [filled_in(site.label, channel, site.surroundings, site.credentials) for channel in recipe.channels]
    first = [filled_in(site.label, package, site.surroundings, site.credentials) for package in recipe.first]
    text = environment_file(replace(recipe, channels=tuple(channels), first=tuple(first)))
    file = site.work / "environment.yml"  # of this name: newer condas tell the format by it
    if not site.credentials.hidden:
        file.write_text(text, encoding="utf-8")
        yield file
        return
    with nameless(text, site.work / "channels.yml") as hidden:
        file.symlink_to(hidden)
        yield file


def _forget_credentials(site: Site) -> None:
    """conda notes in each package's record where it came from, with the credentials of the channel."""
    for file in (site.folder / "conda-meta").glob("*") if site.credentials.hidden else ():
        text = file.read_text(encoding="utf-8", errors="surrogateescape")
        clean = site.credentials.masked(text)
        if clean != text:
            file.write_text(clean, encoding="utf-8", errors="surrogateescape")


def command(builder: Builder, prefix: Path, file: Path) -> list[str]:
    """The command line that makes an environment at a prefix from a file. No question is asked, see `_ANSWERS`."""
    place = ["--prefix", str(prefix), "--file", str(file)]
    if builder.name == "micromamba":
        return [builder.path, "create", "--yes", *place]
    return [builder.path, "env", "create", "--quiet", *place]


def environment_file(recipe: Recipe) -> str:
    """What conda is given: channels and packages as they were written; no name, since it is made at a prefix."""
    import yaml

    asked: dict[str, list[str]] = {"channels": list(recipe.channels)} if recipe.channels else {}
    return yaml.safe_dump({**asked, "dependencies": list(recipe.first)}, sort_keys=False, allow_unicode=True)


def activation(label: str, prefix: Path, surroundings: Mapping[str, str]) -> dict[str, str]:
    """The variables that the environment's own scripts set when it is activated, PATH and CONDA_PREFIX apart.

    Packages bring such scripts, gdal for one, whose libraries do not find their data without. They are of the shell,
    and see little of the user's own variables: what they make of those would be kept, and be another's tomorrow.
    Raises `ProviderError` (code EnvironmentFailed) when they do not come to an end.
    """
    scripts = sorted((prefix / "etc" / "conda" / "activate.d").glob("*.sh"))
    if not scripts:
        return {}
    path = f"{prefix / 'bin'}:{surroundings.get('PATH', '')}"
    before = {"PATH": path, "CONDA_PREFIX": str(prefix), "PYTHONCOERCECLOCALE": "0"}
    before |= {name: surroundings[name] for name in ("HOME", "LANG", "TMPDIR") if name in surroundings}
    read = 'for script in "$@"; do . "$script"; done >/dev/null; exec "$CONDA_PREFIX/bin/python" -c '
    tell = "'import json, os; print(json.dumps(dict(os.environ)))'"
    shell = shutil.which("bash", path=path) or "/bin/sh"
    try:
        answer = subprocess.run(
            [shell, "-c", read + tell, "sh", *map(str, scripts)],
            env=before,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=ACTIVATION_SECONDS,
            check=True,
        )
        after = json.loads(answer.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        message = f"the scripts that activate it failed ({', '.join(script.name for script in scripts)}): {error}"
        raise ProviderError(label, "build", message, code="EnvironmentFailed") from error
    return {name: value for name, value in after.items() if name not in _NOT_ACTIVATION and before.get(name) != value}
