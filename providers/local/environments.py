"""Virtual environments by the digest of what is in them: built once, reused, listed, pruned. Knows no deployment."""

import fcntl
import json
import os
import shutil
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from bep.planner.canonical import digest_of
from bep.providers.durable import write_durably
from bep.providers.local.building import Site, build
from bep.providers.local.conda import Problem, Recipe
from bep.providers.local.disk_faults import told
from bep.providers.local.folders import remove
from bep.providers.local.interpreters import Interpreter, find, probe
from bep.providers.protocol import ProviderError
from bep.schemas.address import Address

FORMAT: Final = 1
"""Part of every digest: a change in how environments are built makes new ones."""

COMPLETE: Final = "complete.json"
"""Written last. A folder without it is a build that was killed; nobody uses it, the next build clears it."""

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Built:
    """A usable environment: `python` is its interpreter's path, `version` that Python's version."""

    digest: str
    label: str
    python: str
    version: str
    requirements: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    log: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a recipe comes to on this machine: the interpreter it would be built with, and the environment if it is."""

    digest: str
    recipe: Recipe
    interpreter: Interpreter
    built: Built | None


class Environments:
    """`environments/<digest>/` below `cloud`, with `<digest>.log` and `<digest>.lock` beside it.

    `python` is the setting `provider.local.python`; `surroundings` the process's environment.
    """

    def __init__(self, cloud: Path, *, surroundings: Mapping[str, str], python: str | None = None) -> None:
        self.folder = cloud / "environments"
        self.cache = cloud / "interpreters.json"
        self.python = python
        self.surroundings = surroundings

    def build(self, label: str, recipe: Recipe, report: Report = lambda _: None) -> Built:
        """The environment of a recipe: as it stands, or built now.

        `report` gets a line for each step. Raises `ProviderError`: EnvironmentUnbuildable with every problem of the
        recipe, NoInterpreter, or EnvironmentFailed.
        """
        wanted = self.wanted(label, recipe)
        if wanted.built is not None:
            return wanted.built
        with told(label, "build"):
            return self._built(label, wanted.digest, wanted.interpreter, wanted.recipe, report)

    def wanted(self, label: str, recipe: Recipe) -> Wanted:
        """What `build` would give or make. Makes nothing; raises as `build` does before it starts."""
        recipe = _with_tools(recipe, self.surroundings)
        if recipe.problems:
            message = "; ".join(map(str, recipe.problems))
            raise ProviderError(label, "build", message, code="EnvironmentUnbuildable")
        interpreter = self._interpreter(recipe)
        digest = _digest(interpreter, recipe)
        return Wanted(digest, recipe, interpreter, self.show(digest))

    def list(self) -> tuple[Built, ...]:
        """Every usable environment, sorted by label."""
        found = (self.show(marker.parent.name) for marker in self.folder.glob(f"*/{COMPLETE}"))
        return tuple(sorted((one for one in found if one), key=lambda one: (one.label, one.digest)))

    def show(self, digest: str) -> Built | None:
        """The environment of this digest if it is complete and its interpreter still starts somewhere."""
        try:
            about = json.loads((self.folder / digest / COMPLETE).read_text())
            built = Built(**{**about, "requirements": tuple(about["requirements"]), "notes": tuple(about["notes"])})
        except (OSError, ValueError, TypeError, KeyError):
            return None
        return built if Path(built.python).exists() else None

    def prune(self, keep: Collection[str] = ()) -> tuple[str, ...]:
        """Remove every environment but those digests, and the leftovers of killed builds; what is being built stays.

        Returns the digests removed. The caller keeps those that running jobs use.
        """
        names = {path.name.removesuffix(".log") for path in self.folder.glob("*") if path.suffix != ".lock"}
        return tuple(name for name in sorted(names - set(keep)) if self._pruned(name))

    def own(self) -> str:
        """The user's interpreter: the setting's, else the active environment's, else python3 on PATH, else bep's."""
        path = self.surroundings.get("PATH", "")
        if self.python:
            found = shutil.which(str(Path(self.python).expanduser()), path=path)
            if found is None:
                message = f"provider.local.python is {self.python}, which is not a program on this machine"
                raise ProviderError("environment", "find", message, code="NoInterpreter")
            return found
        active = Path(self.surroundings.get("VIRTUAL_ENV", "/nowhere")) / "bin" / "python"
        if active.exists():
            return str(active)
        return _behind_shim(shutil.which("python3", path=path)) or sys.executable

    def _interpreter(self, recipe: Recipe) -> Interpreter:
        if recipe.python is not None:
            return find(recipe.python, self.surroundings, self.cache)
        own = probe(self.own())
        if own is None:
            message = f"{self.own()} does not start; set provider.local.python"
            raise ProviderError("environment", "find", message, code="NoInterpreter")
        return own

    def _built(self, label: str, digest: str, interpreter: Interpreter, recipe: Recipe, report: Report) -> Built:
        folder, log = self.folder / digest, self.folder / f"{digest}.log"
        with self._locked(digest, f"{label}: another process is building it; waiting", report) as lock:
            there = self.show(digest)
            if there is not None:
                return there
            if folder.exists():
                remove(folder)
            site = Site(label, folder, log, lock, self.surroundings, report)
            build(site, interpreter, recipe)
            os.sync()  # the marker must not outlive, in a power cut, what it vouches for
            requirements = (*recipe.first, *recipe.then)
            built = Built(digest, label, str(site.python), interpreter.version, requirements, recipe.notes, str(log))
            write_durably(folder / COMPLETE, json.dumps(asdict(built), indent=1, sort_keys=True).encode())
            report(f"{label}: ready")
            return built

    @contextmanager
    def _locked(self, digest: str, waiting: str, report: Report) -> Iterator[int]:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / f"{digest}.lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                report(waiting)
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield lock.fileno()

    def _pruned(self, name: str) -> bool:
        with (self.folder / f"{name}.lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            (self.folder / name / COMPLETE).unlink(missing_ok=True)
            remove(self.folder / name)
            (self.folder / f"{name}.log").unlink(missing_ok=True)
            return True


def label_of(address: Address | str) -> str:
    """How an environment is called in logs and job records: `mnist-env/1`."""
    return str(address).removeprefix("environment/")


def _digest(interpreter: Interpreter, recipe: Recipe) -> str:
    python = (interpreter.implementation, interpreter.version, interpreter.platform)
    return digest_of([FORMAT, *python, recipe.first, recipe.then])[7:39]


def _with_tools(recipe: Recipe, surroundings: Mapping[str, str]) -> Recipe:
    """The recipe with each program it counts on looked up: a note where it is, a problem where it is not."""
    notes, problems = list(recipe.notes), list(recipe.problems)
    for package, program in recipe.tools:
        found = shutil.which(program, path=surroundings.get("PATH", ""))
        if found:
            notes.append(f"{package} is this machine's own: {found}")
        else:
            message = f"{package} is a program, not a Python package, and there is no '{program}' on PATH"
            problems.append(Problem(message, "Install it on this machine"))
    return replace(recipe, notes=tuple(notes), problems=tuple(problems), tools=())


def _behind_shim(found: str | None) -> str | None:
    """What a version switcher's shim leads to; any other path is returned as it is."""
    if found is None or Path(found).parent.name != "shims":
        return found
    answer = probe(found)
    return answer.path if answer else None
