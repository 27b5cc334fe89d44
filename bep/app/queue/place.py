"""Where the queue of a workspace lies. Opens nothing."""

from pathlib import Path


def folder_of(home: Path) -> Path:
    """The folder of the queue, below that of what is bep's in the workspace, in its stage."""
    return home / "queue"


def file_of(home: Path) -> Path:
    """The queue itself; there once a job has been in it."""
    return folder_of(home) / "queue.sqlite"


def said_file(home: Path, number: int) -> Path:
    """What the process of an order said before its job had a folder."""
    return folder_of(home) / "said" / f"{number}.txt"
