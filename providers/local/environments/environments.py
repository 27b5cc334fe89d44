"""Virtual environments by the digest of what is in them: built once, reused, listed, pruned. Knows no deployment.

What builds, and what asks Pythons who they are, is imported on use: a list of what is there needs neither.
"""

import os
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bep.disk.locks import take, wait
from bep.lazy_dataclasses import dataclass, replace
from bep.providers.disk_faults import told
from bep.providers.local.environments import folder as environment_folder
from bep.providers.local.environments.builder_names import AUTO
from bep.providers.local.environments.built import COMPLETE, Built, is_home, mark, marked, usable
from bep.providers.local.folders import remove
from bep.providers.protocol import ProviderError
from bep.schemas.address import Address

if TYPE_CHECKING:
    from bep.providers.local.environments.builders import Builder
    from bep.providers.local.environments.building import Site
    from bep.providers.local.environments.conda import Recipe
    from bep.providers.local.environments.interpreters import Interpreter

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class EnvironmentPlan:
    """What a recipe comes to on this machine: who would build it, and the environment if it is there.

    `interpreter` is the one it would be built with, None where it would get its own from conda.
    """

    digest: str
    recipe: "Recipe"
    interpreter: "Interpreter | None"
    built: Built | None
    builder: "Builder"


class Environments:
    """`<digest>/` below `folder`, see `environment_folder`; `own_folder` has those of this workspace alone, which an
    earlier bep built and which are used where they stand.

    `moving`, where somebody looks, is shown what pip draws over and over. `workspace` is the one that uses them.
    `python` and `builder` are the settings `provider.local.python` and `provider.local.environments`; `surroundings`
    is the process's environment.
    """

    def __init__(
        self,
        cloud: Path,
        *,
        surroundings: Mapping[str, str],
        python: str | None = None,
        builder: str = AUTO,
        folder: Path | None = None,
        workspace: Path | None = None,
    ) -> None:
        self.own_folder = cloud / "environments"
        self.folder = folder or self.own_folder
        self.cache = cloud / "interpreters.json"
        self.python = python
        self.builder = builder
        self.surroundings = surroundings
        self.workspace = workspace
        self.moving: Report | None = None

    def build(self, label: str, recipe: "Recipe", report: Report = lambda _: None) -> Built:
        """The environment of a recipe: as it stands, or built now.

        `report` gets a line for each step. Raises `ProviderError`: EnvironmentUnbuildable with every problem of the
        recipe, NoInterpreter, or EnvironmentFailed.
        """
        wanted = self.wanted(label, recipe)
        with told(label, "build"):
            built = wanted.built or self._built(label, wanted, report)
            environment_folder.note(built.folder, self.workspace)
        return replace(built, notes=wanted.recipe.notes, asked=wanted.recipe.python or "")

    def use(self, label: str, recipe: "Recipe", report: Report = lambda _: None) -> Built:
        """The environment of a recipe, for a job: nobody removes it while this process runs. Raises as `build` does."""
        while True:
            built = self.build(label, recipe, report)
            with told(label, "run"):
                environment_folder.hold(built.folder, self.workspace)
            if usable(built, built.folder):  # else it was removed between the two
                return built

    def wanted(self, label: str, recipe: "Recipe") -> EnvironmentPlan:
        """What `build` would give or make. Makes nothing; raises as `build` does before it starts."""
        from bep.providers.local.environments.builders import conda_program, settled
        from bep.providers.local.environments.digest import digest_by_conda, digest_of_one_workspace_by_conda

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
        digest = digest_by_conda(asked, self.surroundings)
        earlier = digest_of_one_workspace_by_conda(asked, self.surroundings)
        return EnvironmentPlan(digest, asked, None, self._there(digest, earlier, asked), builder)

    def _by_pip(self, recipe: "Recipe") -> EnvironmentPlan:
        from bep.providers.local.environments.builders import BY_PIP
        from bep.providers.local.environments.digest import digest_by_pip, digest_of_one_workspace

        interpreter = self._interpreter(recipe)
        digest = digest_by_pip(interpreter, recipe, self.surroundings)
        there = self._there(digest, digest_of_one_workspace(interpreter, recipe), recipe)
        return EnvironmentPlan(digest, _told_of_another(recipe, interpreter), interpreter, there, BY_PIP)

    def _there(self, digest: str, earlier: str, recipe: "Recipe") -> Built | None:
        """The environment that is there: the user's, or the one that was built for this workspace alone."""
        own = None if recipe.files or recipe.constraints else _usable_in(self.own_folder, earlier)
        return _usable_in(self.folder, digest) or own

    def list(self) -> tuple[Built, ...]:
        """Every usable environment, sorted by label."""
        markers = {marker for folder in self._folders for marker in folder.glob(f"*/{COMPLETE}")}
        found = (_usable_in(marker.parent.parent, marker.parent.name) for marker in markers)
        return tuple(sorted((one for one in found if one), key=lambda one: (one.label, one.digest)))

    def show(self, digest: str) -> Built | None:
        """The environment of this digest, if it can be used where it stands."""
        return next((built for folder in self._folders if (built := _usable_in(folder, digest))), None)

    def prune(self, keep: Collection[str] = ()) -> tuple[str, ...]:
        """Remove every environment but those digests, and the leftovers of killed builds.

        What is being built stays, and what a process of any workspace scores in. Returns the digests removed.
        """
        return self.remove({one.digest for one in self.list()} - set(keep), keep)

    def remove(self, digests: Collection[str], keep: Collection[str] = ()) -> tuple[str, ...]:
        """Remove these, and whatever was never finished. What others build or score in stays. Returns what is gone."""
        return tuple(
            name for folder in self._folders for name in environment_folder.removed(folder, set(digests), keep)
        )

    @property
    def _folders(self) -> tuple[Path, ...]:
        return tuple(dict.fromkeys((self.folder, self.own_folder)))

    def own(self) -> str:
        """The user's interpreter: the setting's, else the active environment's, else python3 on PATH, else bep's."""
        import shutil

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

    def _interpreter(self, recipe: "Recipe") -> "Interpreter":
        from bep.providers.local.environments.interpreters import find, probe

        if recipe.python is not None:
            return find(recipe.python, self.surroundings, self.cache)
        own = probe(self.own())
        if own is None:
            message = f"{self.own()} does not start; set provider.local.python"
            raise ProviderError("environment", "find", message, code="NoInterpreter")
        return own

    def _built(self, label: str, wanted: EnvironmentPlan, report: Report) -> Built:
        from bep.providers.local.environments.building import Site
        from bep.providers.local.environments.credentials import demand

        digest = wanted.digest
        folder, log = self.folder / digest, self.folder / f"{digest}.log"
        with self._locked(digest, f"{label}: another process is building it; waiting", report) as lock:
            there = _usable_in(self.folder, digest)
            if there is not None:
                return there
            recipe = wanted.recipe
            demand(label, (*recipe.channels, *recipe.first, *recipe.then, *recipe.constraints), self.surroundings)
            if folder.exists():
                self._clear(label, digest, report)
            with self._work(digest) as work:
                site = Site(label, folder, log, lock, self.surroundings, report, work, self.moving)
                built = _made(site, digest, wanted)
            os.sync()  # the marker must not outlive, in a power cut, what it vouches for
            mark(built, folder)
            report(f"{label}: ready")
            return built

    @contextmanager
    def _work(self, digest: str) -> Iterator[Path]:
        """A private folder for what is only there while it is built; what a killed build left in it goes first."""
        work = self.folder / f"{digest}.work"
        remove(work)
        work.mkdir(mode=0o700)
        try:
            yield work
        finally:
            remove(work)

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
        environment_folder.make(self.folder)
        with (self.folder / f"{digest}.lock").open("a") as lock:
            if not take(lock.fileno()):
                report(waiting)
                wait(lock.fileno())
            yield lock.fileno()


