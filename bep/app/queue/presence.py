"""Which process has a ticket, and whether it lives: a locked file a process, which the system frees at any death.

A process number would not do: another process has it some day, and one in a container is none outside of it.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bep.disk import modes
from bep.disk.locks import open_lock, take

_FOLDER = "processes"


class Presence:
    """The processes that have tickets of a queue. The mark of one is the name of its file, and no other's ever."""

    def __init__(self, queue: Path) -> None:
        self._folder = queue / _FOLDER

    @contextmanager
    def shown(self) -> Iterator[str]:
        """The mark of this process as long as it lives, or until the end. Raises `OSError`."""
        modes.make_folder(self._folder)
        mark = os.urandom(8).hex()
        file = open_lock(self._folder / mark)
        try:
            take(file)
            os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
            yield mark
        finally:
            with suppress(OSError):
                (self._folder / mark).unlink()
            os.close(file)

    def lives(self, mark: str) -> bool:
        """Whether the process of a mark lives, as far as that can be seen. Raises `OSError`."""
        try:
            file = os.open(self._folder / mark, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        except PermissionError:  # another user's, who alone can tell
            return True
        try:
            return not take(file, shared=True)
        finally:
            os.close(file)

    def interrupt(self, mark: str, *, at_once: bool = False) -> int | None:
        """Send SIGINT (`at_once`: SIGKILL) to the process of a mark; its number, None if it is gone."""
        try:
            process = int((self._folder / mark).read_text())
            handle = os.pidfd_open(process) if hasattr(os, "pidfd_open") else None
        except (OSError, ValueError):
            return None
        number = signal.SIGKILL if at_once else signal.SIGINT
        try:
            if not self.lives(mark):  # its number may be another's by now
                return None
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(handle, number) if handle is not None else os.kill(process, number)
            return process
        finally:
            if handle is not None:
                os.close(handle)

    def has_left(self, mark: str) -> bool:
        """Whether the process of a mark has gone as it should, or has been forgotten; one that died leaves its file."""
        return not (self._folder / mark).exists()

    def forget(self, mark: str) -> None:
        """Remove what a dead process has left."""
        with suppress(OSError):
            (self._folder / mark).unlink()
