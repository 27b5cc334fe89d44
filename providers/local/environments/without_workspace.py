"""An environment built from a document where no workspace is: in the place that all workspaces of a user share."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bep.disk.known_digests import user_cache
from bep.lazy_dataclasses import replace
from bep.providers.local.environments.environments import Environments, Report
from bep.providers.local.environments.folder import place_of
from bep.providers.local.environments.portable import recipe_from
from bep.providers.world import Built


def use(
    label: str,
    document: Mapping[str, Any],
    source: Callable[[], Path],
    *,
    surroundings: Mapping[str, str],
    scratch: Path,
    report: Report,
    live: Report | None,
) -> Built:
    """The environment that a document describes, found or built; nobody removes it while this process runs.

    `source` gives a folder with the files that it names, and is asked only for a build. `scratch` is where it is built
    for a user without a home. Raises `ProviderError`.
    """
    cache = user_cache(surroundings) or scratch
    folder = place_of(None, scratch, surroundings, scratch / "environments")
    recipe, builder = recipe_from(label, document, source)
    environments = Environments(cache, surroundings=surroundings, builder=builder, folder=folder)
    environments.moving = live
    built = environments.use(label, recipe, report)
    asked = f" for {built.asked}" if built.asked and not built.version.startswith(built.asked) else ""
    return replace(built, label=f"{label} (Python {built.version}{asked}, {built.digest[:12]})")
