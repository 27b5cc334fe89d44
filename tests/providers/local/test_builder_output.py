"""What a builder says: each line whole in log and talk, and on a terminal what it draws over and over."""

import io
import os
import sys
from collections.abc import Callable
from pathlib import Path

from bep.providers.local.environments.builder_output import Teller, run

PROGRAM = """
import os, sys, time
for part in ("10", "50", "90"):
    sys.stdout.write("  downloading " + part + chr(13)); sys.stdout.flush()
    while sys.stdout.isatty() and not os.path.exists("drawn"):
        time.sleep(0.01)
print("done " + "/very/long" * 40 + "/secret/path")
print("terminal" if sys.stdout.isatty() else "pipe")
sys.stdout.write("no end of line"); sys.exit(3)
"""


def said(tmp_path: Path, moving: Callable[[str], None] | None) -> tuple[list[str], str, str | None]:
    lines: list[str] = []
    log = io.StringIO()
    teller = Teller(lines.append, moving, lambda text: text.replace("secret", "****"))
    with (tmp_path / "lock").open("w") as lock:
        failed = run(
            [sys.executable, "-c", PROGRAM],
            log,
            teller,
            environment=dict(os.environ),
            folder=tmp_path,
            lock=lock.fileno(),
        )
    return lines, log.getvalue().partition("sys.exit(3)\n")[2].lstrip("\n"), failed


def test_lines_are_whole_wherever_they_go(tmp_path: Path) -> None:
    drawn: list[str] = []

    def draw(text: str) -> None:
        drawn.append(text)
        (tmp_path / "drawn").touch()

    for moving, kind in ((None, "pipe"), (draw, "terminal")):
        lines, log, failed = said(tmp_path, moving)
        assert lines == ["done " + "/very/long" * 40 + "/****/path", kind, "no end of line"]
        assert log.splitlines() == lines
        assert failed == "".join(f"{line}\n" for line in lines)
    assert drawn
    assert drawn[0].startswith("downloading ")
