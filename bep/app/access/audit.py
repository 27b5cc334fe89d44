"""The audit log: who asked for what that changes something, and what came of it. Appended to, never changed.

Each write has two lines with one `id`: `asked` is on the disk before it is carried out, `answered` before the answer is
sent. A line `asked` alone was not answered: the server was killed meanwhile. No secret and no body is in it.
"""

import json
import os
import secrets
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from bep.app.access.private_files import FILE, NAME, make_private
from bep.disk.durable import sync_folder, write_all

FILE_NAME: Final = "audit.jsonl"


class Audit:
    """The audit log of one workspace, in its stage: one line of JSON for each event, the oldest first."""

    def __init__(self, home: Path) -> None:
        self.path = home / NAME / FILE_NAME

    def asked(self, now: datetime, *, who: str, role: str, address: str, what: str) -> str:
        """Write down what somebody asks for, before it is done; the id of it. Raises `OSError`."""
        mark = secrets.token_hex(8)
        self._write(now, mark, event="asked", who=who, role=role, address=address, what=what)
        return mark

    def answered(self, now: datetime, mark: str, status: int, who: str) -> None:
        """Write down what came of it: the status of the answer. Raises `OSError`."""
        self._write(now, mark, event="answered", who=who, status=status)

    def done(self, now: datetime, *, who: str, what: str) -> None:
        """Write down what a command did on this machine. Raises `OSError`."""
        self._write(now, secrets.token_hex(8), event="done", who=who, address="command line", what=what)

    def _write(self, now: datetime, mark: str, **said: Any) -> None:
        line = json.dumps({"at": now.isoformat(timespec="milliseconds"), "id": mark, **said}).encode() + b"\n"
        try:
            file = os.open(self.path, _APPENDED)
        except FileNotFoundError:
            make_private(self.path.parent)
            file = os.open(self.path, _APPENDED | os.O_CREAT, FILE)
            sync_folder(self.path.parent)
        try:
            size = os.fstat(file).st_size
            if size and os.pread(file, 1, size - 1) != b"\n":  # the power failed in the middle of a line
                line = b"\n" + line
            write_all(file, line)
            os.fsync(file)
        finally:
            os.close(file)


_APPENDED: Final = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC
