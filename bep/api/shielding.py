"""A plan carried out so that Ctrl-C, or an error of the caller's own callback, stops it at a step and not within one.

No signal handler is installed. The work is done in a thread of its own; the caller's waits for it.
"""

from collections.abc import Callable
from threading import Event as Flag
from threading import Thread
from typing import Generic, TypeVar

Result = TypeVar("Result")


class Shielded(Generic[Result]):
    """One call, which is told by a flag to stop, and always waited for."""

    def __init__(self, flag: Flag) -> None:
        self._flag = flag
        self._results: list[Result] = []
        self._problems: list[BaseException] = []

    def telling(self, tell: "Callable[[object], None] | None") -> "Callable[[object], None]":
        """The caller's callback; what it raises stops the work, and comes out when that has stopped."""

        def told(event: object) -> None:
            if tell is None or self._problems:
                return
            try:
                tell(event)
            except BaseException as problem:
                self._problems.append(problem)
                self._flag.set()

        return told

    def run(self, work: Callable[[], Result]) -> Result:
        """The result of `work`. `KeyboardInterrupt` in this thread sets the flag, and is raised when all has ended."""
        thread = Thread(target=self._do, args=(work,), name="bep-api")
        thread.start()
        interrupted: KeyboardInterrupt | None = None
        while thread.is_alive():
            try:
                thread.join()
            except KeyboardInterrupt as problem:
                interrupted = interrupted or problem
                self._flag.set()
        if interrupted is not None:
            raise interrupted
        if self._problems:
            raise self._problems[0]
        return self._results[0]

    def _do(self, work: Callable[[], Result]) -> None:
        try:
            self._results.append(work())
        except BaseException as problem:
            self._problems.append(problem)
