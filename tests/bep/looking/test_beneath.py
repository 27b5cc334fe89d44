"""Nothing outside of a folder is opened or listed, whatever names are asked for and whatever links lie there."""

import os
from pathlib import Path

import pytest

from bep.disk.beneath import NotBeneath, listed, opened, walked


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with a file, a file deeper, links out of it, a pipe; and a secret beside it."""
    (tmp_path / "secret.txt").write_text("secret")
    folder = tmp_path / "root"
    (folder / "deeper").mkdir(parents=True)
    (folder / "a.txt").write_text("a")
    (folder / "deeper/b.txt").write_text("bb")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "inside.txt").symlink_to(folder / "a.txt")
    (folder / "up").symlink_to(tmp_path)
    os.mkfifo(folder / "pipe")
    return folder


@pytest.mark.parametrize("name", ["a.txt", "deeper/b.txt"])
def test_its_files_are_opened(root: Path, name: str) -> None:
    with opened(root, name) as stream:
        assert stream.read() == (root / name).read_bytes()


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../secret.txt", "deeper/../../secret.txt", "/etc/hostname", "deeper//b.txt", "deeper/", "a.txt\0",
     "./a.txt", "link.txt", "inside.txt", "up/secret.txt", "pipe", "deeper", "nothing", "\ud800", "a.txt/b", "x" * 300],
)  # fmt: skip
def test_nothing_else_is(root: Path, name: str) -> None:
    with pytest.raises(NotBeneath), opened(root, name):
        pass


def test_a_root_that_is_a_link_is_the_folder_it_leads_to(root: Path) -> None:
    link = root.parent / "by-another-name"
    link.symlink_to(root)

    with opened(link, "a.txt") as stream:
        assert stream.read() == b"a"


def test_links_are_listed_as_links_and_not_walked(root: Path) -> None:
    kinds = {entry.name: entry.kind for entry in listed(root)}

    assert kinds == {
        "a.txt": "file", "deeper": "folder", "inside.txt": "link", "link.txt": "link", "pipe": "other", "up": "link",
    }  # fmt: skip
    assert [name for name, _ in walked(root)] == ["a.txt", "deeper/b.txt"]
    with pytest.raises(NotBeneath):
        listed(root, "up")


def test_a_folder_is_listed_a_page_at_a_time(tmp_path: Path) -> None:
    for number in range(10):
        (tmp_path / f"{number}").touch()

    assert [entry.name for entry in listed(tmp_path, after="3", most=3)] == ["4", "5", "6"]
