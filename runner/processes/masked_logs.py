"""A log that a process writes through this one, because of what must not be kept of it. Knows no worker, no secret."""

import os
import secrets
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import BinaryIO

from bep.disk.durable import write_all
from bep.runner.worker.masking import Mask

_PIECE = 1 << 16


class MaskedLog:
    """A pipe for a process to write to, and a thread that writes on to the log what may be kept.

    `writer` is the end for the process. A process that was started by it may hold the pipe open for ever: so not the
    pipe's end is waited for but a mark, which comes after all that was written before it.
    """

    def __init__(self, log: BinaryIO, hidden: Sequence[str]) -> None:
        self._log = os.dup(log.fileno())
        self._mask = Mask(list(hidden))
        self._mark = secrets.token_bytes(32)
        self._reader, self.writer = os.pipe()
        self._thread = threading.Thread(target=self._pass_on, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Return when the log has all that was written to the pipe by now. What is written later is dropped."""
        with suppress(BrokenPipeError):
            os.write(self.writer, self._mark)
        self._thread.join()
        os.close(self.writer)

    def _pass_on(self) -> None:
        said = b""
        while piece := os.read(self._reader, _PIECE):
            said += piece
            is_over = self._mark in said
            if is_over:
                said = said[: said.index(self._mark)]
            ends = 0 if is_over else _beginning_of(self._mark, said)
            self._write(self._mask.passed(said[: len(said) - ends]))
            said = said[len(said) - ends :]
            if is_over:
                break
        self._write(self._mask.rest())
        os.close(self._reader)
        os.close(self._log)

    def _write(self, data: bytes) -> None:
        """A disk that is full loses what is said, as it would have without this, and holds nobody up."""
        with suppress(OSError):
            write_all(self._log, data)


def _beginning_of(mark: bytes, said: bytes) -> int:
    """How many bytes at the end of what was said may be the mark's first."""
    return next((size for size in range(min(len(mark) - 1, len(said)), 0, -1) if said.endswith(mark[:size])), 0)
