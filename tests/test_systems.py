"""Where bep runs: refused on Windows in one sentence, done in a second way where a system lacks what Linux has."""

import subprocess
import sys

import pytest

from bep.systems import WINDOWS, refusal

NOT_ON_WINDOWS = ("fcntl", "grp", "pwd", "resource", "termios")


@pytest.mark.parametrize("words", [["plan"], ["version"], ["--help"], ["run", "job.yml"]])
def test_windows_is_refused_in_one_sentence_that_names_the_way_out(words: list[str]) -> None:
    program = (
        f"import sys; sys.platform = 'win32'; sys.modules.update(dict.fromkeys({NOT_ON_WINDOWS}));"
        f" sys.argv = ['bep', *{words}]; from bep.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"error: {WINDOWS}\n")
    assert "WSL" in WINDOWS


@pytest.mark.parametrize("system", ["linux", "darwin", "freebsd14"])
def test_no_other_system_is_refused(system: str) -> None:
    assert refusal(system) == ""
