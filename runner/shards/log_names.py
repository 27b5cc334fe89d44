"""Where logs of users' scripts stand in a share, and where in a job's folder. Pure; names only."""

from pathlib import PurePosixPath
from typing import Final

FOLDER: Final = "logs"
"""The folder of a prepared job that has a folder for each node, named as the node is."""

_USER: Final = "user"  # below a job's folder of logs: user/KIND/NODE/FILE


def shared_name(name: str) -> str | None:
    """Where a log, by its name below a job's folder of logs, stands below a prepared job; None for one that is no
    user's: `user/error/NODE/process000.txt` is `logs/NODE/error/process000.txt`."""
    steps = PurePosixPath(name).parts
    if len(steps) < 4 or steps[0] != _USER:
        return None
    _, kind, node, *rest = steps
    return "/".join((FOLDER, node, kind, *rest))


def local_name(name: str) -> str | None:
    """Where a log, by its name below the folder `FOLDER` of a prepared job, stands below a job's folder of logs; None
    for one that no session puts there."""
    steps = name.split("/")
    if len(steps) < 3 or any(step in ("", ".", "..") or "\0" in step for step in steps):
        return None
    node, kind, *rest = steps
    return "/".join((_USER, kind, node, *rest))
