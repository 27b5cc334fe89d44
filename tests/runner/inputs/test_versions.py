"""What is fetched again and what is not; what a stated checksum, a broken line and a gone server do."""

import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bep.runner.errors import Cancelled, InputsInvalid
from bep.runner.events import Transferring
from bep.runner.inputs import expanding
from bep.runner.transfer import downloading, transfers, web
from bep.runner.transfer.transfers import Board
from tests.runner.inputs.servers import Server, md5, served

CONTENT = os.urandom(200_000)
OTHER = os.urandom(200_000)


@pytest.fixture
def server() -> Iterator[Server]:
    with served() as state:
        yield state


def fetch(url: str, downloads: Path, **how: Any) -> Path:
    return downloading.fetch([url], downloads, Board(**how))[url]


@pytest.mark.parametrize("stated", [{"etag": '"1"'}, {"etag": 'W/"1"'}, {"etag": '"1"', "ignores_conditions": True}])
def test_what_is_unchanged_is_not_sent_again(tmp_path: Path, server: Server, stated: dict[str, Any]) -> None:
    url = server.put("/a.csv", CONTENT, **stated)
    first = fetch(url, tmp_path)
    inode = first.stat().st_ino
    assert fetch(url, tmp_path) == first
    assert [asked[1] for asked in server.asked] == [None, stated["etag"]]
    assert first.read_bytes() == CONTENT
    assert first.stat().st_ino == inode


def test_what_has_changed_is_fetched_and_the_old_one_stays_for_who_reads_it(tmp_path: Path, server: Server) -> None:
    old = fetch(server.put("/a.csv", CONTENT, etag='"1"'), tmp_path)
    new = fetch(server.put("/a.csv", OTHER, etag='"2"'), tmp_path)
    assert (old.read_bytes(), new.read_bytes()) == (CONTENT, OTHER)
    assert old.name == new.name == "a.csv"
    assert fetch(server.put("/a.csv", OTHER, etag='"2"'), tmp_path) == new


def test_a_server_that_states_no_version_is_asked_for_all_of_it_each_time(tmp_path: Path, server: Server) -> None:
    first = fetch(server.put("/a.csv", CONTENT), tmp_path)
    assert fetch(server.put("/a.csv", CONTENT), tmp_path) == first
    assert fetch(server.put("/a.csv", OTHER), tmp_path).read_bytes() == OTHER
    assert first.read_bytes() == CONTENT


def test_a_copy_that_somebody_has_written_to_is_fetched_again(tmp_path: Path, server: Server) -> None:
    url = server.put("/a.csv", CONTENT, etag='"1"')
    copy = fetch(url, tmp_path)
    copy.chmod(0o644)
    copy.write_bytes(OTHER)
    assert fetch(url, tmp_path).read_bytes() == CONTENT


def test_a_broken_line_is_continued_where_it_broke(tmp_path: Path, server: Server) -> None:
    url = server.put("/a.csv", CONTENT, etag='"1"', md5=md5(CONTENT), breaks_after=[60_000, 150_000])
    assert fetch(url, tmp_path).read_bytes() == CONTENT
    assert [asked[2] for asked in server.asked] == [None, "bytes=60000-", "bytes=150000-"]
    assert server.sent == len(CONTENT)


@pytest.mark.parametrize("etag", ["", 'W/"1"'])
def test_without_a_strong_version_it_begins_again(tmp_path: Path, server: Server, etag: str) -> None:
    assert fetch(server.put("/a.csv", CONTENT, etag=etag, breaks_after=[60_000]), tmp_path).read_bytes() == CONTENT
    assert [asked[2] for asked in server.asked] == [None, None]


def test_a_checksum_that_does_not_fit_is_an_error_and_leaves_nothing(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "_PAUSE", 0)
    url = server.put("/a.csv", CONTENT, etag='"1"', md5=md5(OTHER))
    with pytest.raises(InputsInvalid, match=rf"has md5 {md5(CONTENT).hex()}, and should have {md5(OTHER).hex()}"):
        fetch(url, tmp_path)
    assert files_in(tmp_path) == []
    assert len(server.asked) == 3


