"""The worlds there are, by the name that bep.yml gives them. The one module that names any; each is imported on use."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bep.providers.protocol import ProviderError
from bep.providers.world import Built, Report, Setup, World

if TYPE_CHECKING:
    from bep.providers.bodies import Bodies


def _local(setup: Setup) -> World:
    from bep.providers.local.world import LocalWorld

    return LocalWorld(setup)


def _azure(setup: Setup) -> World:
    from bep.providers.azure.world import AzureWorld

    return AzureWorld(setup)


WORLDS: Final[dict[str, Callable[[Setup], World]]] = {"local": _local, "azure": _azure}
"""How each is opened. A new world is a folder and a line here."""

ON_THIS_MACHINE: Final = "local"
"""The one that has what a job on this machine scores with, and needs nothing said of it."""

EXPORTS: Final[dict[str, tuple[str, ...]]] = {"azure": ("arm", "bicep")}
"""The languages that specs for a world can be handed over in, known without opening it."""

JOB_EXPORTS: Final[dict[str, tuple[str, ...]]] = {"azure": ("azureml-parallel",)}
"""The same of those for one job."""

SERVING: Final[frozenset[str]] = frozenset(("azure",))
"""The worlds whose service may run jobs, known without opening one."""


def open_world(name: str, setup: Setup) -> World:
    """The world of this name. Raises `KeyError` for one that is not in the table."""
    return WORLDS[name](setup)


def environment_from(
    world: str,
    label: str,
    document: Mapping[str, Any],
    files: Callable[[], Path],
    *,
    surroundings: Mapping[str, str],
    scratch: Path,
    report: Report,
    live: Report | None,
) -> Built:
    """The environment that a world's document (`Portable.asks`) describes, found or built on a machine without the
    workspace; nobody removes it while this process runs. `files` gives a folder with the files that it names.

    `scratch` is for a user without a home. Raises `ProviderError`, also for a document of a world that has none.
    """
    if world != ON_THIS_MACHINE:
        message = f"this bep cannot build an environment that the world {world!r} describes; prepare the job anew"
        raise ProviderError(label, "build", message, code="EnvironmentUnbuildable")
    from bep.providers.local.environments.without_workspace import use

    return use(label, document, files, surroundings=surroundings, scratch=scratch, report=report, live=live)


def bodies_of(subscription: str, group: str, workspace: str) -> "Bodies":
    """The bodies that the released clients of Azure Machine Learning send and expect, whatever world they are of."""
    from bep.providers.azure.answering.bodies import AzureBodies
    from bep.providers.azure.place import Place

    return AzureBodies(Place(subscription, group, workspace))
