"""Owner: who a process is, so that a lock can name it and tell whether it still lives. Knows no lock."""

import os
import pwd
from pathlib import Path

from bep.lazy_dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Owner:
    """One process. `started` tells it from a later one with the same number; empty where the system does not say.

    `pid` is 0 where only user and host are known, as of another tool's.
    """

    who: str
    host: str
    pid: int
    started: str


def this_process() -> Owner:
    """The process that asks."""
    pid = os.getpid()
    try:
        who = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        who = str(os.getuid())
    return Owner(who, os.uname().nodename, pid, started(pid))


def is_here(owner: Owner) -> bool:
    """Whether the owner is a process of this machine that can be looked for, as far as its name tells."""
    return owner.pid > 0 and owner.host == os.uname().nodename


def is_dead(owner: Owner) -> bool:
    """Whether a process of this machine is gone, or its number belongs to another one now."""
    try:
        os.kill(owner.pid, 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        pass
    now = started(owner.pid)
    return now == "gone" or bool(now and owner.started and now != owner.started)


def started(pid: int) -> str:
    """This boot and the moment in it at which the process began; `gone` for one that has only to be reaped."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
    after_name = stat.rpartition(")")[2].split()
    return "gone" if after_name[0] in "ZX" else f"{boot}/{after_name[19]}"
