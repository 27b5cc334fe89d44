"""Which Pythons this machine has, and which of them a recipe means. Asks each once for its version."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from bep.disk.durable import write_durably
from bep.disk.modes import make_folder
from bep.lazy_dataclasses import asdict, dataclass
from bep.lazy_patterns import lazy_pattern
from bep.providers.protocol import ProviderError

PROBE_SECONDS: Final = 20

USUAL: Final = "CPython"

_PROBE: Final = (
    "import json, platform, sys, sysconfig; print(json.dumps({'path': sys.executable,"
    " 'build': '%s %s' % (sys.version, sysconfig.get_config_var('SOABI')),"
    " 'version': platform.python_version(), 'platform': sys.platform + '-' + platform.machine(),"
    " 'implementation': platform.python_implementation()"
    " + (' free-threaded' if sysconfig.get_config_var('Py_GIL_DISABLED') else '')}))"
)
_FOLDERS: Final = (
    "{PYENV_ROOT}/versions/*/bin",
    "{HOME}/.pyenv/versions/*/bin",
    "{UV_PYTHON_INSTALL_DIR}/*/bin",
    "{XDG_DATA_HOME}/uv/python/*/bin",
    "{HOME}/.local/share/uv/python/*/bin",
    "{ASDF_DATA_DIR}/installs/python/*/bin",
    "{HOME}/.asdf/installs/python/*/bin",
    "{MISE_DATA_DIR}/installs/python/*/bin",
    "{HOME}/.local/share/mise/installs/python/*/bin",
    "{HOME}/miniconda3/bin",
    "{HOME}/miniconda3/envs/*/bin",
    "{HOME}/anaconda3/bin",
    "{HOME}/anaconda3/envs/*/bin",
    "{HOME}/miniforge3/bin",
    "{HOME}/miniforge3/envs/*/bin",
    "/opt/conda/bin",
    "/opt/conda/envs/*/bin",
    "/opt/python/*/bin",
    "/opt/homebrew/bin",
    "/Library/Frameworks/Python.framework/Versions/*/bin",
    "/usr/local/bin",
    "/usr/bin",
)
_EXACT = r"\d+\.\d+(\.\d+)?"
_NAME = lazy_pattern(r"python(3(\.\d+)?)?")
_CLAUSE = lazy_pattern(r"\s*(>=|<=|==|!=|~=|<|>|=)?\s*(\d+(?:\.\d+)*)(?:\.\*)?\s*")


@dataclass(frozen=True, slots=True)
class Interpreter:
    """One Python: `version` as it says itself (`3.7.16`), `platform` such as `linux-x86_64`.

    `build` tells two builds of one version apart: when, by what and for which interface it was compiled.
    `implementation` is CPython, PyPy, or 'CPython free-threaded' for a build without the global lock.
    """

    path: str
    version: str
    implementation: str
    platform: str
    build: str = ""

    @property
    def numbers(self) -> tuple[int, ...]:
        """The version to compare by; a release candidate counts as its release."""
        return tuple(int(part) for part in re.findall(r"\d+", self.version)[:3])

    @property
    def is_usual(self) -> bool:
        """Whether packages have wheels for it: CPython as most have it, and no preview (3.15.0a2) of a release."""
        return self.implementation == USUAL and re.fullmatch(r"[\d.]+\+?", self.version) is not None


def probe(path: str | Path) -> Interpreter | None:
    """What an interpreter says of itself; None if it does not start. A shim answers with what it leads to."""
    try:
        answer = subprocess.run(
            [str(path), "-I", "-c", _PROBE], capture_output=True, text=True, timeout=PROBE_SECONDS, check=True
        )
        return Interpreter(**json.loads(answer.stdout))
    except (OSError, subprocess.SubprocessError, ValueError, TypeError):
        return None


def find(wanted: str | None, surroundings: Mapping[str, str], cache: Path) -> Interpreter:
    """The interpreter of a version (`3.7`, `3.7.16`) or range (`>=3.7,<3.9`).

    The exact patch if it is there, else the nearest of the same minor version; for a range the newest inside. Previews,
    free-threaded builds and PyPy are taken where nothing else suits.
    Raises `ProviderError` (code NoInterpreter) saying what was looked for, where, and how to get it.
    """
    known = discovered(surroundings, cache)
    best = choose(wanted, known)
    if best is None:
        best = _from_uv(wanted, surroundings)
    if best is None:
        raise ProviderError("environment", "build", _not_found(wanted, known, surroundings), code="NoInterpreter")
    return best


def choose(wanted: str | None, known: Iterable[Interpreter]) -> Interpreter | None:
    """The best of the known ones for a version or range. Pure."""
    pythons = [one for one in known if one.numbers >= (3, 6)]
    asked = tuple(int(part) for part in wanted.split(".")) if wanted and re.fullmatch(_EXACT, wanted) else ()
    if asked:
        suiting = [one for one in pythons if one.numbers[:2] == asked[:2]]
    else:
        suiting = [one for one in pythons if wanted is None or within(one.numbers, wanted)]
    if len(asked) == 3:
        return min(suiting, key=lambda one: (abs(one.numbers[2] - asked[2]), not one.is_usual, one.path), default=None)
    return max(suiting, key=lambda one: (one.is_usual, one.numbers, one.path), default=None)


def discovered(surroundings: Mapping[str, str], cache: Path, *, keep: bool = True) -> tuple[Interpreter, ...]:
    """Every interpreter found. Each is asked once: answers are kept by real path and time of change in `cache`, unless
    nothing is to be kept.
    """
    remembered = _remembered(cache)
    found: dict[str, Interpreter] = {}
    for path in _candidates(surroundings):
        key = f"{path}@{path.stat().st_mtime_ns}"
        answer = remembered.get(key) or probe(path)
        if answer is not None:  # one that did not answer is asked again: it may only have been slow
            found[key] = answer
    if keep and remembered != found:
        with suppress(OSError):  # it saves time and nothing else: a world that may only be read goes without
            make_folder(cache.parent)
            _keep(cache, found)
    return tuple(found.values())


def _keep(cache: Path, found: Mapping[str, Interpreter]) -> None:
    text = json.dumps({key: asdict(one) for key, one in sorted(found.items())}, indent=1)
    write_durably(cache, text.encode())


def folders(surroundings: Mapping[str, str]) -> tuple[Path, ...]:
    """Every folder that is looked in: PATH first, bep's own last. Shims are passed over: they lead to these."""
    on_path = [Path(part) for part in surroundings.get("PATH", "").split(os.pathsep) if part]
    known = [place for pattern in _FOLDERS for place in _expanded(pattern, surroundings)]
    own = Path(sys.executable).resolve().parent
    return tuple(dict.fromkeys(place for place in (*on_path, *known, own) if place.name != "shims" and place.is_dir()))


