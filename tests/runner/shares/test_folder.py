"""A share that is a folder: what it refuses, in words; what a kill leaves; who may read what is put there."""

import errno
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bep.runner.errors import ShareRefused
from bep.runner.shares.share import Share, share_at
from tests.runner.failures.test_full_mount import small as small  # a fixture


@pytest.fixture
def share(tmp_path: Path) -> Share:
    (tmp_path / "shared").mkdir()
    return share_at("shared", tmp_path)


def calls(share: Share, target: Path) -> Iterator[Callable[[], object]]:
    yield lambda: share.put("a/b", b"1")
    yield lambda: share.read("a/b")
    yield lambda: share.get("a/b", target)
    yield lambda: share.listed("")
    yield lambda: share.listed("a")
    yield lambda: share.folders("")


def test_a_folder_that_is_missing_is_not_made(tmp_path: Path) -> None:
    """It may be a mount that is missing: what was written there would be seen by nobody else."""
    share = share_at("nowhere", tmp_path)
    for call in calls(share, tmp_path / "target"):
        with pytest.raises(ShareRefused, match=r"nowhere: there is no such folder to share\n    fix: make it"):
            call()
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_no_share(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("1")
    for call in calls(share_at("file", tmp_path), tmp_path / "target"):
        with pytest.raises(ShareRefused, match="file is a file: a share is a folder"):
            call()


def test_what_stands_in_the_way_is_named(share: Share, tmp_path: Path) -> None:
    share.put("a", b"1")
    with pytest.raises(ShareRefused, match=r"shared/a: Not a directory"):
        share.put("a/b", b"2")
    share.put("c/d", b"1")
    with pytest.raises(ShareRefused, match=r"shared/c: Is a directory|-> .*shared/c"):
        share.put("c", b"2")
    with pytest.raises(ShareRefused, match="File name too long"):
        share.put("x" * 300, b"2")
    assert share.listed("") == {"a": 1, "c/d": 1}


def test_a_full_disk_is_told_and_leaves_what_was_there(
    tmp_path: Path, small: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    share = share_at(str(small("200k")), tmp_path)
    share.put("a", b"before")
    source = tmp_path / "large"
    source.write_bytes(b"x" * 1_000_000)
    for content in (source, source.read_bytes()):
        with pytest.raises(ShareRefused, match=r"small/a: No space left on device\n    fix: make room"):
            share.put("a", content)
    assert share.listed("") == {"a": 6}
    assert len(list((tmp_path / "small").iterdir())) == 1
    small("4m")
    share.put("a", source)
    assert share.listed("") == {"a": 1_000_000}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_folder_without_the_right_to_it_is_told(tmp_path: Path) -> None:
    place = tmp_path / "shared"
    place.mkdir()
    place.chmod(0o555)
    for folder in (tmp_path, *tmp_path.parents[:-1]):
        folder.chmod(folder.stat().st_mode | 0o011)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.setgid(65534)
            os.setuid(65534)
            try:
                share_at(str(place), tmp_path).put("a", b"1")
            except ShareRefused as refused:
                told = ("Permission denied", "let this user read and write")
                code = 0 if all(each in str(refused) for each in told) else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.parametrize("rights", [0o700, 0o755, 0o2770, 0o777])
def test_whom_the_folder_lets_in_may_have_what_is_put_there(share: Share, rights: int) -> None:
    assert share.root
    share.root.chmod(rights)
    share.put("a/b/c", b"1")
    assert stat.S_IMODE((share.root / "a" / "b" / "c").stat().st_mode) == rights & 0o666
    for folder in ("a", "a/b"):
        assert stat.S_IMODE((share.root / folder).stat().st_mode) == rights


_WRITER = """
import os, sys, pathlib
from bep.runner.shares.share import share_at
share = share_at(sys.argv[1], pathlib.Path())
print("ready", flush=True)
number = 0
while True:
    number += 1
    share.put("a/segment", bytes([number % 256]) * 3_000_000)
"""


def test_a_kill_leaves_the_earlier_bytes_or_the_later_ones(share: Share, tmp_path: Path) -> None:
    assert share.root
    for turn in range(6):
        writer = subprocess.Popen([sys.executable, "-c", _WRITER, str(share.root)], stdout=subprocess.PIPE)
        assert writer.stdout
        assert writer.stdout.readline() == b"ready\n"
        until = time.monotonic() + 30
        while not share.listed("a") and time.monotonic() < until:
            time.sleep(0.005)
        time.sleep(0.01 * turn)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        assert share.listed("") == {"a/segment": 3_000_000}
        assert len(set(share.read("a/segment"))) == 1


def test_what_killed_writers_left_is_shown_to_nobody_and_removed_when_it_is_old(share: Share) -> None:
    assert share.root
    share.put("a/b", b"1")
    young, old = (share.root / "a" / f".{digit * 16}.partial" for digit in "ab")
    for left in (young, old):
        left.write_bytes(b"half")
    os.utime(old, (1, 1))
    assert share.listed("") == {"a/b": 1}
    assert young.exists()
    assert not old.exists()


def test_a_server_that_was_started_again_is_asked_again(share: Share, monkeypatch: pytest.MonkeyPatch) -> None:
    refusals = [errno.ESTALE, errno.ETIMEDOUT]
    replace = Path.replace

    def refusing(self: Path, target: Path) -> Path:
        if refusals:
            raise OSError(refusals.pop(), "not now", str(self))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", refusing)
    share.put("a", b"1")
    assert share.listed("") == {"a": 1}
    refusals += [errno.ESTALE] * 3
    with pytest.raises(ShareRefused, match="not now"):
        share.put("a", b"2")
    assert share.read("a") == b"1"


def test_a_path_is_taken_from_where_it_was_written(tmp_path: Path) -> None:
    place = tmp_path / "a b"
    place.mkdir()
    for text in ("a b", str(place), f"file://{tmp_path}/a%20b", f"local://{tmp_path}/a%20b", "x/../a b"):
        found = share_at(text, tmp_path)
        assert (found.root, found.address) == (place, str(place))
