"""Dies with the runner. Knows one pipe that nobody writes to."""

import fcntl
import os
import select
import sys

_SIGKILL = 9  # `import signal` imports enum and functools, a fifth of the start of a worker


def hold(lifeline: int) -> None:
    """Have the kernel SIGKILL this process group when the runner dies, even inside a call that never returns.

    The group is the worker and what its script forked. Elsewhere than on Linux a thread waits instead.
    """
    if sys.platform == "linux":
        fcntl.fcntl(lifeline, fcntl.F_SETOWN, -os.getpgrp())
        fcntl.fcntl(lifeline, fcntl.F_SETSIG, _SIGKILL)
        fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)
        ready, _, _ = select.select([lifeline], [], [], 0)
        if ready:  # it died before the signal was asked for
            os.killpg(0, _SIGKILL)
        return
    import threading

    threading.Thread(target=_wait, args=(lifeline,), daemon=True).start()


def _wait(lifeline: int) -> None:
    os.read(lifeline, 1)
    os.killpg(0, _SIGKILL)
