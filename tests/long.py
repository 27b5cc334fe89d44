"""Which tests take long: `make test` leaves them to `make test-all`. `python -m tests.long LOG` writes the table.

LOG is what `PYTEST_ADDOPTS=--durations=400 make test-all` printed. What counts is all cases of a test together. Knows
no test's reason to be long.
"""

import re
import sys
from collections import defaultdict
from pathlib import Path
from typing import Final

TABLE: Final = Path(__file__).with_name("long.txt")
SECONDS: Final = 10
"""A test that took as long is in the table."""
_LINE: Final = re.compile(r"\s*([\d.]+)s (?:setup|call|teardown)\s+(tests/\S+?\.py::[^\[\s]+)")


def name_of(nodeid: str) -> str:
    """A test without the case."""
    return nodeid.partition("[")[0]


def long_tests() -> frozenset[str]:
    """The table."""
    return frozenset(TABLE.read_text().split())


def found(log: str) -> list[str]:
    """The names that a table of this log has."""
    seconds: defaultdict[str, float] = defaultdict(float)
    for line in log.splitlines():
        if match := _LINE.match(line):
            seconds[match[2]] += float(match[1])
    return sorted(name for name, took in seconds.items() if took >= SECONDS)


if __name__ == "__main__":
    TABLE.write_text("".join(f"{name}\n" for name in found(Path(sys.argv[1]).read_text(errors="replace"))))
