"""A share in a store: servers that stop, writers that are killed, what is no share; nobody sees a password."""

import ftplib
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from bep.runner.errors import NotShared, ShareRefused
from bep.runner.shares.share import share_at
from bep.runner.transfer import stores
from tests.runner.inputs.stores import PASSWORD, FtpStore, memory_store


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "https://me:canary-pass@example.org/x?sig=canary",
            r"https://\*\*\*@example.org/x\?\*\*\*: nothing can",
        ),
        ("HTTP://example.org/x", "nothing can be written to a web address\n    fix: give a folder"),
        ("ftp://***@example.org/x", "its login was hidden where this was written down"),
        ("simplecache::ftp://me:canary@example.org/x", "a share is a folder of one store"),
        ("gs://bucket/x", r"pip install 'bep-batch\[fsspec\]' 'gcsfs'"),
        ("s3://bucket/x", r"pip install 'bep-batch\[fsspec\]' 's3fs'"),
        ("nonsense://me:canary@x/y", r"nonsense://\*\*\*@x/y: .*not known"),
    ],
)
def test_what_is_no_share_is_refused_in_words(tmp_path: Path, text: str, told: str) -> None:
    pytest.importorskip("fsspec")
    with pytest.raises(ShareRefused, match=told) as refused:
        share_at(text, tmp_path)
    assert "canary" not in str(refused.value)


def test_a_server_that_stopped_is_told_without_its_password_and_used_again(tmp_path: Path, ftp: FtpStore) -> None:
    share = share_at(f"{ftp.url}/shared", tmp_path)
    share.put("a/b", b"1")
    ftp.stop()
    calls = (
        lambda: share.put("a/c", b"2"),
        lambda: share.read("a/b"),
        lambda: share.get("a/b", tmp_path / "target"),
        lambda: share.listed("a"),
        lambda: share.listed(""),
        lambda: share.folders(""),
        lambda: share.remove("a/b"),
        lambda: share_at(f"{ftp.url}/shared", tmp_path),
    )
    for call in calls:
        with pytest.raises(ShareRefused, match=r"ftp://\*\*\*@127.0.0.1:\d+/shared: ") as refused:
            call()
        assert PASSWORD not in str(refused.value)
    assert PASSWORD not in f"{share!r} {share.address}"
    ftp.start()
    assert share.listed("") == {"a/b": 1}
    share.put("a/c", b"2")
    assert share.read("a/c") == b"2"


@pytest.mark.parametrize("back", [1, 2])
def test_a_server_that_comes_back_between_two_tries_is_not_told_of(
    tmp_path: Path, ftp: FtpStore, monkeypatch: pytest.MonkeyPatch, back: int
) -> None:
    share = share_at(f"{ftp.url}/shared", tmp_path)
    share.put("a/b", b"1")
    ftp.stop()
    opened = 0
    as_it_is = stores._opened

    def opening(*how: Any, **words: Any) -> Any:
        nonlocal opened
        opened += 1
        if opened == back:
            ftp.start()
        return as_it_is(*how, **words)

    monkeypatch.setattr(stores, "_opened", opening)
    assert share.read("a/b") == b"1"
    assert opened == back