def test_an_address_may_say_the_checksum(tmp_path: Path, server: Server) -> None:
    url = server.put("/a.csv", CONTENT)
    assert fetch(f"{url}#sha256={hashlib.sha256(CONTENT).hexdigest()}", tmp_path).read_bytes() == CONTENT
    with pytest.raises(InputsInvalid, match=f"should have {'0' * 64}"):
        fetch(f"{url}#sha256={'0' * 64}", tmp_path)


def test_a_server_that_is_gone_fails_the_job_and_the_copy_is_named(tmp_path: Path) -> None:
    with served() as server:
        url = server.put("/a.csv", CONTENT, etag='"1"') + "?sig=canary"
        copy = fetch(url, tmp_path)
    with pytest.raises(InputsInvalid, match="may be out of date: to score that, give as input") as told:
        fetch(url, tmp_path)
    assert str(told.value).endswith(str(copy))
    assert "canary" not in str(told.value)


def test_a_renewed_signature_is_the_same_file_and_another_query_is_not(tmp_path: Path, server: Server) -> None:
    url = server.put("/a.csv", CONTENT, etag='"1"')
    first = fetch(f"{url}?sv=2024&se=2026-01-01&sig=canary1", tmp_path)
    assert fetch(f"{url}?sv=2024&se=2026-02-02&sig=canary2", tmp_path) == first
    assert fetch(f"{url}?snapshot=3&sig=canary2", tmp_path) != first
    written = b"".join(file.read_bytes() for file in tmp_path.rglob("*.json")) + str([*tmp_path.rglob("*")]).encode()
    assert b"canary" not in written


def test_user_and_password_are_sent_and_never_shown(tmp_path: Path, server: Server) -> None:
    url = server.put("/a.csv", CONTENT).replace("://", "://me:can%40ary@")
    assert fetch(url, tmp_path).read_bytes() == CONTENT
    assert server.logins == ["Basic bWU6Y2FuQGFyeQ=="]
    with pytest.raises(InputsInvalid, match=r"http://\*\*\*@.*/nowhere: .* 404") as told:
        fetch(url.replace("/a.csv", "/nowhere"), tmp_path)
    assert "ary" not in str(told.value)


@pytest.mark.parametrize("url", ["http://h:port/x?k=canary", "http://[::1/x?k=canary", "http:///x", "http://h ost/x"])
def test_an_address_that_is_none_is_no_traceback(tmp_path: Path, url: str) -> None:
    with pytest.raises(InputsInvalid) as told:
        fetch(url, tmp_path)
    assert "canary" not in str(told.value)


def test_odd_names_arrive(tmp_path: Path, server: Server) -> None:
    server.put("/%C3%A4%20%5Bx%5D.csv", CONTENT)
    assert fetch(server.url + "/ä [x].csv", tmp_path).name == "ä [x].csv"
    server.put("/" + "n" * 300 + ".csv", CONTENT)
    assert fetch(server.url + "/" + "n" * 300 + ".csv", tmp_path).suffix == ".csv"
    server.put("/a/..", CONTENT)
    assert fetch(server.url + "/a/..", tmp_path).name == "input"


def test_several_are_on_their_way_and_never_too_many(tmp_path: Path, server: Server) -> None:
    gate = threading.Event()
    urls = [server.put(f"/{n}.csv", b"%d" % n, etag=f'"{n}"', gate=gate) for n in range(20)]
    done: list[bytes] = []

    def work() -> None:
        done.extend(Path(os.fsdecode(name)).read_bytes() for name in expanding.expand(urls, tmp_path))

    thread = threading.Thread(target=work)
    thread.start()
    until = time.monotonic() + 30
    while server.at_once < transfers.AT_ONCE and time.monotonic() < until:
        time.sleep(0.01)
    gate.set()
    thread.join()
    assert done == [b"%d" % n for n in range(20)]
    assert server.most_at_once == transfers.AT_ONCE


