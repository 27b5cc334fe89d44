"""Virtual environments by the digest of what is in them: built once, reused, listed, pruned. Knows no deployment."""

import fcntl
import os
import shutil
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bep.planner.canonical import digest_of
from bep.providers.local import building, conda_prefix
from bep.providers.local.builders import BY_PIP, CONDA, Builder, conda_program, settled
from bep.providers.local.building import Site
from bep.providers.local.built import COMPLETE, Built, is_home, mark, marked, usable
from bep.providers.local.conda import Recipe
from bep.providers.local.disk_faults import told
from bep.providers.local.folders import remove
from bep.providers.local.interpreters import Interpreter, find, probe
from bep.providers.local.provider import AUTO
from bep.providers.protocol import ProviderError
from bep.schemas.address import Address

FORMAT: Final = 1
"""Part of every digest: a change in how environments are built makes new ones."""

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a recipe comes to on this machine: who would build it, and the environment if it is there.

    `interpreter` is the one it would be built with, None where it would get its own from conda.
    """

    digest: str
    recipe: Recipe
    interpreter: Interpreter | None
    built: Built | None
    builder: Builder = BY_PIP


class Environments:
    """`environments/<digest>/` below `cloud`, with `<digest>.log` and `<digest>.lock` beside it.

    `python` and `builder` are the settings `provider.local.python` and `provider.local.environments`; `surroundings`
    is the process's environment.
    """

    def __init__(
        self, cloud: Path, *, surroundings: Mapping[str, str], python: str | None = None, builder: str = AUTO
    ) -> None:
        self.folder = cloud / "environments"
        self.cache = cloud / "interpreters.json"
        self.python = python
        self.builder = builder
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
            return self._built(label, wanted, report)

    def wanted(self, label: str, recipe: Recipe) -> Wanted:
        """What `build` would give or make. Makes nothing; raises as `build` does before it starts."""
        builder, asked = settled(recipe, self.builder, self.surroundings)
        if asked.problems:
            message = "; ".join(map(str, asked.problems))
            raise ProviderError(label, "build", message, code="EnvironmentUnbuildable")
        if builder.is_pip:
            try:
                return self._by_pip(asked)
            except ProviderError as missing:
                program = conda_program(self.surroundings) if self.builder == AUTO else None
                if missing.code != "NoInterpreter" or recipe.by_conda is None or program is None:
                    raise
                builder, asked = program, recipe.by_conda  # which brings the Python that this machine lacks
        digest = _digest_by_conda(asked, self.surroundings)
        return Wanted(digest, asked, None, self.show(digest), builder)

    def _by_pip(self, recipe: Recipe) -> Wanted:
        interpreter = self._interpreter(recipe)
        digest = _digest(interpreter, recipe)
        return Wanted(digest, recipe, interpreter, self.show(digest))

    def list(self) -> tuple[Built, ...]:
        """Every usable environment, sorted by label."""
        found = (self.show(marker.parent.name) for marker in self.folder.glob(f"*/{COMPLETE}"))
        return tuple(sorted((one for one in found if one), key=lambda one: (one.label, one.digest)))

    def show(self, digest: str) -> Built | None:
        """The environment of this digest, if it can be used where it stands."""
        built = marked(self.folder / digest)
        return built if built is not None and usable(built, self.folder / digest) else None

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

    def _built(self, label: str, wanted: Wanted, report: Report) -> Built:
        digest = wanted.digest
        folder, log = self.folder / digest, self.folder / f"{digest}.log"
        with self._locked(digest, f"{label}: another process is building it; waiting", report) as lock:
            there = self.show(digest)
            if there is not None:
                return there
            if folder.exists():
                self._clear(label, digest, report)
            site = Site(label, folder, log, lock, self.surroundings, report)
            built = _made(site, digest, wanted)
            os.sync()  # the marker must not outlive, in a power cut, what it vouches for
            mark(built, folder)
            report(f"{label}: ready")
            return built

    def _clear(self, label: str, digest: str, report: Report) -> None:
        """Remove what stands in the way of a build: a killed one's leftovers, or one that was built elsewhere."""
        folder = self.folder / digest
        there = marked(folder)
        if there is not None and not is_home(there, folder):
            report(f"{label}: was built at {there.folder}, and has been moved or copied since: building it here")
        (folder / COMPLETE).unlink(missing_ok=True)
        remove(folder)

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


def _digest_by_conda(recipe: Recipe, surroundings: Mapping[str, str]) -> str:
    """What conda makes is not what pip makes; micromamba, mamba and conda make the same, so which of them is no part.

    CONDA_SUBDIR is conda's own setting for another platform than the machine's.
    """
    platform = surroundings.get("CONDA_SUBDIR") or f"{sys.platform}-{os.uname().machine}"
    return digest_of([FORMAT, CONDA, platform, recipe.channels, recipe.first, recipe.then])[7:39]


def _made(site: Site, digest: str, wanted: Wanted) -> Built:
    """Build what is wanted with its builder."""
    recipe, own = wanted.recipe, wanted.interpreter
    variables: Mapping[str, str] = {}
    if own is not None:
        building.build(site, own, recipe)
    else:
        own, variables = conda_prefix.build(site, wanted.builder, recipe)
    return Built(
        digest,
        site.label,
        str(site.python),
        own.version,
        requirements=(*recipe.first, *recipe.then),
        notes=recipe.notes,
        log=str(site.log),
        builder=wanted.builder.name,
        variables=variables,
    )


def _behind_shim(found: str | None) -> str | None:
    """What a version switcher's shim leads to; any other path is returned as it is."""
    if found is None or Path(found).parent.name != "shims":
        return found
    answer = probe(found)
    return answer.path if answer else None
