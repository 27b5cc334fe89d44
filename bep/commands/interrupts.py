"""Ctrl-C in front of a command that must not be cut: once to stop, twice to end. Knows no plan and no job."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event as Flag

from bep.exit_codes import ExitCode


@contextmanager
def two_step_interrupt(
    first: str = "finishing what runs, starting nothing more", say: "Callable[[str], None] | None" = None
) -> Iterator[Flag]:
    """A flag that the first SIGINT or SIGTERM sets; a second one ends the process.

    `say` is for a terminal with lines that are being drawn over, which would swallow what is said.
    """
    flag = Flag()

    def interrupted(number: int, frame: object) -> None:
        if flag.is_set():
            with suppress(OSError):
                os.write(2, b"\nended at once; every step taken is on record\n")
            os._exit(ExitCode.CANCELLED)
        flag.set()
        text = f"interrupted: {first}; once more ends bep at once"
        if say:
            say(text)
            return
        with suppress(OSError):  # whoever listened may have left
            os.write(2, f"\n{text}\n".encode())

    before = {number: signal.signal(number, interrupted) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield flag
    finally:
        for number, action in before.items():
            signal.signal(number, action)
