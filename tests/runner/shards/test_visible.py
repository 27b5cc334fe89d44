"""Which files all machines see: names and what they lead to, one by one and where a folder has many of them."""

import os
from pathlib import Path

import pytest

from bep.runner.shards import visible
from bep.runner.shards.visible import Visible


@pytest.mark.parametrize("most", [50_000, 1, 0])
@pytest.mark.parametrize("count", [3, 64, 65, 300])
def test_links_are_told_apart_however_many_files_a_folder_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, most: int
) -> None:
    monkeypatch.setattr(visible, "_MOST", most)
    share, other = tmp_path / "share", tmp_path / "other"
    share.mkdir()
    other.mkdir()
    names = [share / f"{number:04d}" for number in range(count)]
    for name in names:
        name.write_text("")
    for here, there in ((names[-1], other / "elsewhere"), (names[-2], names[0])):
        there.write_text("")
        here.unlink()
        here.symlink_to(there)
    seen = Visible([share])
    assert [seen.sees(os.fsencode(name)) for name in names] == [True] * (count - 1) + [False]
    assert not seen.sees(os.fsencode(other / "elsewhere"))
    assert seen.sees(os.fsencode(names[0])), "another folder was looked at between"


def test_a_folder_that_cannot_be_listed_is_looked_at_name_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> object:
        raise PermissionError

    monkeypatch.setattr(os, "scandir", refused)
    names = [tmp_path / f"{number:04d}" for number in range(100)]
    for name in names[:-1]:
        name.write_text("")
    seen = Visible([tmp_path])
    assert [seen.sees(os.fsencode(name)) for name in names] == [True] * 99 + [False]