def _expanded(pattern: str, surroundings: Mapping[str, str]) -> Iterator[Path]:
    try:
        place = pattern.format_map(surroundings)
    except KeyError:
        return
    yield from sorted(Path("/").glob(place.lstrip("/")))


def _candidates(surroundings: Mapping[str, str]) -> Iterator[Path]:
    seen = set()
    for folder in folders(surroundings):
        for file in sorted(folder.glob("python*")):
            real = file.resolve()
            if _NAME.fullmatch(file.name) and real not in seen and os.access(real, os.X_OK):
                seen.add(real)
                yield real


def _remembered(cache: Path) -> dict[str, Interpreter]:
    try:
        found = json.loads(cache.read_text()).items()
        return {key: Interpreter(**one) for key, one in found if "build" in one}  # an earlier bep did not ask for it
    except (OSError, ValueError, TypeError, AttributeError):
        return {}  # only a cache: whatever is wrong with it, asking again mends it


def within(numbers: tuple[int, ...], wanted: str) -> bool:
    """Whether a version is in a range such as `>=3.8,<3.11`."""
    return all(_holds(numbers, clause) for clause in wanted.split(",") if clause.strip())


def _holds(numbers: tuple[int, ...], clause: str) -> bool:
    found = _CLAUSE.fullmatch(clause)
    if found is None:
        return False
    limit = tuple(int(part) for part in found[2].split("."))
    there = numbers[: len(limit)]
    match found[1]:
        case ">=":
            return there >= limit
        case "<=":
            return there <= limit
        case ">":
            return there > limit
        case "<":
            return there < limit
        case "!=":
            return there != limit
        case "~=":
            return there >= limit and there[: len(limit) - 1] == limit[:-1]
        case _:
            return there == limit


def _from_uv(wanted: str | None, surroundings: Mapping[str, str]) -> Interpreter | None:
    """The interpreter that `uv` can fetch, if `uv` is there."""
    uv = shutil.which("uv", path=surroundings.get("PATH", ""))
    if uv is None or wanted is None:
        return None
    subprocess.run([uv, "python", "install", wanted], env=dict(surroundings), capture_output=True, check=False)
    command = [uv, "python", "find", "--no-project", "--managed-python", wanted]
    answer = subprocess.run(command, env=dict(surroundings), capture_output=True, text=True, check=False)
    return probe(answer.stdout.strip()) if answer.returncode == 0 else None


def _not_found(wanted: str | None, known: Iterable[Interpreter], surroundings: Mapping[str, str]) -> str:
    here = ", ".join(
        sorted({one.version for one in known}, key=lambda text: [int(n) for n in re.findall(r"\d+", text)])
    )
    places = ", ".join(str(folder) for folder in folders(surroundings))
    name = wanted or "3"
    return (
        f"no Python {name} on this machine. Found: {here or 'none'}. Looked in: {places}."
        f" Get it with 'pyenv install {name}' or 'uv python install {name}' (bep uses uv by itself when it is on PATH;"
        " micromamba or conda, too, bring it to an environment of a conda_file), or ask for one of those found"
    )
