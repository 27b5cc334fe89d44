"""The local world, whole: each face over the modules that do its work, imported on use. Knows no state and no job."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from bep.providers.local.content import ContentStore
from bep.providers.local.environments.builder_names import AUTO
from bep.providers.local.provider import LocalProvider
from bep.providers.world import Chosen, Kept, Portable, Report, ScoredWith, Setup, Unfit, Unreferenced

if TYPE_CHECKING:
    from bep.providers.check import Probe
    from bep.providers.local.scored_environments import ScoredEnvironments
    from bep.schemas.resource import Resource


class LocalWorld:
    """A world of one workspace on this machine. Its settings are those of `provider: {local: ...}` in bep.yml."""

    name = "local"
    exports = job_exports = jobs = preflight = None

    def __init__(self, setup: Setup) -> None:
        settings = setup.settings
        self._setup = setup
        self.folder = setup.root / str(settings.get("path") or setup.home / "cloud")
        self.objects = LocalProvider(
            setup.root,
            secret_key=setup.secret_key,
            clock=setup.clock,
            python=settings.get("python"),
            surroundings=setup.environment,
            cloud=str(self.folder),
            builder=settings.get("environments", AUTO),
            conda_names=setup.conda_names,
            environments_folder=settings.get("environments_folder"),
            fetch=setup.fetch,
        )

    @property
    def folders(self) -> tuple[Path, ...]:
        """The world's own folder."""
        return (self.folder,)

    @property
    def written(self) -> tuple[Path, ...]:
        """The folder and its catalog."""
        return (self.folder, self.folder / "catalog.sqlite")

    @cached_property
    def contents(self) -> "StoredContents":
        """The bytes of registered objects."""
        return StoredContents(self.folder, self._setup.root)

    @property
    def copies(self) -> "StoredContents":
        """The same, as one who copies them out has it."""
        return self.contents

    @cached_property
    def places(self) -> "LocalPlaces":
        """Datastores that are folders or addresses, and data assets."""
        return LocalPlaces(self.objects)

    @cached_property
    def scoring(self) -> "LocalScoring":
        """Deployments as jobs on this machine need them."""
        return LocalScoring(self.objects)

    @cached_property
    def environments(self) -> "ScoredEnvironments":
        """Environments built by pip or conda."""
        from bep.providers.local.scored_environments import ScoredEnvironments

        return ScoredEnvironments(self.objects)

    def unfit(self, resources: "Sequence[Resource]") -> "Iterator[Unfit]":
        """Each package of an environment that cannot be had on this machine, and what else is another here."""
        from bep.schemas.environments.pip_files import FIELD

        for one in resources:
            if one.kind == "environment" and isinstance(one.attributes.get("conda_file"), Mapping):
                files = one.contents.get(FIELD)
                found = self.environments.unbuildable(one.attributes, files.files if files else {})
                for place, message, fix in found:
                    yield Unfit("environment-unbuildable", one.address, place, message, f"{fix}.")
        if any(
            one.kind == "datastore" or str(one.attributes.get("model")).startswith("azureml://") for one in resources
        ):
            from bep.providers.local.fitness import unfit

            yield from unfit(resources, self.folder, self._setup.root)

    def lacking(self, resources: "Sequence[Resource]") -> "Iterator[Unfit]":
        """Nothing: what bep needs came with it."""
        return iter(())

    def checks(self, resources: "Sequence[Resource]") -> "Mapping[str, Probe]":
        """Pythons, who builds environments, folders."""
        from bep.providers.local.checks import LocalChecks

        return LocalChecks(self.objects, self.written, resources).every()

    def seal(self) -> None:
        """Seal what an earlier bep wrote in clear."""
        self.objects.seal()

    def close(self) -> None:
        """Give the catalog's file back."""
        self.objects.close()


class StoredContents(ContentStore):
    """The store of contents with what keeps bytes from being freed, and what frees them."""

    def __init__(self, world: Path, workspace: Path) -> None:
        super().__init__(world)
        self._world = world
        self._workspace = workspace

    def in_use(self) -> AbstractContextManager[Callable[[], None]]:
        """See `unreferenced.in_use`."""
        from bep.providers.local.unreferenced import in_use

        return in_use(self._world, self._workspace)

    def workspaces(self) -> Sequence[Path]:
        """See `unreferenced.workspaces`."""
        from bep.providers.local.unreferenced import workspaces

        return workspaces(self._world)

    def alone(self, patience: float) -> AbstractContextManager[bool]:
        """See `unreferenced.alone`."""
        from bep.providers.local.unreferenced import alone

        return alone(self._world, patience)

    def unreferenced(self, digests: Collection[str]) -> Iterator[Unreferenced]:
        """What is stored but for the files of these digests; folders of an earlier bep, all."""
        from bep.providers.local.unreferenced import unreferenced

        return unreferenced(self, digests, ())

    def free(self, one: Unreferenced) -> None:
        """See `unreferenced.free`."""
        from bep.providers.local.unreferenced import free

        free(one)


class LocalPlaces:
    """Where data lies; see `datastores`."""

    def __init__(self, objects: LocalProvider) -> None:
        self._objects = objects

    def resolve(self, uri: str) -> Path | str | Kept:
        """See `datastores.resolve`."""
        from bep.providers.local import datastores

        return datastores.resolve(self._objects, uri)

    def resolve_output(self, uri: str) -> Path | str:
        """See `datastores.resolve_output`."""
        from bep.providers.local import datastores

        return datastores.resolve_output(self._objects, uri)

    def glimpse(self, uri: str) -> int | Path | str:
        """See `datastores.glimpse`."""
        from bep.providers.local import datastores

        return datastores.glimpse(self._objects, uri)

    def is_folder(self, uri: str) -> bool | None:
        """See `datastores.is_folder`."""
        from bep.providers.local import datastores

        return datastores.is_folder(self._objects, uri)


class LocalScoring:
    """What a job on this machine scores with; see `scoring`."""

    def __init__(self, objects: LocalProvider) -> None:
        self._objects = objects

    def choose(self, endpoint: str, deployment: str | None = None) -> Chosen:
        """See `scoring.choose`."""
        from bep.providers.local import scoring

        return scoring.choose(self._objects, endpoint, deployment)

    def resolve(self, endpoint: str, deployment: str | None = None, report: Report = lambda _: None) -> ScoredWith:
        """See `scoring.resolve`."""
        from bep.providers.local import scoring

        return scoring.resolve(self._objects, endpoint, deployment, report=report)

    def portable(self, endpoint: str, deployment: str | None = None) -> Portable:
        """See `portable.portable`."""
        from bep.providers.local.portable import portable

        return portable(self._objects, endpoint, deployment)

    def bounds_of(self, chosen: Chosen) -> tuple[tuple[int, str], ...]:
        """See `scoring.bounds_of`."""
        from bep.providers.local import scoring

        return scoring.bounds_of(self._objects, chosen)

    def hold(self, interpreter: str) -> None:
        """Keep the environment of an interpreter from being removed while this process runs."""
        from bep.providers.local.environments.folder import hold_interpreter

        hold_interpreter(interpreter, self._objects.root)
