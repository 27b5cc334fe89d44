"""A command that a workspace declares, run: a text goes in, what it prints comes out, and it is bounded in all it does.

It has a time, a number of bytes that it may print, and of the environment what it was given; all that it started ends
with it. Knows nothing of what the command is for.
"""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import IO, Final

from bep.lazy_dataclasses import dataclass

PASSED_ON: Final = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "TZ", "USER", "LOGNAME", "XDG_CACHE_HOME")
"""Variables that every command gets. Any other has to be named: what a command is not told it cannot give away."""
MOST: Final = 1_000_000
"""Bytes that a command may print on each of its streams."""
_GRACE: Final = 2.0  # seconds in which the streams of a command that has ended are read to their ends
_SHORTEST: Final = 8
"""Characters from which on a value of a variable may be a secret, and not a word that is anywhere."""
SHOWN: Final = 2_000
"""Characters of what a command printed that a message has."""


@dataclass(frozen=True)
class Ran:
    """How a command ended: its exit code, and what it printed."""

    code: int
    stdout: str
    stderr: str

    @property
    def printed(self) -> str:
        """What it printed, errors first, as a message may have it."""
        return "\n".join(shown(text) for text in (self.stderr, self.stdout) if text.strip())


class CommandFailed(Exception):
    """A command did not come to an end of its own: it could not be started, took too long or printed too much.

    `printed` is what it had said until then.
    """

    def __init__(self, why: str, printed: str = "") -> None:
        self.printed = printed
        super().__init__(why)


def shown(text: str) -> str:
    """The end of what was printed: there a program says what was wrong."""
    text = text.strip()
    return text if len(text) <= SHOWN else f"... {text[-SHOWN:]}"


def run_command(
    arguments: Sequence[str],
    folder: Path,
    text: str,
    *,
    timeout: float,
    environment: Mapping[str, str],
    named: Sequence[str] = (),
) -> Ran:
    """Run a command in a folder with a text on its standard input. Raises `CommandFailed`.

    Of the `environment` it gets what every command gets, and what is `named`.
    """
    given = {name: environment[name] for name in (*PASSED_ON, *named) if name in environment}
    try:
        process = subprocess.Popen(
            list(arguments),
            cwd=folder,
            env=given,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as problem:
        raise CommandFailed(f"{arguments[0]} cannot be started: {problem.strerror or problem}") from None
    except ValueError as problem:  # a null byte
        raise CommandFailed(f"{arguments[0]!r} cannot be started: {problem}") from None
    secrets = [given[name] for name in named if len(given.get(name, "")) >= _SHORTEST]
    return _followed(process, text.encode("utf-8", "replace"), timeout, secrets)


def _without(secrets: Sequence[str], text: str) -> str:
    """What was printed without the values of variables that the command was given by name: they may be tokens."""
    for secret in secrets:
        text = text.replace(secret, "*" * len(secret))
    return text


def _followed(process: "subprocess.Popen[bytes]", data: bytes, timeout: float, secrets: Sequence[str]) -> Ran:
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    out, errors = _Reader(process.stdout), _Reader(process.stderr)
    feeding = Thread(target=_feed, args=(process.stdin, data), daemon=True)
    feeding.start()
    try:
        process.wait(timeout)
        is_whole = out.wait_to_end()
        errors.wait_to_end()
    except subprocess.TimeoutExpired:
        _end_all(process)
        errors.wait_to_end()
        seconds = "1 second" if timeout == 1 else f"{timeout:g} seconds"
        raise CommandFailed(f"it did not end within {seconds}", shown(_without(secrets, errors.text))) from None
    finally:
        _end_all(process)
    if out.is_too_much or errors.is_too_much:
        raise CommandFailed(f"it printed more than {MOST:,} bytes")
    if not is_whole:
        raise CommandFailed("it ended and left a process behind that goes on with its output")
    return Ran(process.returncode, _without(secrets, out.text), _without(secrets, errors.text))


def _feed(stream: IO[bytes], data: bytes) -> None:
    with suppress(OSError):  # who does not read its input may end all the same
        stream.write(data)
    with suppress(OSError):
        stream.close()


def _end_all(process: "subprocess.Popen[bytes]") -> None:
    """Kill it, and whatever it has started and left."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


class _Reader:
    """A stream read to its end in a thread of its own; of what is too much nothing is kept."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._parts: list[bytes] = []
        self._size = 0
        self._thread = Thread(target=self._read, args=(stream,), daemon=True)
        self._thread.start()

    def _read(self, stream: IO[bytes]) -> None:
        with suppress(OSError, ValueError), stream:
            while part := stream.read1(65_536):  # type: ignore[attr-defined]  # a pipe's reader has it
                self._size += len(part)
                if not self.is_too_much:
                    self._parts.append(part)

    def wait_to_end(self) -> bool:
        """Wait until all is read; not for long, as somebody else may hold the other end. Whether it is."""
        self._thread.join(_GRACE)
        return not self._thread.is_alive()

    @property
    def is_too_much(self) -> bool:
        """Whether more came than is kept."""
        return self._size > MOST

    @property
    def text(self) -> str:
        """What was read so far."""
        return b"".join(self._parts).decode("utf-8", "replace")
