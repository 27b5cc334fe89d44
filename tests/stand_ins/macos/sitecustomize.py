"""On PYTHONPATH: a Python that has nothing of Linux's own, as one on macOS. No /proc, pidfd, memfd, reflink, affinity.

It shows that every second way is taken and works; how macOS itself behaves, it cannot show.
"""

import errno
import fcntl
import os
import select
import signal
import sys
import sysconfig
from collections.abc import Callable
from typing import Any

LINUX_ALONE: dict[Any, tuple[str, ...]] = {
    os: (
        *("memfd_create", "pidfd_open", "copy_file_range", "sched_getaffinity", "sched_setaffinity", "fdatasync"),
        *("waitid", "waitid_result", "posix_fadvise", "posix_fallocate", "pipe2", "splice", "eventfd", "getxattr"),
        *("O_DIRECT", "O_TMPFILE", "O_PATH", "MFD_CLOEXEC", "MFD_ALLOW_SEALING", "P_PIDFD"),
    ),
    signal: ("pidfd_send_signal", "sigwaitinfo", "sigtimedwait"),
    fcntl: ("F_ADD_SEALS", "F_SEAL_GROW", "F_SEAL_SHRINK", "F_SETSIG", "F_GETSIG"),
    select: ("epoll",),
}
REFLINK = 0x40049409


def _is_hidden(path: Any) -> bool:
    return isinstance(path, (str, bytes)) and os.fsdecode(path).split("/")[:2] == ["", "proc"]


def _hide(event: str, arguments: tuple[Any, ...]) -> None:
    """What Python itself reports before it opens or lists something."""
    if event in ("open", "os.listdir", "os.scandir") and _is_hidden(arguments[0]):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), arguments[0])


def _without_proc(look: Callable[..., Any]) -> Callable[..., Any]:
    def looked(path: Any, *arguments: Any, **more: Any) -> Any:
        if _is_hidden(path if isinstance(path, (str, bytes, int)) else os.fspath(path)):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        return look(path, *arguments, **more)

    return looked


def _without_reflinks(control: Callable[..., Any]) -> Callable[..., Any]:
    def controlled(file: Any, request: int, *arguments: Any) -> Any:
        if request == REFLINK:
            raise OSError(errno.ENOTTY, os.strerror(errno.ENOTTY))
        return control(file, request, *arguments)

    return controlled


if __name__ == "sitecustomize":
    # How this Python was built is found by a name that has the system in it.
    os.environ["_PYTHON_SYSCONFIGDATA_NAME"] = sysconfig._get_sysconfigdata_name()  # type: ignore[attr-defined]
    for module, names in LINUX_ALONE.items():
        for name in names:
            if hasattr(module, name):
                delattr(module, name)
    setattr(sys, "platform", "darwin")  # noqa: B010 - mypy would take all that follows for unreachable
    setattr(os, "stat", _without_proc(os.stat))  # noqa: B010
    setattr(os, "lstat", _without_proc(os.lstat))  # noqa: B010
    setattr(fcntl, "ioctl", _without_reflinks(fcntl.ioctl))  # noqa: B010
    sys.addaudithook(_hide)
