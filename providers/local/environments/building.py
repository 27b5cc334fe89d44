"""One virtual environment, built by venv and pip, every line of theirs in a log. Knows no resource.

Pip works in a private folder, so that nothing is looked up where bep stands.
"""

import re
import shlex
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import IO, Final

from bep.lazy_dataclasses import dataclass, field
from bep.lazy_patterns import lazy_pattern
from bep.providers.local.environments import builder_output, seeding
from bep.providers.local.environments.builder_output import Teller
from bep.providers.local.environments.conda import Recipe
from bep.providers.local.environments.credentials import Credentials, given, taken_out
from bep.providers.local.environments.interpreters import Interpreter
from bep.providers.protocol import ProviderError

OLDEST_PIP: Final = (23, 1)
"""Older ones try one release after another of a package that cannot fit (for more than ten minutes, seen with 23.0.1
and Azure's torch example, where a newer one took one); before 20.3 they miss the wheels of today (PEP 600)."""

LAST_PIP: Final = {"3.6": "pip<22", "3.7": "pip<24.1", "3.8": "pip<25.1", "3.9": "pip<26.1"}
"""Pip for a Python it has left behind, said outright: what old pips find in local folders they take unchecked."""

_WORTH_TELLING = lazy_pattern(
    r"(Collecting|Downloading|Building wheels?|Installing collected|Successfully installed"
    r"|Solving environment|(Executing|Starting|Finished) transaction|Transaction (starting|finished))\b.*"
)

_CONDA_ERROR: Final = lazy_pattern(r"(\w+Error|ResolvePackageNotFound)\b.*:|(error|critical)\s+libmamba\b")
"""How conda and micromamba begin to say what is wrong; what it is comes in the lines after it."""

_NOT_FOR_PIP: Final = (
    "PYTHONPATH",
    "PYTHONHOME",
    "PYTHONSTARTUP",
    "VIRTUAL_ENV",
    "CONDA_PREFIX",
    "PIP_TARGET",
    "PIP_PREFIX",
    "PIP_USER",
    "PIP_ROOT",
    "PIP_REQUIREMENT",
    "PIP_EDITABLE",
    "PIP_DRY_RUN",
    "PIP_PROGRESS_BAR",
)


NO_VARIABLES: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Site:
    """Where one build happens. `lock` is an open, locked file: children inherit it, so that a build that outlives
    its killed parent for a moment still keeps others away. `work` is a private folder beside it, for what goes again;
    `moving` is shown what a program draws over and over, where somebody looks."""

    label: str
    folder: Path
    log: Path
    lock: int
    surroundings: Mapping[str, str]
    report: Callable[[str], None]
    work: Path
    moving: Callable[[str], None] | None = None
    credentials: Credentials = field(default_factory=Credentials)

    @property
    def files(self) -> Path:
        """Where the carried files lie while pip works, and where it works."""
        return self.work / "files"

    @property
    def python(self) -> Path:
        """The environment's own interpreter."""
        return self.folder / "bin" / "python"


def build(site: Site, interpreter: Interpreter, recipe: Recipe) -> None:
    """Make the environment. Raises `ProviderError` (code EnvironmentFailed) with pip's own words and the log's path."""
    with site.log.open("w", encoding="utf-8") as log:
        for note in recipe.notes:
            log.write(f"bep: {note}\n")
        asked = "" if interpreter.version.startswith(recipe.python or "") else f" (asked for: {recipe.python})"
        site.report(f"{site.label}: making a virtual environment with Python {interpreter.version}{asked}")
        lay_out(site, recipe)
        _make(site, log, interpreter)
        for step, lines in enumerate((recipe.first, recipe.then), 1):
            if lines:
                pip_install(site, log, step, lines, recipe.constraints, interpreter.version)


def lay_out(site: Site, recipe: Recipe) -> None:
    """Put the carried files where pip works. They are copied: what pip makes of them reaches no store."""
    site.files.mkdir(mode=0o700)
    if recipe.source is None or not recipe.files:
        return
    source = recipe.source()
    for name in recipe.files:
        (site.files / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, site.files / name)


