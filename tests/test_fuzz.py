"""A short run of the fuzzing, always the same: whole commands over wrong documents and damaged files."""

import subprocess
import sys
from pathlib import Path


def test_every_command_gives_an_answer() -> None:
    command = [sys.executable, "-m", "tests.fuzz", "--trials", "16", "--seed", "9", "--seconds", "3600"]
    done = subprocess.run(command, cwd=Path(__file__).parent.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert "16 documents tried" in done.stdout
    assert "commands: 0 tracebacks, 0 hangs" in done.stdout
