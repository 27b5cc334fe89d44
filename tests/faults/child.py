"""A real process that does one thing, says when it begins, and can be killed."""

import os
import select
import signal
import traceback
from collections.abc import Callable


class Child:
    """A fork of this process. `work` is given a function that says it is ready."""

    def __init__(self, work: Callable[[Callable[[], object]], object]) -> None:
        reading, writing = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            code = 1
            try:
                os.close(reading)
                work(lambda: os.write(writing, b"r"))
                code = 0
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(code)
        os.close(writing)
        self._pipe = reading

    def wait_until_ready(self, timeout: float = 60.0) -> bool:
        """Whether it said so, rather than end without a word."""
        found, _, _ = select.select([self._pipe], [], [], timeout)
        assert found, "the child neither began nor ended"
        return os.read(self._pipe, 1) == b"r"

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def ended(self) -> int:
        """Its exit code, or minus the signal that ended it."""
        _, status = os.waitpid(self.pid, 0)
        os.close(self._pipe)
        return os.waitstatus_to_exitcode(status)


def die_at(number: int) -> Callable[[str], None]:
    """An `At` that kills its process at the step of this number, counted from 0."""
    seen = 0

    def at(_: str) -> None:
        nonlocal seen
        if seen == number:
            os.kill(os.getpid(), signal.SIGKILL)
        seen += 1

    return at
