"""What a job's own folder says of its drivers: which sessions were begun, and which orders are over. Asks no share.

It is written before a session is begun, so that whoever goes on with a job whose process was killed knows whom to end.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

from bep.disk.copying import Original
from bep.disk.durable import write_durably
from bep.runner.errors import JobDamaged
from bep.runner.folder.folder import JobFolder
from bep.schemas.values.written import Field, Invalid, Written

_NAME: Final = "cluster.json"


class Session(Written):
    """A driver of an order. It is a child of the process that ran the job, or a `submission` of the cluster's."""

    order: int = Field(ge=1)
    name: str = Field(pattern="^[0-9a-f]{8}$")
    submission: str = ""


class Begun(Written):
    """`sessions` may live; `over` is the last order of which nothing is to be collected any more. `files` are those of
    the environment, each with its path and sha256: no record has them."""

    format_version: Literal[1] = 1
    over: int = Field(default=0, ge=0)
    sessions: tuple[Session, ...] = ()
    files: dict[str, tuple[str, str]] = Field(default_factory=dict)

    @property
    def originals(self) -> Mapping[str, Original]:
        """The files of the environment."""
        return {name: Original(Path(path), sha256) for name, (path, sha256) in self.files.items()}


def read(folder: JobFolder) -> Begun:
    """What is written; nothing in a job that has had no driver. Raises `JobDamaged`."""
    file = folder.path / _NAME
    try:
        return Begun.model_validate(json.loads(file.read_bytes()))
    except FileNotFoundError:
        return Begun()
    except (Invalid, ValueError, RecursionError) as why:
        raise JobDamaged(file, why) from None


def write(folder: JobFolder, begun: Begun) -> None:
    """Write it down, durably. Raises `OSError`."""
    text = json.dumps(begun.model_dump(mode="json"), sort_keys=True) + "\n"
    write_durably(folder.path / _NAME, text.encode())
