"""Files that are not written yet match patterns as files of a disk do."""

from pathlib import Path

import pytest

from bep.app.workspace.files import WorkspaceFiles
from bep.app.workspace.overlay import Overlay
from tests.bep.conftest import write

NAMES = ("a.yml", "b.yaml", "d/a.yml", "d/e/a.yml", "d/.hidden.yml", "x[1].yml")


@pytest.mark.parametrize("pattern", ["*.yml", "d/*.yml", "**/*.yml", "d/**/*.yml", "*/a.yml", "d/?.yml", "*", "x*"])
def test_a_pattern_means_the_same_of_both(tmp_path: Path, pattern: str) -> None:
    write(tmp_path / "there", dict.fromkeys(NAMES, ""))
    (tmp_path / "empty").mkdir()
    found = Overlay(tmp_path / "empty", dict.fromkeys(NAMES, b"")).glob(pattern)
    assert found == WorkspaceFiles(tmp_path / "there").glob(pattern)
