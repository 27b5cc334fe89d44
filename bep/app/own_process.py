"""A process of bep's own that survives whoever starts it: this very bep, in a session of its own. Knows no job."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Final

_PACKAGE: Final = Path(__file__).parents[2]


def start(
    module: str,
    arguments: Sequence[str] = (),
    *,
    cwd: Path,
    stdin: int = subprocess.DEVNULL,
    stdout: "int | IO[bytes]" = subprocess.DEVNULL,
    stderr: "int | IO[bytes]" = subprocess.DEVNULL,
) -> "subprocess.Popen[bytes]":
    """Start `main()` of a module. What a terminal sends to the caller does not reach it.

    Nothing of the caller's process is forked, and the folder that it works in holds no modules for it (`-P`): a user
    may well have a random.py there.
    """
    code = f"import sys; sys.path.insert(0, sys.argv.pop(1)); from {module} import main; main()"
    return subprocess.Popen(
        [sys.executable, "-P", "-c", code, str(_PACKAGE), *arguments],
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        cwd=cwd,
        start_new_session=True,
    )
