"""What every share promises, tried with a folder, a store in memory and a server of its own."""

import filecmp
import threading
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bep.runner.errors import NotShared, ShareRefused
from bep.runner.shares.share import Share

NAMES = ("job.json", "segments/000-010 [1].f0.segment", "content/aa/é", "a b#1", "deep/er/and/deeper")


@pytest.mark.parametrize("content", [b"", b"x", bytes(range(256)) * 1000])
@pytest.mark.parametrize("is_file", [True, False])
def test_what_was_put_is_read(share: Share, tmp_path: Path, content: bytes, is_file: bool) -> None:
    source = tmp_path / "source"
    source.write_bytes(content)
    for name in NAMES:
        share.put(name, source if is_file else content)
    assert share.listed("") == dict.fromkeys(NAMES, len(content))
    for number, name in enumerate(NAMES):
        assert share.read(name) == content
        target = tmp_path / f"got {number}"
        share.get(name, target)
        assert target.read_bytes() == content
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == [
        *(f"got {n}" for n in range(len(NAMES))),
        "source",
    ]


def test_ranges_are_those_of_the_file(share: Share) -> None:
    content = bytes(range(256)) * 2000
    share.put("a/b", content)
    for start, length in ((0, 0), (0, 1), (5, 10), (0, len(content)), (70_000, 100_000), (len(content) - 3, 10)):
        assert share.read("a/b", start, length) == content[start : start + length]
    assert share.read("a/b", 511_990) == content[511_990:]
    assert share.read("a/b", len(content), 10) == b""


def test_what_is_put_later_stands_in_the_place_of_what_was_there(share: Share, tmp_path: Path) -> None:
    target = tmp_path / "target"
    for content in (b"the first, which is long" * 10_000, b"second", b"", b"the last"):
        share.put("x/status.json", content)
        assert share.read("x/status.json") == content
        share.get("x/status.json", target)
        assert target.read_bytes() == content
        assert share.listed("x") == {"status.json": len(content)}


def test_a_folder_is_listed_from_there_on(share: Share) -> None:
    for name in ("a/1", "a/b/2", "ab/3", "c"):
        share.put(name, name.encode())
    assert share.listed("a") == {"1": 3, "b/2": 5}
    assert share.listed("a/b") == {"2": 5}
    assert share.listed("") == {"a/1": 3, "a/b/2": 5, "ab/3": 4, "c": 1}
    assert share.listed("nowhere") == share.listed("a/1/x") == {}
    assert share.folders("") == ("a", "ab")
    assert share.folders("a") == ("b",)
    assert share.folders("nowhere") == ()


def test_what_is_not_there_is_told_by_its_name(share: Share, tmp_path: Path) -> None:
    share.put("a/b", b"1")
    for name in ("nothing", "a/nothing", "nowhere/at/all", "a", "a/b/c"):
        for some in ((0, None), (1, 1)):
            with pytest.raises(NotShared, match=f"there is no {name}"):
                share.read(name, *some)
        with pytest.raises(NotShared, match=f"there is no {name}"):
            share.get(name, tmp_path / "target")
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == []


def test_what_was_removed_is_gone_and_may_be_removed_again(share: Share) -> None:
    share.put("a/b", b"1")
    share.put("a/c", b"2")
    for _ in range(2):
        share.remove("a/b")
        assert share.listed("") == {"a/c": 1}
    share.remove("nowhere/at/all")
    share.put("a/b", b"3")
    assert share.read("a/b") == b"3"


@pytest.mark.parametrize("name", ["", "/a", "../a", "a/../b", "a//b", "./a", "a\0b", "a/"])
def test_names_that_lead_elsewhere_are_refused(share: Share, tmp_path: Path, name: str) -> None:
    for ask in (
        lambda: share.put(name, b"1"),
        lambda: share.read(name),
        lambda: share.get(name, tmp_path / "target"),
        lambda: share.remove(name),
    ):
        with pytest.raises(ShareRefused, match="cannot be a name in a share"):
            ask()
    if name:
        with pytest.raises(ShareRefused, match="cannot be a name in a share"):
            share.listed(name)


def test_many_threads_use_one_share(share: Share) -> None:
    together = threading.Barrier(6)

    def work(number: int) -> bytes:
        together.wait(30)
        for turn in range(5):
            share.put(f"new/{number}/{turn}", b"%d-%d" % (number, turn))
            share.put(f"status of {number}", b"%d" % turn)
        return share.read(f"new/{number}/4")

    with ThreadPoolExecutor(6) as threads:
        assert list(threads.map(work, range(6))) == [b"%d-4" % number for number in range(6)]
    assert len(share.listed("new")) == 30
    assert {share.read(f"status of {number}") for number in range(6)} == {b"4"}


def test_a_copy_that_this_machine_cannot_have_is_no_fault_of_the_share(share: Share, tmp_path: Path) -> None:
    share.put("a", b"1")
    with pytest.raises(OSError, match="nowhere") as refused:
        share.get("a", tmp_path / "nowhere" / "target")
    assert not isinstance(refused.value, ShareRefused)


def test_a_large_file_is_never_held(share: Share, tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    with source.open("wb") as file:
        file.truncate(30_000_000)
        file.write(b"begin")
    tracemalloc.start()
    try:
        share.put("large", source)
        share.get("large", target)
        assert share.read("large", 29_000_000, 10) == bytes(10)
        is_memory = share.address.startswith("memory:")  # which holds it, of course
        assert is_memory or tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()
    assert filecmp.cmp(source, target, shallow=False)
