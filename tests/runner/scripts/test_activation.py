"""What a worker inherits in an environment: as if that had been activated."""

from pathlib import Path

import pytest

from bep.runner.jobs.launching import activated

OUTER = {"PATH": "/usr/bin:/bin", "VIRTUAL_ENV": "/beps/own", "CONDA_PREFIX": "/base", "HOME": "/home/me"}


@pytest.mark.parametrize(
    ("signs", "variable"),
    [
        (["pyvenv.cfg"], "VIRTUAL_ENV"),
        (["conda-meta"], "CONDA_PREFIX"),
        (["conda-meta", "pyvenv.cfg"], "CONDA_PREFIX"),
    ],
)
def test_the_environments_programs_come_first_and_no_other_is_active(
    tmp_path: Path, signs: list[str], variable: str
) -> None:
    for sign in signs:
        (tmp_path / sign).mkdir()
    assert activated(OUTER, str(tmp_path / "bin/python")) == {
        "PATH": f"{tmp_path}/bin:/usr/bin:/bin",
        "HOME": "/home/me",
        variable: str(tmp_path),
    }
    assert activated({}, str(tmp_path / "bin/python"))["PATH"] == f"{tmp_path}/bin"


def test_an_interpreter_in_no_environment_changes_nothing(tmp_path: Path) -> None:
    assert activated(OUTER, str(tmp_path / "bin/python")) == OUTER
