"""What Ray has done to the process that an agent is, and to all that it starts: put back where the system lets it.

Only the process itself is touched. To be called before it has any thread, for threads keep what they began with.
"""

import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import Final

AGENT: Final = 500
WORKERS: Final = 1000
"""How soon the kernel ends a process for want of memory, 1000 being first: Ray lets an agent be as soon as a worker."""

_OWN = Path("/proc/self/oom_score_adj")
_PYTHONS = (signal.SIGPIPE, signal.SIGXFSZ)  # which Python ignores itself, and puts back in what it starts


def put_back() -> list[str]:
    """Let this process, and what it starts, be as one that a user has started; what cannot be, in words."""
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    for number in signal.valid_signals():
        if number not in _PYTHONS and signal.getsignal(number) is signal.SIG_IGN:
            with suppress(OSError, ValueError):
                signal.signal(number, signal.SIG_DFL)
    with suppress(OSError):
        _OWN.write_text(str(AGENT))
    return _put_priority_back()


def _put_priority_back() -> list[str]:
    found = os.getpriority(os.PRIO_PROCESS, 0)
    if found <= 0:
        return []
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, 0)
    if os.getpriority(os.PRIO_PROCESS, 0) <= 0:
        return []
    return [
        f"scripts run with nice {found}, so all else on this node comes before them, and only root may change that: set"
        " RAY_worker_niceness=0 in the environment of Ray's own processes"
    ]
