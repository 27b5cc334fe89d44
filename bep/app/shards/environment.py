"""The environment of a prepared job on a machine without its workspace: found or built in the user's cache."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from bep.lazy_dataclasses import dataclass
from bep.runner.shards.fetching import fetch_all
from bep.runner.shards.prepared import Prepared

if TYPE_CHECKING:
    from bep.runner.shares.share import Share
    from bep.runner.transfer.transfers import Board

Say = Callable[[str], None]


@dataclass(frozen=True)
class Ready:
    """An environment that scripts can run in: `interpreter` starts its Python, `activated` are the variables that it
    sets, and `notes` are for the user to read."""

    label: str
    interpreter: tuple[str, ...]
    activated: Mapping[str, str]
    notes: tuple[str, ...] = ()


def environment_of(
    prepared: Prepared,
    share: "Share",
    scratch: Path,
    surroundings: Mapping[str, str],
    say: Say,
    live: Say | None = None,
    board: "Board | None" = None,
) -> Ready:
    """What a prepared job is scored in on this machine. It is built now where it is not there; nobody removes it while
    this process runs.

    `say` hears a line for each step, `live` is shown what a builder draws over and over, and `board` has who looks on
    while files are fetched. `scratch` is a folder of the caller's alone. Raises `ProviderError` for one that cannot be
    built here, `ShareRefused` and `NotShared`.
    """
    asked = prepared.target.environment
    if asked.asks is None:
        return Ready(asked.label, (sys.executable,), {})
    from bep.providers.worlds import environment_from
    from bep.runner.transfer.transfers import Board

    def files() -> Path:
        return fetch_all(share, prepared.name, asked.files, scratch / "environment", board or Board())

    built = environment_from(
        asked.world, asked.label, asked.asks, files, surroundings=surroundings, scratch=scratch, report=say, live=live
    )
    return Ready(built.label, (built.python,), built.variables, built.notes)
