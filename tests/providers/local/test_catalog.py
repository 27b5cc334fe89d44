import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from bep.planner.state import ContentRecord
from bep.providers.local.catalog.catalog import Catalog, Row
from bep.providers.protocol import Conflict, ProviderError
from bep.schemas.address import Address


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return Catalog(tmp_path / "cloud" / "catalog.sqlite", clock=lambda: "2026-01-01T00:00:00Z")


def row(address: str, operation: str = "one", **attributes: object) -> Row:
    return Row(Address(address), attributes, operation)


def test_reading_makes_nothing(catalog: Catalog) -> None:
    assert catalog.read([Address("model/a/1")]) == {}
    assert catalog.list("model") == {}
    assert not catalog.path.parent.exists()


def test_what_is_written_is_read_by_another(catalog: Catalog) -> None:
    records = {"path": ContentRecord(sha256="ab", files={"ä\udcff.bin": "cd"})}
    made = catalog.create(Row(Address("model/a/1"), {"name": "a", "ü": [1, None, {"x": 0.5}]}, "one", records))
    catalog.close()
    other = Catalog(catalog.path, clock=lambda: "")
    assert other.read([Address("model/a/1"), Address("model/b/1")]) == {Address("model/a/1"): made}
    assert made.contents == records
    assert made.operation == "one"
    other.close()


def test_lists_one_kind_oldest_first_and_an_update_does_not_rejuvenate(catalog: Catalog) -> None:
    made = {name: catalog.create(row(f"model/{name}/1")) for name in "zma"}
    catalog.create(row("data/z/1"))
    catalog.update(row("model/z/1", "two", x=1), etag=made["z"].etag)
    assert list(catalog.list("model")) == ["model/z/1", "model/m/1", "model/a/1"]


def test_thousands_are_read_at_once(catalog: Catalog) -> None:
    addresses = [Address(f"model/m{number}/1") for number in range(3000)]
    for address in addresses[:40]:
        catalog.create(row(address))
    assert len(catalog.read([*addresses, *addresses] * 20)) == 40


def test_an_etag_never_comes_back(catalog: Catalog) -> None:
    etags = [catalog.create(row("model/a/1", x=1)).etag]
    etags.append(catalog.update(row("model/a/1", "two", x=2), etag=etags[-1]).etag)
    etags.append(catalog.update(row("model/a/1", "three", x=1), etag=etags[-1]).etag)
    catalog.delete(Address("model/a/1"), etag=etags[-1])
    etags.append(catalog.create(row("model/a/1", "four", x=1)).etag)
    assert len(set(etags)) == 4


def test_the_same_operation_twice_is_one_write(catalog: Catalog) -> None:
    made = catalog.create(row("model/a/1", "one", x=1))
    assert catalog.create(row("model/a/1", "one", x=1)) == made
    changed = catalog.update(row("model/a/1", "two", x=2), etag=made.etag)
    assert catalog.update(row("model/a/1", "two", x=2), etag=made.etag) == changed
    catalog.delete(Address("model/a/1"), etag=changed.etag)
    catalog.delete(Address("model/a/1"), etag=changed.etag)
    assert catalog.list("model") == {}


def test_what_another_did_is_a_conflict(catalog: Catalog) -> None:
    made = catalog.create(row("model/a/1"))
    with pytest.raises(Conflict, match="already there"):
        catalog.create(row("model/a/1", "two"))
    with pytest.raises(Conflict, match=f"planned for etag 9-9, but it now has etag {made.etag}"):
        catalog.update(row("model/a/1", "two"), etag="9-9")
    with pytest.raises(Conflict, match="planned for etag 9-9"):
        catalog.delete(Address("model/a/1"), etag="9-9")
    with pytest.raises(Conflict, match="gone"):
        catalog.update(row("model/b/1", "two"), etag="9-9")
    assert catalog.list("model") == {"model/a/1": made}


def test_a_refused_write_leaves_nothing(catalog: Catalog) -> None:
    needy = Row(Address("deployment/e/d"), {}, "one", uses=(Address("model/a/1"), Address("compute/c")))
    with pytest.raises(ProviderError, match="needs compute/c, model/a/1, which do not exist"):
        catalog.create(needy)
    with pytest.raises(TypeError):
        catalog.create(row("model/a/1", x=object()))
    assert catalog.read([Address("deployment/e/d"), Address("model/a/1")]) == {}
    assert catalog.create(row("model/a/1")).etag.startswith("1-")


