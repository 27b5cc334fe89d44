"""The command of bep as tests start it: forked from a process that has imported bep, or anew where it must be."""

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from subprocess import PIPE
from types import TracebackType
from typing import IO, Any, Final, Protocol, Self

SERVER: Final = Path(__file__).with_name("server.py")
ANEW: Final = "BEP_TESTS_START_ANEW"
"""The variable by which whoever runs the tests asks that every command is started anew."""
READ_AT_START: Final = ("PYTHON", "LANG", "LC_", "LD_", "TZ", "FORCE_COLOR", "PY_COLORS", "GITHUB_ACTIONS", "TERMINAL_")
"""How the variables begin that Python, or a package that bep uses, reads as it is started or imported."""
AT_FIRST: Final[dict[str, str]] = {}
"""The environment that the server has: this process's before any test had its way with it."""
NETWORK: Final[list[str]] = []
"""The network that the server is in, as the kernel calls it: this process's before any test made one of its own."""
SECONDS: Final = 120
"""How long a command may take."""


class Started(Protocol):
    """A command that was begun: what `subprocess.Popen` has of texts, forked or not."""

    args: Any
    pid: int
    returncode: int | None
    stdout: IO[str] | None
    stderr: IO[str] | None

    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def send_signal(self, sig: int) -> None: ...
    def terminate(self) -> None: ...
    def kill(self) -> None: ...
    def communicate(self, input: None = None, timeout: float | None = None) -> tuple[str, str]: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None: ...


class Forked:
    """A command that was forked; the same as a `Popen` to whoever has it."""

    def __init__(self, args: Sequence[str], pid: int, told: IO[str], streams: tuple[IO[str], IO[str] | None]) -> None:
        self.args, self.pid, self._told = args, pid, told
        self.returncode: int | None = None
        self.stdout: IO[str] | None = streams[0]
        self.stderr: IO[str] | None = streams[1]

    def poll(self) -> int | None:
        """Its exit code, or the negative number of the signal that it ended by; None while it runs."""
        return self._look(0)

    def wait(self, timeout: float | None = None) -> int:
        """The same, when it has ended. Raises TimeoutExpired."""
        if (code := self._look(timeout)) is None:
            raise subprocess.TimeoutExpired(str(self.args), timeout or 0)
        return code

    def send_signal(self, sig: int) -> None:
        """Nothing where it has ended."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, sig)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def communicate(self, input: None = None, timeout: float | None = None) -> tuple[str, str]:
        """All that it says, when it and whoever else has its streams has ended. Raises TimeoutExpired."""
        said = ["", ""]

        def read(which: int, stream: IO[str]) -> None:
            with stream:
                said[which] = stream.read()

        both = [stream for stream in (self.stdout, self.stderr) if stream is not None]
        readers = [threading.Thread(target=read, args=each, daemon=True) for each in enumerate(both)]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join(timeout)
            if reader.is_alive():
                raise subprocess.TimeoutExpired(str(self.args), timeout or 0)
        self.wait(timeout)
        return said[0], said[1]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for stream in (self.stdout, self.stderr):
            if stream is not None:
                stream.close()
        self.wait()

    def _look(self, timeout: float | None) -> int | None:
        if self.returncode is None and select.select([self._told], [], [], timeout)[0]:
            with self._told:
                said = self._told.readline()
            self.returncode = int(said or -signal.SIGKILL)  # nothing is said where the server itself was killed
        return self.returncode


class Server:
    """The process that forks, for serving or for all else, and how it is ordered to. Any thread may order."""

    def __init__(self, serving: bool) -> None:
        self._connection, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, str(SERVER), str(theirs.fileno()), "serve" if serving else ""],
                cwd="/", env=AT_FIRST, pass_fds=[theirs.fileno()], text=True,
                stdin=PIPE, stdout=PIPE, stderr=PIPE,  # pipes: as those of a command
            )  # fmt: skip
        atexit.register(self._close)

    def start(self, words: Sequence[str], folder: Path, environment: Mapping[str, str], stderr: int = PIPE) -> Forked:
        """Fork a command, which has nothing to read."""
        order = {"words": list(words), "folder": str(folder), "environment": dict(environment)}
        pipes = [os.pipe() for _ in range(2 if stderr != PIPE else 3)]
        told, said, *complained = (os.fdopen(reading) for reading, _ in pipes)
        nothing = os.open(os.devnull, os.O_RDONLY)
        telling, saying, *complaining = theirs = [writing for _, writing in pipes]
        try:
            streams = [nothing, saying, *(complaining or [stderr]), telling]
            socket.send_fds(self._connection, [json.dumps(order).encode()], streams)
        finally:
            for each in (nothing, *theirs):
                os.close(each)
        process = told.readline()
        assert process, f"it does not fork: {self._process.communicate()[1]}"
        return Forked(["bep", *words], int(process), told, (said, complained[0] if complained else None))

    def _close(self) -> None:
        self._connection.close()
        self._process.communicate()


@cache
def _server(serving: bool) -> Server:
    return Server(serving)


_ONE_AT_A_TIME: Final = threading.Lock()


def remember_environment() -> None:
    """What the environment is now, every command is forked with, less what it is given."""
    AT_FIRST.clear()
    AT_FIRST.update({name: value for name, value in os.environ.items() if name not in ("FORCE_COLOR", "PY_COLORS")})
    NETWORK[:] = _network()


def can_be_forked(environment: Mapping[str, str]) -> bool:
    """Whether a command starts as it would anew: what is read at a start is as the server read it, and so is the
    network."""
    if not AT_FIRST or ANEW in AT_FIRST or not hasattr(os, "pidfd_open") or _network() != NETWORK:
        return False
    changed = {name for name in environment.keys() | AT_FIRST.keys() if environment.get(name) != AT_FIRST.get(name)}
    return not any(name.startswith(READ_AT_START) for name in changed)


def _network() -> list[str]:
    """The network that this thread is in; nothing where the system has but one."""
    try:
        return [str(Path("/proc/thread-self/ns/net").readlink())]
    except OSError:
        return []


def started(words: Sequence[str], folder: Path, environment: Mapping[str, str], stderr: int = PIPE) -> Started:
    """`bep` with these words, begun in a folder, with nothing to read; what it says comes by its streams.

    `stderr` may be something that is open for writing, which stays the caller's.
    """
    if can_be_forked(environment):
        with _ONE_AT_A_TIME:
            server = _server("serve" in words[:1])
        return server.start(words, folder, environment, stderr)
    return subprocess.Popen(
        [sys.executable, "-m", "bep", *words],
        cwd=folder, env=environment, text=True,
        stdin=subprocess.DEVNULL, stdout=PIPE, stderr=stderr,
    )  # fmt: skip


def run(words: Sequence[str], folder: Path, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """`bep` with these words, from its beginning to its end; killed where that takes too long."""
    process = started(words, folder, environment)
    try:
        said, complained = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return subprocess.CompletedProcess(process.args, process.wait(), said, complained)
