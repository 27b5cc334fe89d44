"""A folder that many can write to: what somebody has put there leads nobody elsewhere, and lets nobody wait."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from bep.runner.errors import NotShared, ShareRefused
from bep.runner.shares.share import Share, share_at

CALLS: dict[str, Callable[[Share, str, Path], object]] = {
    "put": lambda share, name, _: share.put(name, b"other"),
    "read": lambda share, name, _: share.read(name),
    "get": lambda share, name, target: share.get(name, target),
    "remove": lambda share, name, _: share.remove(name),
    "listed": lambda share, name, _: share.listed(name.partition("/")[0]),
    "folders": lambda share, name, _: share.folders(name.partition("/")[0]),
}


@pytest.fixture
def share(tmp_path: Path) -> Share:
    (tmp_path / "shared").mkdir()
    (tmp_path / "private").mkdir()
    (tmp_path / "private/file").write_text("mine")
    return share_at("shared", tmp_path)


@pytest.mark.parametrize("call", CALLS)
def test_a_folder_that_is_a_link_is_not_followed(share: Share, tmp_path: Path, call: str) -> None:
    (tmp_path / "shared/logs").symlink_to(tmp_path / "private")
    with pytest.raises(ShareRefused, match="logs is a symbolic link, and none is followed"):
        CALLS[call](share, "logs/file", tmp_path / "target")
    assert (tmp_path / "private/file").read_text() == "mine"
    assert not (tmp_path / "target").exists()


@pytest.mark.parametrize("call", ["put", "read", "get", "remove"])
def test_a_file_that_is_a_link_is_not_followed(share: Share, tmp_path: Path, call: str) -> None:
    (tmp_path / "shared/job.json").symlink_to(tmp_path / "private/file")
    with pytest.raises(ShareRefused, match=r"job\.json is a symbolic link"):
        CALLS[call](share, "job.json", tmp_path / "target")
    assert (tmp_path / "private/file").read_text() == "mine"


@pytest.mark.parametrize("call", ["read", "get"])
def test_a_pipe_is_no_file_and_lets_nobody_wait(share: Share, tmp_path: Path, call: str) -> None:
    os.mkfifo(tmp_path / "shared/job.json")
    with pytest.raises(NotShared, match=r"there is no job\.json"):
        CALLS[call](share, "job.json", tmp_path / "target")
    assert share.listed("") == {}


def test_folders_may_be_deeper_than_python_calls_itself(share: Share, tmp_path: Path) -> None:
    here = os.open(tmp_path / "shared", os.O_RDONLY)
    for _ in range(1200):
        os.mkdir("a", dir_fd=here)
        below = os.open("a", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.close(here)
    try:
        assert list(share.listed("").values()) == [0]
    finally:  # not left to pytest, which removes old folders by calling itself, too
        subprocess.run(["rm", "-rf", tmp_path / "shared" / "a"], check=True)