@pytest.mark.parametrize(
    ("bytes_in_it", "why"),
    [(b"", "it has no bytes"), (b"{}" * 4000, "not a database"), (b"SQLite format 3\0" + b"\7" * 4000, "damaged")],
)
def test_a_damaged_file_is_refused_by_name(catalog: Catalog, bytes_in_it: bytes, why: str) -> None:
    catalog.path.parent.mkdir()
    catalog.path.write_bytes(bytes_in_it)
    for attempt in (lambda: catalog.list("model"), lambda: catalog.create(row("model/a/1"))):
        with pytest.raises(ProviderError, match=why) as refusal:
            attempt()
        assert str(catalog.path) in str(refusal.value)
    assert catalog.path.read_bytes() == bytes_in_it


def test_a_torn_page_is_refused(catalog: Catalog) -> None:
    for number in range(200):
        catalog.create(row(f"model/m{number}/1", text="x" * 500))
    catalog.close()
    whole = catalog.path.read_bytes()
    catalog.path.write_bytes(whole[:8192] + b"\xff" * (len(whole) - 8192))
    with pytest.raises(ProviderError, match="damaged"):
        catalog.list("model")


def test_another_programs_database_and_a_newer_one_are_refused(catalog: Catalog) -> None:
    catalog.create(row("model/a/1"))
    catalog.close()
    with sqlite3.connect(catalog.path) as other:
        other.execute("PRAGMA user_version = 7")
    other.close()
    with pytest.raises(ProviderError, match="has format 7; this bep knows 2"):
        catalog.list("model")
    catalog.path.unlink()
    with sqlite3.connect(catalog.path) as other:
        other.execute("CREATE TABLE t (x)")
    other.close()
    with pytest.raises(ProviderError, match="another program's database"):
        catalog.list("model")


def test_ten_threads_lose_nothing(catalog: Catalog) -> None:
    def make(thread: int) -> None:
        for number in range(30):
            catalog.create(row(f"model/m{thread}-{number}/1"))

    threads = [threading.Thread(target=make, args=(thread,)) for thread in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(catalog.list("model")) == 300
    assert len({there.etag.partition("-")[0] for there in catalog.list("model").values()}) == 300


WRITER = """
import sys
from pathlib import Path
from bep.providers.local.catalog.catalog import Catalog, Row
from bep.schemas.address import Address
catalog = Catalog(Path(sys.argv[1]), clock=lambda: "now")
for number in range(100000):
    address = Address(f"model/{sys.argv[2]}-{number}/1")
    catalog.create(Row(address, {"text": "x" * 300}, "op"))
    print(address, flush=True)
"""


def test_a_writer_killed_at_any_moment_loses_nothing_it_reported(catalog: Catalog) -> None:
    for trial in range(9):
        arguments = [sys.executable, "-c", WRITER, str(catalog.path), f"t{trial}"]
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout
            first = writer.stdout.readline() if trial % 3 else ""  # every third is killed while it starts
            time.sleep(0.02 * trial)
            os.kill(writer.pid, signal.SIGKILL)
            lines = [
                line.strip() for line in (first + writer.stdout.read()).splitlines(keepends=True) if line[-1] == "\n"
            ]
        there = catalog.list("model")
        assert set(lines) <= set(there)
        assert len([address for address in there if address.startswith(f"model/t{trial}-")]) - len(lines) in (0, 1)
        catalog.close()
    with sqlite3.connect(catalog.path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_two_processes_make_one_catalog(catalog: Catalog) -> None:
    code = WRITER.replace("100000", "40")
    both = [
        subprocess.Popen([sys.executable, "-c", code, str(catalog.path), name], stdout=subprocess.DEVNULL)
        for name in "ab"
    ]
    assert [process.wait() for process in both] == [0, 0]
    assert len(catalog.list("model")) == 80
    assert {file.name for file in catalog.path.parent.iterdir()} <= {
        "catalog.sqlite",
        "catalog.sqlite-wal",
        "catalog.sqlite-shm",
    }
    catalog.close()
