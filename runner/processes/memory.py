"""How much memory a process and what it has started hold. Knows /proc and nothing else; elsewhere nothing is known."""

import os
from collections.abc import Iterator
from contextlib import suppress

_PAGE = os.sysconf("SC_PAGE_SIZE")


def resident(process: int) -> int | None:
    """Bytes that a process and its descendants hold; None where the system has no /proc. Cheap.

    Pages that several share count for each of them. A process that has ended counts nothing.
    """
    if not os.path.exists("/proc/self/statm"):  # noqa: PTH110 - a tenth of Path's time, four times a second
        return None
    return sum(map(_resident, _family(process)))


def proportional(process: int) -> int:
    """The same, what several share divided among them. Takes milliseconds for a large process."""
    return sum(map(_proportional, _family(process)))


def _family(process: int) -> Iterator[int]:
    yield process
    with suppress(OSError):
        for thread in os.listdir(f"/proc/{process}/task"):  # noqa: PTH208
            for child in _read(f"/proc/{process}/task/{thread}/children").split():
                yield from _family(int(child))


def _resident(process: int) -> int:
    with suppress(OSError, IndexError):
        return int(_read(f"/proc/{process}/statm").split()[1]) * _PAGE
    return 0


def _proportional(process: int) -> int:
    with suppress(OSError):
        for line in _read(f"/proc/{process}/smaps_rollup").splitlines():
            if line.startswith(b"Pss:"):
                return int(line.split()[1]) * 1024
    return _resident(process)


def _read(path: str) -> bytes:
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(file, 1 << 16)
    finally:
        os.close(file)