def pip_install(
    site: Site,
    log: IO[str],
    step: int,
    lines: Sequence[str],
    constraints: Sequence[str],
    version: str,
    *options: str,
) -> None:
    """Let the environment's own pip, of a Python of this version, install these lines at once. Raises as `build` does.

    The lines say `./NAME` of a carried file.
    """
    clear = taken_out(site.label, [*lines, *constraints], site.surroundings, version, site.credentials)
    listed = _listed(site, f"requirements-{step}.txt", clear[: len(lines)])
    options = (*options, "--progress-bar", "on" if site.moving else "off", "-r", str(listed))
    if constraints:
        options = (*options, "-c", str(_listed(site, f"constraints-{step}.txt", clear[len(lines) :])))
    with given(site.credentials, site.surroundings, version, site.work) as variables:
        command = [str(site.python), "-m", "pip", "install", *options]
        must(site, log, command, "pip install", variables)


def _listed(site: Site, name: str, lines: Sequence[str]) -> Path:
    file = site.work / name
    file.touch(mode=0o600)
    file.write_text("".join(f"{_placed(site, line)}\n" for line in lines))
    return file


def _placed(site: Site, line: str) -> str:
    """A line with the place of a carried file in it."""
    if line.startswith("./"):
        return f"{site.files}/{line[2:]}"
    named = re.fullmatch(r"--find-links \./(.*)", line)
    return f"--find-links {shlex.quote(f'{site.files}/{named[1]}')}" if named else line


def _make(site: Site, log: IO[str], interpreter: Interpreter) -> None:
    plain = [interpreter.path, "-m", "venv", "--clear", str(site.folder)]
    wheels = seeding.bundled(interpreter)
    failed = _run(site, log, [*plain, "--without-pip"] if wheels else plain)
    if failed is not None and "ensurepip" in failed:  # Debian's python3 without python3-venv
        must(site, log, [*plain, "--without-pip"], "python -m venv")
        must(site, log, [sys.executable, "-m", "pip", "--python", str(site.python), "install", "pip"], "pip install")
        return
    if failed is not None:
        raise _failure(site, "python -m venv", failed)
    if wheels:
        log.write(f"bep: unpacking {', '.join(wheel.name for wheel in wheels)}\n")
        seeding.unpack(wheels, site.folder, interpreter.version)
    if _pip_version(site) < OLDEST_PIP:
        newest = LAST_PIP.get(".".join(interpreter.version.split(".")[:2]), "pip")
        _run(site, log, [str(site.python), "-m", "pip", "install", "--upgrade", newest])  # if not, the old one may do


def _pip_version(site: Site) -> tuple[int, ...]:
    for folder in site.folder.glob("lib/python*/site-packages/pip-*.dist-info"):
        return tuple(int(number) for number in re.findall(r"\d+", folder.name)[:2])
    return (0,)


def must(
    site: Site, log: IO[str], command: Sequence[str], doing: str, variables: Mapping[str, str] = NO_VARIABLES
) -> None:
    """Run a command that has to go well. Raises `ProviderError` (code EnvironmentFailed), which says `doing` failed."""
    failed = _run(site, log, command, variables)
    if failed is not None:
        raise _failure(site, doing, failed)


def _run(site: Site, log: IO[str], command: Sequence[str], variables: Mapping[str, str] = NO_VARIABLES) -> str | None:
    """Run to the end; None when it went well, else the end of what it said."""
    environment = {name: value for name, value in site.surroundings.items() if name not in _NOT_FOR_PIP}
    environment |= {
        "PIP_NO_INPUT": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PYTHONNOUSERSITE": "1",
        "PYTHONUNBUFFERED": "1",
        "NO_COLOR": "1",
    }

    def tell(line: str) -> None:
        if _WORTH_TELLING.match(line.strip()):
            site.report(f"{site.label}: {line.strip()}")

    teller = Teller(tell, site.moving, site.credentials.masked)
    return builder_output.run(
        command, log, teller, environment=environment | dict(variables), folder=site.files, lock=site.lock
    )


def _failure(site: Site, doing: str, said: str) -> ProviderError:
    message = f"{doing} failed: {_words(said)}. The whole log: {site.log}"
    return ProviderError(site.label, "build", message, code="EnvironmentFailed")


def _words(said: str) -> str:
    """What matters of what a program said at last: lines of errors, for pip; for conda all from the first of them."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if re.match(r"(ERROR|error|Error)\b(?!\s+libmamba)", line)]
    if errors:
        return "; ".join(dict.fromkeys(errors[-6:]))
    first = next((number for number, line in enumerate(lines) if _CONDA_ERROR.match(line)), None)
    if first is not None:
        return " ".join(lines[first:])[:600]
    return said.strip()[-400:] or "it said nothing"