def _usable_in(folder: Path, digest: str) -> Built | None:
    built = marked(folder / digest)
    return built if built is not None and usable(built, folder / digest) else None


def _told_of_another(recipe: "Recipe", interpreter: "Interpreter") -> "Recipe":
    """The recipe with a note where another Python is taken than the one it asks for."""
    from bep.providers.local.environments.conda import noted

    asked = recipe.python or ""
    if asked.count(".") < 2 or not asked.replace(".", "").isdigit() or asked == interpreter.version:
        return recipe
    taken = f"the nearest, {interpreter.version}, is taken"
    return noted(recipe, f"Python {asked} was asked for; this machine has no such one, and {taken}")


def label_of(address: Address | str) -> str:
    """How an environment is called in logs and job records: `mnist-env/1`."""
    return str(address).removeprefix("environment/")


def _made(site: "Site", digest: str, wanted: EnvironmentPlan) -> Built:
    """Build what is wanted with its builder."""
    from bep.providers.local.environments import building, conda_prefix
    from bep.providers.local.environments.credentials import without_users

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
        requirements=tuple(without_users(line) for line in (*recipe.first, *recipe.then)),
        notes=recipe.notes,
        log=str(site.log),
        builder=wanted.builder.name,
        variables=variables,
        asked=recipe.python or "",
    )


def _behind_shim(found: str | None) -> str | None:
    """What a version switcher's shim leads to; any other path is returned as it is."""
    if found is None or Path(found).parent.name != "shims":
        return found
    from bep.providers.local.environments.interpreters import probe

    answer = probe(found)
    return answer.path if answer else None
