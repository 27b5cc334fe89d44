"""The one door to the terminal: whatever is printed, by bep or by a library, is escaped here. Knows no command."""

import os
import sys
from io import TextIOWrapper
from typing import TextIO

from bep.schemas.escaping import escaped


class Wishes:
    """What was asked for ahead of the command, for this whole process: no colour, no talk, or more of it."""

    no_colour = False
    quiet = False
    verbose = False


def wants_colour(stream: TextIO) -> bool:
    """Colour on a terminal, unless NO_COLOR is set (https://no-color.org) or TERM is dumb; FORCE_COLOR overrides.

    `--no-color` wins over all of them.
    """
    if os.environ.get("NO_COLOR") or Wishes.no_colour:
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


class EscapingStream(TextIOWrapper):
    """A standard stream that shows foreign text instead of obeying it. Colours pass where the stream wants them."""

    def __init__(self, stream: TextIOWrapper) -> None:
        """Take the place of a stream, which must not be written to any more."""
        stream.flush()
        # Names of files need not be text; and to a full pipe or a terminal each line goes at once, as before.
        super().__init__(
            stream.buffer,
            encoding=stream.encoding,
            errors="backslashreplace",
            line_buffering=stream.line_buffering,
            write_through=stream.write_through,
        )

    def write(self, text: str, /) -> int:
        """Write text that may have anything in it; its length."""
        super().write(escaped(text, colour=wants_colour(self)))
        return len(text)

    def control(self, text: str) -> None:
        """Write what moves the cursor: bep's own sequences, no foreign text in them."""
        super().write(text)


def guard_standard_streams() -> None:
    """Let all that this process prints from now on go through the door."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if isinstance(stream, TextIOWrapper) and not isinstance(stream, EscapingStream):
            setattr(sys, name, EscapingStream(stream))
