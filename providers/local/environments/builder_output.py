"""Running a builder's program: every line of its words in a log, and what moves on a terminal shown as it moves.

Knows no pip and no recipe; what must not be seen is taken out before anything is written or told.
"""

import fcntl
import os
import struct
import subprocess
import termios
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Final

from bep.lazy_dataclasses import dataclass
from bep.lazy_patterns import lazy_pattern

COLUMNS: Final = 100
_CONTROL: Final = lazy_pattern(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Za-z0-9]|[\x00-\x08\x0e-\x1f\x7f]")
_LONGEST: Final = 65_536
"""Characters of one line after which it is told without waiting for its end."""


@dataclass(frozen=True, slots=True)
class Teller:
    """Where a program's words go. `line` hears each whole line; `moving`, if there is somebody to look, each state of a
    line that is drawn over. `masked` takes out what must not be seen."""

    line: Callable[[str], None]
    moving: Callable[[str], None] | None
    masked: Callable[[str], str]


def run(
    command: Sequence[str],
    log: IO[str],
    teller: Teller,
    *,
    environment: Mapping[str, str],
    folder: Path,
    lock: int,
) -> str | None:
    """Run to the end, in a folder; None when it went well, else the end of what it said.

    The child inherits `lock`. It is killed when this is interrupted.
    """
    log.write(f"$ {teller.masked(' '.join(command))}\n")
    log.flush()
    last: deque[str] = deque(maxlen=200)
    reading, writing = _terminal() if teller.moving else os.pipe()
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=writing,
            stderr=writing,
            env=environment,
            cwd=folder,
            pass_fds=(lock,),
        )
    except BaseException:
        os.close(reading)
        raise
    finally:
        os.close(writing)
    with process:
        try:
            for text, is_whole in _lines(reading):
                shown = teller.masked(text)
                if not is_whole:
                    if teller.moving and shown.strip():
                        teller.moving(shown.strip())
                    continue
                log.write(shown + "\n")
                last.append(shown + "\n")
                teller.line(shown)
        except BaseException:
            process.kill()
            raise
        finally:
            os.close(reading)
    log.flush()
    return "".join(last) if process.returncode else None


def _terminal() -> tuple[int, int]:
    """Both ends of a terminal: programs that draw how far they are do so for one only."""
    reading, writing = os.openpty()
    attributes = termios.tcgetattr(writing)
    attributes[1] &= ~termios.OPOST  # a line ends in one character
    termios.tcsetattr(writing, termios.TCSANOW, attributes)
    fcntl.ioctl(writing, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
    return reading, writing


def _lines(reading: int) -> Iterator[tuple[str, bool]]:
    """The lines as they come, each with whether it is whole; of one that is drawn over, the last state is the line."""
    held = b""
    while True:
        try:
            got = os.read(reading, _LONGEST)
        except OSError:  # how a terminal says that the other end is closed
            got = b""
        if not got:
            break
        *whole, held = (held + got).split(b"\n")
        for line in whole:
            yield _plain(line), True
        if b"\r" in held or len(held) > _LONGEST:
            yield _plain(held), False
            held = held[held.rindex(b"\r") + 1 :] if b"\r" in held.rstrip(b"\r") else held
    if held.strip():
        yield _plain(held), True


def _plain(line: bytes) -> str:
    """The last state of a line, without what moves a cursor."""
    text = _CONTROL.sub("", line.decode("utf-8", "replace"))
    return next((state for state in reversed(text.split("\r")) if state.strip()), "")
