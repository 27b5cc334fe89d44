"""Inputs in stores that fsspec knows: which files an address means, what is fetched, what is fetched again."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bep.runner.errors import Cancelled, InputsInvalid
from bep.runner.inputs import expanding
from bep.runner.transfer import stores, transfers
from bep.runner.transfer.transfers import Board
from tests.runner.inputs.stores import PASSWORD, FtpStore, ftp_store, memory_store


@pytest.fixture
def store() -> Iterator[Any]:
    with memory_store() as system:
        yield system


@pytest.fixture
def ftp(tmp_path: Path) -> Iterator[FtpStore]:
    with ftp_store(tmp_path / "served") as server:
        yield server


@pytest.fixture
def fetched(store: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths that were fetched, in any order."""
    found: list[str] = []
    as_it_is = type(store).get_file

    def get_file(self: Any, source: str, target: str, **how: Any) -> None:
        found.append(source)
        as_it_is(self, source, target, **how)

    monkeypatch.setattr(type(store), "get_file", get_file)
    return found


def listed(root: Path, *texts: str, most: int | None = None) -> dict[str, str]:
    """The content of each file by its name in the copy."""
    names = [Path(os.fsdecode(name)) for name in expanding.expand(texts, root / "downloads", most=most)]
    return {str(name).partition("/given/")[2].partition("/")[2]: name.read_text() for name in names}


def test_only_what_has_changed_in_a_folder_is_fetched_again(tmp_path: Path, store: Any, fetched: list[str]) -> None:
    store.pipe({f"/b/in/{n}.txt": b"%d" % n for n in range(5)})
    first = listed(tmp_path, "memory://b/in")
    assert first == {f"{n}.txt": str(n) for n in range(5)}
    assert len(fetched) == 5
    assert listed(tmp_path, "memory://b/in") == first
    assert len(fetched) == 5
    store.pipe("/b/in/3.txt", b"x")
    store.rm("/b/in/4.txt")
    assert listed(tmp_path, "memory://b/in") == {"0.txt": "0", "1.txt": "1", "2.txt": "2", "3.txt": "x"}
    assert fetched[5:] == ["/b/in/3.txt"]


def test_what_was_whole_when_a_fetch_broke_off_is_kept(
    tmp_path: Path, store: Any, fetched: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stores, "_PAUSE", 0)
    store.pipe({f"/b/in/{n}.txt": b"%d" % n for n in range(20)})
    with monkeypatch.context() as broken:
        whole = type(store).get_file

        def get_file(self: Any, source: str, target: str, **how: Any) -> None:
            if source == "/b/in/19.txt":
                raise OSError("the line broke")
            whole(self, source, target, **how)

        broken.setattr(type(store), "get_file", get_file)
        with pytest.raises(InputsInvalid, match=r"in: /b/in/19.txt cannot be fetched: OSError: the line broke"):
            listed(tmp_path, "memory://b/in")
    assert len(fetched) == 19
    assert len(listed(tmp_path, "memory://b/in")) == 20
    assert fetched[19:] == ["/b/in/19.txt"]


def test_a_store_that_states_no_version_is_read_each_time(
    tmp_path: Path, store: Any, fetched: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stores, "_VERSION_WORDS", ())
    store.pipe("/b/a.txt", b"1")
    assert listed(tmp_path, "memory://b/a.txt") == {"a.txt": "1"}
    store.pipe("/b/a.txt", b"2")
    assert listed(tmp_path, "memory://b/a.txt") == {"a.txt": "2"}
    assert fetched == ["/b/a.txt"] * 2


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("*.txt", ["a.txt", "b [1].txt"]),
        ("**/*.txt", ["a.txt", "b [1].txt", "x/a.txt", "x/y/a.txt", "z/a.txt"]),
        ("?/a.txt", ["x/a.txt", "z/a.txt"]),
        ("x*", ["x/a.txt", "x/y/.hidden", "x/y/a.txt"]),
        ("b [1].txt", ["b [1].txt"]),
        ("b [[]1].txt", ["b [1].txt"]),
        ("x/**", ["a.txt", "y/.hidden", "y/a.txt"]),
    ],
)
def test_patterns_name_the_files_that_they_name_on_a_disk(
    tmp_path: Path, store: Any, pattern: str, names: list[str]
) -> None:
    for name in ("a.txt", "b [1].txt", "x/a.txt", "x/y/a.txt", "x/y/.hidden", "z/a.txt", "é.csv"):
        store.pipe(f"/b/{name}", name.encode())
        (tmp_path / "disk" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "disk" / name).write_text(name)
    assert sorted(listed(tmp_path, f"memory://b/{pattern}")) == names
    on_disk = list(expanding.expand([str(tmp_path / "disk" / pattern)], tmp_path))
    assert len(on_disk) == len(names)