def test_a_server_that_ends_while_a_file_is_on_its_way_has_it_whole_when_it_is_back(
    tmp_path: Path, ftp: FtpStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    share = share_at(f"{ftp.url}/shared", tmp_path)
    share.put("a", b"1")
    source = tmp_path / "source"
    source.write_bytes(b"x" * 4_000_000)
    ftp.stop()
    ftp.start(limit=400_000)
    torn = ftp.folder / "shared" / "b"
    as_it_is = stores._opened
    seen: list[int] = []
    opened = 0

    def end() -> None:
        until = time.monotonic() + 60
        while not (torn.exists() and torn.stat().st_size) and time.monotonic() < until:
            time.sleep(0.01)
        ftp.stop()
        seen.append(torn.stat().st_size)

    ending = threading.Thread(target=end)

    def opening(*how: Any, **words: Any) -> Any:
        nonlocal opened
        opened += 1
        if opened == 1:  # the connection of before has ended with the first server
            ending.start()
        else:
            ending.join()
            ftp.start()
        return as_it_is(*how, **words)

    monkeypatch.setattr(stores, "_opened", opening)
    share.put("b", source)
    assert opened == 2
    assert 0 < seen[0] < 4_000_000
    assert share.listed("") == {"a": 1, "b": 4_000_000}


def test_a_folder_that_a_server_fails_to_list_is_not_taken_for_empty(
    tmp_path: Path, ftp: FtpStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client asks the folder above then, finds the folder there, and says that nothing is in it."""
    share = share_at(f"{ftp.url}/shared", tmp_path)
    share.put("segments/a", b"1")
    failing = ["/shared/segments"]
    as_it_is = ftplib.FTP.mlsd

    def mlsd(self: ftplib.FTP, path: str = "", *how: Any) -> Any:
        if path in failing:
            failing.remove(path)
            raise ftplib.error_temp("425 no data connection")
        return as_it_is(self, path, *how)

    monkeypatch.setattr(ftplib.FTP, "mlsd", mlsd)
    assert share.listed("segments") == {"a": 1}
    assert failing == []


_WRITER = """
import sys, pathlib
from bep.runner.shares.share import share_at
source = pathlib.Path(sys.argv[2])
share = share_at(sys.argv[1], pathlib.Path())
print("ready", flush=True)
share.put("segments/a", source)
"""


def test_a_writer_killed_on_its_way_leaves_a_file_of_fewer_bytes(tmp_path: Path, ftp: FtpStore) -> None:
    ftp.stop()
    ftp.start(limit=400_000)
    source = tmp_path / "source"
    source.write_bytes(b"x" * 4_000_000)
    writer = subprocess.Popen([sys.executable, "-c", _WRITER, f"{ftp.url}/shared", str(source)], stdout=subprocess.PIPE)
    assert writer.stdout
    assert writer.stdout.readline() == b"ready\n"
    torn = ftp.folder / "shared" / "segments" / "a"
    until = time.monotonic() + 30
    while not (torn.exists() and torn.stat().st_size) and time.monotonic() < until:
        time.sleep(0.01)
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    writer.stdout.close()
    ftp.stop()
    ftp.start()
    share = share_at(f"{ftp.url}/shared", tmp_path)
    assert 0 < share.listed("segments")["a"] < 4_000_000
    share.put("segments/a", source)
    assert share.listed("segments") == {"a": 4_000_000}
    assert share.read("segments/a", 3_999_999, 5) == b"x"


def test_what_a_store_took_half_is_not_taken_for_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with memory_store() as system:
        share = share_at("memory://b/shared", tmp_path)
        sent: list[bytes] = []
        as_it_is = type(system).pipe_file

        def half(self: Any, path: str, value: bytes, **how: Any) -> None:
            sent.append(value)
            as_it_is(self, path, value[:1] if len(sent) in (1, 3, 4, 5) else value, **how)

        monkeypatch.setattr(type(system), "pipe_file", half)
        share.put("a", b"123")
        assert (share.read("a"), len(sent)) == (b"123", 2)
        with pytest.raises(
            ShareRefused, match="a cannot be written: OSError: 1 of 3 bytes are there after it was sent"
        ):
            share.put("a", b"456")


def test_a_store_that_refuses_for_good_is_asked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with memory_store() as system:
        share = share_at("memory://b/shared", tmp_path)
        asked: list[str] = []

        def refuse(self: Any, path: str, value: bytes, **how: Any) -> None:
            asked.append(path)
            raise PermissionError("the key may only read")

        monkeypatch.setattr(type(system), "pipe_file", refuse)
        with pytest.raises(ShareRefused, match="a cannot be written: PermissionError: the key may only read"):
            share.put("a", b"1")
        assert len(asked) == 1


@pytest.mark.parametrize("how", ["none", "whole"])
def test_a_store_without_ranges_gives_them_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    with memory_store() as system:
        share = share_at("memory://b/shared", tmp_path)
        content = bytes(range(256)) * 10
        share.put("a", content)

        def cat_file(self: Any, path: str, start: int | None = None, end: int | None = None, **_: Any) -> bytes:
            if how == "none":
                raise NotImplementedError
            if path not in self.store:
                raise FileNotFoundError(path)
            return content

        monkeypatch.setattr(type(system), "cat_file", cat_file)
        for start, length in ((0, 10), (100, 1000), (2500, 100)):
            assert share.read("a", start, length) == content[start : start + length]
        with pytest.raises(NotShared):
            share.read("b", 5, 5)


@pytest.mark.parametrize("is_server_gone", [False, True])
def test_a_process_ends_without_a_word_of_its_connections(tmp_path: Path, ftp: FtpStore, is_server_gone: bool) -> None:
    program = (
        "import sys, threading, time\n"
        "from pathlib import Path\n"
        "from bep.runner.shares.share import share_at\n"
        "share = share_at(sys.argv[1], Path.cwd())\n"
        "share.put('a', b'1')\n"
        "used = threading.Event()\n"
        "def work():\n"
        "    share.put('b', b'2')\n"
        "    used.set()\n"
        "    time.sleep(1000)\n"
        "threading.Thread(target=work, daemon=True).start()\n"
        "used.wait()\n"
        "print('used', flush=True)\n"
        "sys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, f"{ftp.url}/shared"],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "used\n"
    if is_server_gone:
        ftp.stop()
    said, errors = process.communicate()
    assert (process.returncode, said, errors) == (0, "", "")
