"""The file of a state's journal: what is in it and durable after each step, where a disk fails, and whose it is."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from bep.providers.state.journal_file import JournalFile
from tests.faults.opened import opened


def test_each_step_is_said_before_it_is_taken(tmp_path: Path) -> None:
    """A test that kills at a step finds the journal as it is then."""
    path = tmp_path / "journal"
    seen: list[tuple[str, bytes]] = []
    journal = JournalFile(path, 0, at=lambda step: seen.append((step, path.read_bytes())))
    journal.append([b"one\n", b"two\n"])
    journal.empty()
    journal.close()
    assert seen == [
        ("write journal", b""),
        ("sync journal", b"one\ntwo\n"),
        ("truncate journal", b"one\ntwo\n"),
        ("sync journal", b""),
    ]


def test_whatever_is_done_is_waited_for_until_it_is_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its name, too, where it is new; each as it is when the disk is asked."""
    path = tmp_path / "journal"
    synced: list[tuple[str, int]] = []

    def noted(real: Callable[[int], None]) -> Callable[[int], None]:
        def sync(file: int) -> None:
            there = Path(f"/proc/self/fd/{file}").readlink()
            synced.append((there.name, path.stat().st_size if there == path else -1))
            real(file)

        return sync

    for name in ("fsync", "fdatasync"):
        monkeypatch.setattr(os, name, noted(getattr(os, name)))
    new = JournalFile(path, 0)
    assert synced == [(tmp_path.name, -1)]
    new.append([b"one\n"])
    new.append([b"torn"])
    new.close()
    assert synced[1:] == [("journal", 4), ("journal", 8)]
    cut = JournalFile(path, 4)
    assert synced[3:] == [("journal", 4)]
    cut.empty()
    cut.close()
    assert synced[4:] == [("journal", 0)]


def test_after_a_sync_that_failed_it_takes_nothing_and_has_what_was_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    broken = OSError(5, "Input/output error")
    fails = [False]

    def at(step: str) -> None:
        if fails[0] and step == "sync journal":
            raise broken

    journal = JournalFile(path, 0, at=at)
    journal.append([b"good\n"])
    for fails[0] in (True, False):
        with pytest.raises(OSError, match="Input/output error"):
            journal.append([b"lost\n"])
        assert path.read_bytes() == b"good\n"
    journal.close()


def test_what_was_never_acknowledged_is_cut_and_what_follows_stands_in_its_place(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    path.write_bytes(b"good\nto")
    journal = JournalFile(path, 5)
    assert path.read_bytes() == b"good\n"
    journal.append([b"next\n"])
    assert path.read_bytes() == b"good\nnext\n"
    journal.empty()
    journal.append([b"new\n"])
    assert path.read_bytes() == b"new\n"
    journal.close()


def test_it_is_in_place_while_its_name_is_its_own_and_nobody_else_wrote_to_it(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    journal = JournalFile(path, 0)
    journal.append([b"one\n"])
    assert journal.in_place()
    with path.open("ab") as other:
        other.write(b"two\n")
    assert not journal.in_place()
    journal.empty()
    assert journal.in_place()
    path.unlink()
    assert not journal.in_place()
    path.write_bytes(b"")
    assert not journal.in_place()
    journal.close()


def test_closing_twice_is_as_good_as_once_and_closes_no_other_file(tmp_path: Path) -> None:
    journal = JournalFile(tmp_path / "journal", 0)
    assert opened(tmp_path / "journal")
    journal.close()
    assert not opened(tmp_path / "journal")
    with (tmp_path / "other").open("wb") as other:
        journal.close()
        other.write(b"still open")
    assert (tmp_path / "other").read_bytes() == b"still open"
