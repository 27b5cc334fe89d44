"""Where bep speaks: results on stdout, talk on stderr, colour only for a terminal. Knows no room's values."""

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

from bep.exit_codes import ExitCode, Stop
from bep.schemas.escaping import escaped, in_one_line
from bep.terminal import EscapingStream, Wishes, guard_standard_streams, wants_colour

_BEGAN = time.monotonic()  # near enough to the start of the process
RED, YELLOW, BOLD, RESET = "\x1b[31m", "\x1b[33m", "\x1b[1m", "\x1b[0m"


def _write(stream: TextIO, text: str, *, control: bool = False) -> None:
    """Write at once. A reader who has left, as `head` does, ends no work: what follows goes nowhere.

    `control` is for what moves the cursor and has no foreign text in it; all else is escaped.
    """
    try:
        if text:
            shown = text if control else escaped(text, colour=wants_colour(stream))
            stream.control(shown) if isinstance(stream, EscapingStream) else stream.write(shown)
            stream.flush()
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


class Console:
    """One command's voice. `result` is what a pipe receives; `say` is for the person who waits."""

    def __init__(self, *, quiet: bool = False) -> None:
        self.quiet = quiet or Wishes.quiet
        guard_standard_streams()
        self.colour = wants_colour(sys.stdout)
        self.colour_talk = wants_colour(sys.stderr)
        self._live: list[str] = []
        self._writing = 0
        self._waiting: list[str] = []

    @contextmanager
    def _undisturbed(self) -> Iterator[None]:
        """What a signal handler has to say meanwhile is said afterwards: in the middle it would be drawn over."""
        self._writing += 1
        try:
            yield
            while self._writing == 1 and self._waiting:
                self._tell(self._waiting.pop(0))
        finally:
            self._writing -= 1
        if self._waiting and not self._writing:  # it came between the last look and now
            self._tell_waiting()

    def _tell_waiting(self) -> None:
        with self._undisturbed():
            pass

    def interject(self, text: str) -> None:
        """Talk of a signal handler, which may come between any two steps of the rest."""
        self._waiting.append(text)
        if not self._writing:
            self._tell_waiting()

    def _tell(self, text: str) -> None:
        left = f"{self._taken_away() or chr(10)}{escaped(text)}\n".encode()
        with suppress(OSError):  # whoever listened may have left
            while left:  # the next signal may cut it short
                left = left[os.write(sys.stderr.fileno(), left) :]

    def _put(self, stream: TextIO, text: str) -> None:
        with self._undisturbed():
            _write(sys.stderr, self._taken_away(), control=True)
            _write(stream, text)

    def result(self, text: str) -> None:
        """A result, with exactly one line break at its end."""
        self._put(sys.stdout, text if text.endswith("\n") else text + "\n")

    def result_bytes(self, content: bytes) -> None:
        """A result as it is, unescaped: for whoever asked for raw bytes."""
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()

    def result_json(self, value: Any, *, indent: int | None = 2) -> None:
        """A result for a machine."""
        self.result(json.dumps(value, indent=indent, ensure_ascii=False, default=str))

    def say(self, text: str) -> None:
        """Talk: what is going on."""
        if not self.quiet:
            since = f"[{time.monotonic() - _BEGAN:.2f} s] " if Wishes.verbose else ""
            self._put(sys.stderr, f"{since}{text}\n")

    def warn(self, text: str) -> None:
        """Talk that even a quiet command makes."""
        mark = f"{YELLOW}warning:{RESET}" if self.colour_talk else "warning:"
        self._put(sys.stderr, f"{mark} {text}\n")

    def error(self, text: str) -> None:
        """Why a command failed."""
        mark = f"{RED}error:{RESET}" if self.colour_talk else "error:"
        self._put(sys.stderr, f"{mark} {text}\n")

    @property
    def is_watched(self) -> bool:
        """Whether somebody sits where talk goes to."""
        return sys.stderr.isatty() and not self.quiet

    @property
    def live_possible(self) -> bool:
        """Whether lines can be drawn over: talk goes to a terminal that can move its cursor."""
        return sys.stderr.isatty() and not self.quiet and os.environ.get("TERM") != "dumb"

    @property
    def width(self) -> int:
        """Columns of the terminal that talk goes to."""
        return os.get_terminal_size(sys.stderr.fileno()).columns or 80

    @property
    def result_width(self) -> int:
        """Columns of the terminal that results go to; 0 where they go to a file or a pipe, which is as wide as they."""
        try:
            return os.get_terminal_size(sys.stdout.fileno()).columns if sys.stdout.isatty() else 0
        except (OSError, ValueError):  # no terminal after all, or no file
            return 0

    @property
    def fancy(self) -> bool:
        """Whether the terminal shows more than ASCII."""
        return sys.stderr.encoding.lower().startswith("utf") and os.environ.get("TERM") not in ("dumb", "linux")

    @property
    def height(self) -> int:
        """Rows of the terminal that talk goes to."""
        return os.get_terminal_size(sys.stderr.fileno()).lines or 24

    def live(self, *lines: str) -> None:
        """Lines that the next ones are drawn over, cut to what fits; nothing where that is not possible.

        In one write, each line over the old one and only then what is longer cleared: nothing is blank in between.
        """
        if not self.live_possible:
            return
        width = self.width
        fitting = [in_one_line(line)[: max(0, width - 1)] for line in lines[: max(1, self.height - 1)]]
        with self._undisturbed():
            _write(sys.stderr, self._to_the_top(width) + "\x1b[K\r\n".join(fitting) + "\x1b[J", control=True)
            self._live = fitting

    def clear(self) -> None:
        """Take the live lines away, so that what follows starts on a clean one."""
        self._put(sys.stderr, "")

    def _taken_away(self) -> str:
        """What takes the live lines away; they count as gone then."""
        if not self._live:
            return ""
        text = self._to_the_top(self.width) + "\x1b[J"
        self._live = []
        return text

    def _to_the_top(self, width: int) -> str:
        """To the start of the first live line. A terminal that became narrower has folded those that are longer."""
        rows = sum(max(1, -(-len(line) // max(1, width))) for line in self._live)
        return "\r" + (f"\x1b[{rows - 1}A" if rows > 1 else "")

    def confirm(self, question: str, *, instead: str = "") -> None:
        """Ask for the word yes; anything else ends the command.

        Without a terminal nobody can be asked; `instead` is what can be done then, but for saying yes beforehand.
        """
        if not sys.stdin.isatty():
            other = f", or {instead}" if instead else ""
            raise Stop(ExitCode.ERROR, f"there is no terminal to ask on: say --auto-approve{other}")
        self.clear()
        _write(sys.stderr, f"\n{question}\nOnly the word yes goes on: ")
        try:
            answer = input()
        except EOFError:
            answer = ""
        if answer.strip() != "yes":
            raise Stop(ExitCode.ERROR, "nothing was changed: the answer was not yes")