def test_a_sample_fetches_no_more_than_it_needs(tmp_path: Path, server: Server) -> None:
    urls = [server.put(f"/{n}.csv", b"%d" % n) for n in range(5)]
    assert len(list(expanding.expand(urls, tmp_path, most=2))) == 2
    assert sorted(asked[0] for asked in server.asked) == ["/0.csv", "/1.csv"]


def test_every_one_that_fails_is_told(tmp_path: Path, server: Server) -> None:
    good = server.put("/good.csv", CONTENT)
    with pytest.raises(InputsInvalid) as told:
        list(expanding.expand([server.url + "/one", good, server.url + "/two"], tmp_path))
    assert sorted(str(told.value).split("\n")) == [
        f"{server.url}/{name}: cannot be fetched: the server answers 404 Not Found" for name in ("one", "two")
    ]


def test_a_server_that_drips_is_given_up(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "SECONDS", 0.3)
    monkeypatch.setattr(web, "_PAUSE", 0)
    url = server.put("/a.csv", CONTENT, gate=threading.Event())
    with pytest.raises(InputsInvalid, match=r"timed out|stalled"):
        fetch(url, tmp_path)
    assert files_in(tmp_path) == []


def test_a_server_that_sends_next_to_nothing_is_given_up(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "SECONDS", 1.0)
    monkeypatch.setattr(web, "_PAUSE", 0)
    url = server.put("/a.csv", CONTENT, drips=True)
    with pytest.raises(InputsInvalid, match=r"stalled: fewer than 60000 bytes in 1 s, \d+ in all \(3 attempts\)"):
        fetch(url, tmp_path)
    assert files_in(tmp_path) == []


def test_an_end_in_the_middle_comes_at_once_and_leaves_nothing(tmp_path: Path, server: Server) -> None:
    url = server.put("/a.csv", CONTENT, gate=threading.Event())
    cancel = threading.Event()

    def stop() -> None:
        server.waiting.wait(30)
        cancel.set()

    threading.Thread(target=stop).start()
    with pytest.raises(Cancelled):
        fetch(url, tmp_path, cancel=cancel)
    assert files_in(tmp_path) == []


def test_a_long_fetch_is_told_of(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfers, "_TOLD", 0.0)
    gate = threading.Event()
    heard: list[Transferring] = []

    def tell(event: Any) -> None:
        heard.append(event)
        if event.bytes >= 80_000:
            gate.set()

    fetch(server.put("/a.csv", CONTENT, gate=gate), tmp_path, tell=tell)
    assert gate.is_set()
    assert (heard[-1].files, heard[-1].of_files, heard[-1].bytes) == (1, 1, len(CONTENT))
    assert heard[0].doing == "fetching inputs"


_FETCH = """
import sys
from pathlib import Path
from bep.runner.transfer import downloading
from bep.runner.transfer.transfers import Board
print(downloading.fetch([sys.argv[1]], Path(sys.argv[2]), Board())[sys.argv[1]])
"""


@contextmanager
def fetching(url: str, downloads: Path) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-c", _FETCH, url, str(downloads)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def test_a_kill_in_the_middle_leaves_no_file_that_a_job_would_take(tmp_path: Path, server: Server) -> None:
    url = server.put("/a.csv", CONTENT, etag='"1"', gate=threading.Event())
    with fetching(url, tmp_path) as process:
        assert server.waiting.wait(30)
        process.send_signal(signal.SIGKILL)
    assert [name for name in files_in(tmp_path) if not name.endswith(".part")] == []
    server.put("/a.csv", CONTENT, etag='"1"')
    assert fetch(url, tmp_path).read_bytes() == CONTENT
    assert not [name for name in files_in(tmp_path) if name.endswith(".part")]


def test_two_processes_fetch_it_once(tmp_path: Path, server: Server) -> None:
    gate = threading.Event()
    url = server.put("/a.csv", CONTENT, etag='"1"', gate=gate)
    with fetching(url, tmp_path) as one:
        assert server.waiting.wait(30)
        with fetching(url, tmp_path) as two:
            gate.set()
            said = {process.communicate(timeout=60)[0] for process in (one, two)}
    assert len(said) == 1
    assert server.sent == len(CONTENT)


def files_in(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file() and path.name not in ("lock", "latest.json")]
