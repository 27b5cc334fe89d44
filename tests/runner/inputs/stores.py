"""Stores for tests: fsspec's own memory, and an FTP server that is a process of its own and can be throttled."""

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

PASSWORD = "canary-of-the-store"

_SERVER = """
import sys, warnings
warnings.simplefilter("ignore")
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler, ThrottledDTPHandler
from pyftpdlib.servers import FTPServer
class Data(ThrottledDTPHandler):
    read_limit = write_limit = int(sys.argv[3])
class Handler(FTPHandler):
    authorizer = DummyAuthorizer()
    dtp_handler = Data
    banner = "ready"
Handler.authorizer.add_user("me", sys.argv[4], sys.argv[2], perm="elradfmwMT")
FTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


@dataclass
class FtpStore:
    """`url` has user and password in it; `folder` is what the server serves."""

    folder: Path
    port: int
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        return f"ftp://me:{PASSWORD}@127.0.0.1:{self.port}"

    def start(self, limit: int = 0) -> None:
        """Serve; `limit` is bytes a second, 0 for any number."""
        command = [sys.executable, "-c", _SERVER, str(self.port), str(self.folder), str(limit), PASSWORD]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 30
        while time.monotonic() < until:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=5):
                return
            assert self.process.poll() is None, "the FTP server has ended"
            time.sleep(0.02)
        raise AssertionError("the FTP server does not answer")

    def stop(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()


def needs_fsspec() -> Any:
    return pytest.importorskip("fsspec", reason="the environment has no fsspec")


@contextlib.contextmanager
def memory_store() -> Iterator[Any]:
    """What fsspec keeps in this process's memory; empty before and after."""
    system = needs_fsspec().filesystem("memory")
    for kept in (system.store, system.pseudo_dirs):
        kept.clear()
    yield system
    for kept in (system.store, system.pseudo_dirs):
        kept.clear()


@contextlib.contextmanager
def ftp_store(folder: Path) -> Iterator[FtpStore]:
    needs_fsspec()
    pytest.importorskip("pyftpdlib", reason="the environment has no pyftpdlib")
    folder.mkdir(parents=True)
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    store = FtpStore(folder, port)
    store.start()
    yield store
    store.stop()
