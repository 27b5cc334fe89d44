"""Digests that are kept: each big file is read once, and none is believed that may be another."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bep.disk import known_digests
from bep.disk.known_digests import LEAST, SETTLED, KnownDigests, place_for
from tests.bep.conftest import Workspace, write

LATER = 2 * SETTLED


def in_a_while() -> int:
    """A clock by which every file that is there has been left alone for long."""
    return time.time_ns() + LATER


class Counting:
    """Digests, and how many bytes were asked of the file."""

    def __init__(self, place: Path, now: Callable[[], int] = in_a_while) -> None:
        self.known = KnownDigests(place, now)

    def __call__(self, file: Path) -> tuple[str, bool]:
        """The digest, and whether it was known."""
        steps: list[int] = []
        found = self.known.digest(file, steps.append)
        self.known.keep()
        return found, len(steps) == 1 and file.stat().st_size > 1 << 20


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where the digests are kept."""
    return tmp_path / "cache" / "digests" / "x.json"


@pytest.fixture
def big(tmp_path: Path) -> Path:
    """A file of more than one block."""
    file = tmp_path / "big"
    file.write_bytes(b"a" * (3 << 20))
    return file


def right(file: Path) -> str:
    """What the digest must be, whoever asks."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def test_a_big_file_is_read_once(place: Path, big: Path) -> None:
    assert Counting(place)(big) == (right(big), False)
    assert Counting(place)(big) == (right(big), True)
    assert (place.stat().st_mode & 0o777, place.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_a_restored_time_deceives_nobody(place: Path, big: Path) -> None:
    Counting(place)(big)
    before = big.stat()
    big.write_bytes(b"b" * (3 << 20))
    os.utime(big, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert big.stat().st_mtime_ns == before.st_mtime_ns
    assert Counting(place)(big) == (right(big), False)


def test_another_file_under_the_name_is_another_file(place: Path, big: Path, tmp_path: Path) -> None:
    Counting(place)(big)
    before = big.stat()
    other = tmp_path / "other"
    other.write_bytes(b"c" * (3 << 20))
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(big)
    assert Counting(place)(big) == (right(big), False)


def test_a_file_that_was_just_changed_is_read_again(place: Path, big: Path) -> None:
    """Another change within the same tick of the clock would leave no trace."""
    at_once = time.time_ns
    assert Counting(place, at_once)(big) == (right(big), False)
    assert Counting(place, at_once)(big) == (right(big), False)
    assert not place.exists()


def test_a_file_that_changes_while_it_is_read_is_not_kept(place: Path, big: Path) -> None:
    known = KnownDigests(place, in_a_while)
    known.digest(big, lambda taken: big.touch())
    known.keep()
    assert not place.exists()


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"[]", b'{"format": 9, "digests": {}}', b'{"format": 1, "digests": 7}', b"\xff"]
)
def test_damage_costs_only_time(place: Path, big: Path, damage: bytes) -> None:
    Counting(place)(big)
    place.write_bytes(damage)
    assert Counting(place)(big) == (right(big), False)
    assert Counting(place)(big) == (right(big), True)


def test_what_others_may_write_is_not_believed(place: Path, big: Path) -> None:
    Counting(place)(big)
    place.write_bytes(place.read_bytes().replace(right(big).encode(), b"0" * 64))
    place.chmod(0o622)
    assert Counting(place)(big) == (right(big), False)


def test_where_nothing_can_be_kept_nothing_is(big: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    assert Counting(tmp_path / "file" / "x.json")(big) == (right(big), False)
    assert KnownDigests(None).digest(big, lambda taken: None) == right(big)
    assert place_for(tmp_path, {}) is None


def test_it_does_not_grow_without_bound(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_digests, "MOST", 3)
    monkeypatch.setattr(known_digests, "MOST_FOLDERS", 2)
    for number in range(5):
        file = tmp_path / str(number)
        file.write_bytes(bytes([number]) * LEAST)
        Counting(place)(file)
    kept = json.loads(place.read_bytes())["digests"]
    assert list(kept.values()) == [right(tmp_path / str(number)) for number in (2, 3, 4)]
    for number in range(4):
        Counting(place.with_name(f"{number}.json"))(tmp_path / str(number))
    assert len(list(place.parent.iterdir())) == 2


def test_small_files_are_not_worth_it(place: Path, tmp_path: Path) -> None:
    (tmp_path / "small").write_bytes(b"x" * (LEAST - 1))
    Counting(place)(tmp_path / "small")
    assert not place.exists()


WRITER = """
import itertools, sys, time
from pathlib import Path
from bep.disk.known_digests import KnownDigests
place, file = map(Path, sys.argv[1:])
print("started", flush=True)
for number in itertools.count():
    known = KnownDigests(place, lambda: time.time_ns() + 10**10)
    file.touch()
    known.digest(file, lambda taken: None)
    known.keep()
"""


def test_writers_that_are_killed_leave_a_whole_file(place: Path, tmp_path: Path) -> None:
    for turn in range(6):
        writers = []
        for number in range(2):
            file = tmp_path / f"{turn}-{number}"
            file.write_bytes(b"x" * LEAST)
            command = [sys.executable, "-c", WRITER, str(place), str(file)]
            writers.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        for writer in writers:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "started\n"
        before = place.read_bytes() if place.exists() else b""
        while not place.exists() or place.read_bytes() == before:
            time.sleep(0.001)
        for writer in writers:
            writer.send_signal(signal.SIGKILL)
            writer.communicate()
        assert set(json.loads(place.read_bytes())["digests"].values()) == {right(tmp_path / "0-0")}


def test_commands_use_it_and_apply_reads_the_bytes_itself(
    workspace: Workspace, tmp_path_factory: pytest.TempPathFactory
) -> None:
    cache = tmp_path_factory.mktemp("cache")
    write(workspace.folder, {"model/weights.bin": "w" * (2 << 20)})
    file = workspace.folder / "model/weights.bin"
    while time.time_ns() < file.stat().st_ctime_ns + SETTLED:
        time.sleep(0.1)
    workspace.bep("validate", XDG_CACHE_HOME=str(cache))
    (kept,) = (cache / "bep" / "digests").iterdir()
    assert right(file) in kept.read_text()
    kept.write_text(kept.read_text().replace(right(file), "0" * 64))
    assert "0" * 12 in workspace.bep("plan", "--json", XDG_CACHE_HOME=str(cache)).stdout
    said = workspace.bep("apply", "-y", XDG_CACHE_HOME=str(cache), expect=None)
    assert said.returncode == 5
    assert "Traceback" not in said.stderr