def test_a_sample_fetches_no_more_than_it_needs(tmp_path: Path, store: Any, fetched: list[str]) -> None:
    store.pipe({f"/b/in/{n}.txt": b"%d" % n for n in range(50)})
    assert len(listed(tmp_path, "memory://b/in", most=3)) == 3
    assert len(fetched) == 3


@pytest.mark.parametrize("hangs", ["find", "get_file"])
def test_a_client_that_hangs_ends_when_it_is_asked_to(
    tmp_path: Path, store: Any, hangs: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hanging, cancel, over = threading.Event(), threading.Event(), threading.Event()

    def hang(*_: object, **__: object) -> None:
        hanging.set()
        over.wait(60)

    def stop() -> None:
        hanging.wait(30)
        cancel.set()

    store.pipe("/b/in/a.txt", b"1")
    monkeypatch.setattr(type(store), hangs, hang)
    threading.Thread(target=stop).start()
    with pytest.raises(Cancelled):
        list(expanding.expand(["memory://b/in"], tmp_path, Board(cancel=cancel)))
    assert not over.is_set()
    over.set()


def test_a_client_through_which_nothing_comes_is_given_up(
    tmp_path: Path, store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = threading.Event()
    monkeypatch.setattr(transfers, "_TOLD", 0.05)
    monkeypatch.setattr(type(store), "get_file", lambda *_, **__: over.wait(60))
    store.pipe("/b/in/a.txt", b"1")
    with pytest.raises(InputsInvalid, match="fetching inputs: nothing has moved for 1 s; try again later"):
        list(expanding.expand(["memory://b/in"], tmp_path, Board(stall=1.0)))
    over.set()


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["a", "a/b"], r"in: its names cannot all be files here"),
        (["x/../../y"], r"cannot be the name of a file here; rename it in the store"),
        (["x" * 300], r"in: its names cannot all be files here: .*too long"),
    ],
)
def test_names_that_no_folder_can_have_are_told(
    tmp_path: Path, store: Any, names: list[str], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.pipe("/b/in/there", b"1")
    found = {f"/b/in/{name}": {"name": f"/b/in/{name}", "size": 1, "type": "file"} for name in names}
    monkeypatch.setattr(type(store), "find", lambda *_, **__: found)
    monkeypatch.setattr(type(store), "get_file", lambda _, __, target, **___: Path(target).write_bytes(b"1"))
    with pytest.raises(InputsInvalid, match=told):
        listed(tmp_path, "memory://b/in")


def test_a_real_server_gives_files_folders_and_patterns(tmp_path: Path, ftp: FtpStore) -> None:
    for name in ("in/a b.txt", "in/deep/c#1.txt", "in/é.csv"):
        (ftp.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (ftp.folder / name).write_text(name)
    assert sorted(listed(tmp_path, f"{ftp.url}/in")) == ["a b.txt", "deep/c#1.txt", "é.csv"]
    assert listed(tmp_path, f"{ftp.url}/in/a b.txt") == {"a b.txt": "in/a b.txt"}
    assert sorted(listed(tmp_path, f"{ftp.url}/in/*.csv", f"{ftp.url}/in/deep")) == ["c#1.txt", "é.csv"]
    (ftp.folder / "in/a b.txt").write_text("changed, and longer")
    assert listed(tmp_path, f"{ftp.url}/in/a b.txt") == {"a b.txt": "changed, and longer"}
    kept = [path.name.encode() + (path.read_bytes() if path.is_file() else b"") for path in tmp_path.rglob("*")]
    assert not any(PASSWORD.encode() in each for each in kept)


def test_a_server_that_is_gone_or_refuses_is_told_without_its_password(tmp_path: Path, ftp: FtpStore) -> None:
    (ftp.folder / "a.txt").write_text("1")
    wrong = ftp.url.replace(PASSWORD, PASSWORD + "x")
    with pytest.raises(InputsInvalid, match=r"ftp://\*\*\*@.*cannot be fetched: error_perm: 530") as refused:
        listed(tmp_path, f"{wrong}/a.txt")
    assert listed(tmp_path, f"{ftp.url}/a.txt") == {"a.txt": "1"}
    ftp.stop()
    with pytest.raises(InputsInvalid, match=r"ftp://\*\*\*@.*cannot be fetched: ConnectionRefusedError") as gone:
        listed(tmp_path, f"{ftp.url}/a.txt")
    assert "may be out of date: to score that, give as input" in str(gone.value)
    assert Path(str(gone.value).rpartition(" ")[2]).read_text() == "1"
    assert "canary" not in f"{refused.value}{gone.value}"
