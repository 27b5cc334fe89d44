"""The runner's journal on a disk that has no room for a while."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from bep.runner.folder import journal
from bep.runner.folder.journal import Failure, Journal

FAILURE = Failure(first=0, count=1, attempt=1, type="ValueError", message="bad", traceback="", log="")


def test_a_line_that_found_no_room_leaves_nothing_before_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Journal(tmp_path / "journal", 1)
    kept.append(FAILURE)
    real = os.write

    def full(file: int, content: bytes) -> int:
        monkeypatch.setattr(os, "write", refused)
        return real(file, content[:7])

    def refused(file: int, content: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space left"):
        kept.append(FAILURE)
    monkeypatch.setattr(os, "write", real)
    kept.append(FAILURE)
    kept.close()
    assert list(journal.read(tmp_path / "journal")) == [FAILURE, FAILURE]


def test_a_line_that_a_kill_has_torn_is_cut_before_the_next(tmp_path: Path) -> None:
    """Written behind it, the next failure would be read as a part of it, and be lost."""
    path = tmp_path / "journal"
    kept = Journal(path, 1)
    kept.append(FAILURE)
    kept.close()
    line = path.read_bytes()
    for torn in (line[:1], line[:20], line[:-1]):
        path.write_bytes(line + torn)
        again = Journal(path, 1)
        again.append(replace(FAILURE, first=7))
        again.close()
        assert list(journal.read(path)) == [FAILURE, replace(FAILURE, first=7)]
