"""How much memory processes hold. Knows /proc and nothing else."""

import os
from collections.abc import Iterable
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")


def resident(processes: Iterable[int]) -> int | None:
    """Bytes of memory that these processes hold together; None where the system has no /proc.

    Pages that several share count for each of them. A process that has ended counts nothing.
    """
    total = 0
    for process in processes:
        try:
            total += int(Path(f"/proc/{process}/statm").read_bytes().split()[1]) * _PAGE
        except (OSError, IndexError):
            if not Path("/proc/self/statm").exists():
                return None
    return total
