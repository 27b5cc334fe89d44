"""The environment of a prepared job on a machine without its workspace: found or built in the user's cache."""

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from bep.disk.copying import digest
from bep.lazy_dataclasses import dataclass
from bep.runner.shards.prepared import Content, Prepared, PreparedInvalid

if TYPE_CHECKING:
    from bep.runner.shares.share import Share

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
) -> Ready:
    """What a prepared job is scored in on this machine. It is built now where it is not there; nobody removes it while
    this process runs.

    `say` hears a line for each step, and `live` is shown what a builder draws over and over. `scratch` is a folder of
    the caller's alone. Raises `ProviderError` for one that cannot be built here, `ShareRefused` and `NotShared`.
    """
    asked = prepared.target.environment
    if asked.asks is None:
        return Ready(asked.label, (sys.executable,), {})
    from bep.providers.worlds import environment_from

    def files() -> Path:
        return fetched(share, prepared.name, asked.files, scratch / "environment")

    built = environment_from(
        asked.world, asked.label, asked.asks, files, surroundings=surroundings, scratch=scratch, report=say, live=live
    )
    return Ready(built.label, (built.python,), built.variables, built.notes)


def fetched(share: "Share", job: str, files: Mapping[str, Content], folder: Path) -> Path:
    """The folder, with these files of a prepared job by their relative names: their bytes are those that were uploaded.

    Raises `PreparedInvalid` for others, `ShareRefused` and `NotShared`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        share.get(f"{job}/{content.name}", target)
        if digest(target) != content.sha256:
            os.unlink(target)  # noqa: PTH108 - a name need not be text
            raise PreparedInvalid(
                f"{job}/{content.name} in {share.address} has not the bytes that were uploaded as {name}\n"
                "    fix: remove that file, and prepare the job once more under the same name"
            )
    return folder
