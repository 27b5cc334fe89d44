"""One virtual environment, built by venv and pip, every line of theirs in a log. Knows no resource.

Running a builder's program, whichever it is, is here as well.
"""

import re
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from bep.providers.local.conda import Recipe
from bep.providers.local.interpreters import Interpreter
from bep.providers.protocol import ProviderError

OLDEST_PIP: Final = (23, 1)
"""Older ones try one release after another of a package that cannot fit (for more than ten minutes, seen with 23.0.1
and Azure's torch example, where a newer one took one); before 20.3 they miss the wheels of today (PEP 600)."""

LAST_PIP: Final = {"3.6": "pip<22", "3.7": "pip<24.1", "3.8": "pip<25.1", "3.9": "pip<26.1"}
"""Pip for a Python it has left behind, said outright: what old pips find in local folders they take unchecked."""

_WORTH_TELLING = re.compile(
    r"(Collecting|Downloading|Building wheels?|Installing collected|Successfully installed"
    r"|Solving environment|(Executing|Starting|Finished) transaction|Transaction (starting|finished))\b.*"
)

_CONDA_ERROR: Final = re.compile(r"(\w+Error|ResolvePackageNotFound)\b.*:|(error|critical)\s+libmamba\b")
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
)


@dataclass(frozen=True, slots=True)
class Site:
    """Where one build happens. `lock` is an open, locked file: children inherit it, so that a build that outlives
    its killed parent for a moment still keeps others away."""

    label: str
    folder: Path
    log: Path
    lock: int
    surroundings: Mapping[str, str]
    report: Callable[[str], None]

    @property
    def python(self) -> Path:
        """The environment's own interpreter."""
        return self.folder / "bin" / "python"


def build(site: Site, interpreter: Interpreter, recipe: Recipe) -> None:
    """Make the environment. Raises `ProviderError` (code EnvironmentFailed) with pip's own words and the log's path."""
    with site.log.open("w", encoding="utf-8") as log:
        for note in recipe.notes:
            log.write(f"bep: {note}\n")
        site.report(f"{site.label}: making a virtual environment with Python {interpreter.version}")
        _make(site, log, interpreter)
        for step, lines in enumerate((recipe.first, recipe.then), 1):
            if lines:
                pip_install(site, log, step, lines)


def pip_install(site: Site, log: IO[str], step: int, lines: Sequence[str], *options: str) -> None:
    """Let the environment's own pip install these lines, all at once. Raises as `build` does."""
    listed = site.folder / f"requirements-{step}.txt"
    listed.write_text("\n".join(lines) + "\n")
    pip = [str(site.python), "-m", "pip", "install", *options, "--progress-bar", "off", "-r", str(listed)]
    must(site, log, pip, "pip install")


def _make(site: Site, log: IO[str], interpreter: Interpreter) -> None:
    plain = [interpreter.path, "-m", "venv", "--clear", str(site.folder)]
    failed = _run(site, log, plain)
    if failed is not None and "ensurepip" in failed:  # Debian's python3 without python3-venv
        must(site, log, [*plain, "--without-pip"], "python -m venv")
        must(site, log, [sys.executable, "-m", "pip", "--python", str(site.python), "install", "pip"], "pip install")
    elif failed is not None:
        raise _failure(site, "python -m venv", failed)
    elif _pip_version(site) < OLDEST_PIP:
        newest = LAST_PIP.get(".".join(interpreter.version.split(".")[:2]), "pip")
        _run(site, log, [str(site.python), "-m", "pip", "install", "--upgrade", newest])  # if not, the old one may do


def _pip_version(site: Site) -> tuple[int, ...]:
    for folder in site.folder.glob("lib/python*/site-packages/pip-*.dist-info"):
        return tuple(int(number) for number in re.findall(r"\d+", folder.name)[:2])
    return (0,)


def must(site: Site, log: IO[str], command: Sequence[str], doing: str) -> None:
    """Run a command that has to go well. Raises `ProviderError` (code EnvironmentFailed), which says `doing` failed."""
    failed = _run(site, log, command)
    if failed is not None:
        raise _failure(site, doing, failed)


def _run(site: Site, log: IO[str], command: Sequence[str]) -> str | None:
    """Run to the end; None when it went well, else the end of what it said."""
    log.write(f"$ {' '.join(command)}\n")
    log.flush()
    last: deque[str] = deque(maxlen=200)
    environment = {name: value for name, value in site.surroundings.items() if name not in _NOT_FOR_PIP}
    quiet = {
        "PIP_NO_INPUT": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PYTHONNOUSERSITE": "1",
        "PYTHONUNBUFFERED": "1",
    }
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=environment | quiet,
        pass_fds=(site.lock,),
    )
    with process:
        try:
            assert process.stdout
            for line in process.stdout:
                log.write(line)
                last.append(line)
                if _WORTH_TELLING.match(line.strip()):
                    site.report(f"{site.label}: {line.strip()[:160]}")
        except BaseException:
            process.kill()
            raise
    log.flush()
    return "".join(last) if process.returncode else None


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
