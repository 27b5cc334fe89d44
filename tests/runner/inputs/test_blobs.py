"""Folders of Azure's blob service: what is listed, what is fetched, what is said. The server speaks its listing."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from bep.runner.errors import InputsInvalid
from bep.runner.events import MiniBatchFailed
from bep.runner.inputs import expanding
from bep.runner.transfer import blobs, downloading
from tests.runner.conftest import Jobs, output_of
from tests.runner.inputs.servers import File, Server, md5, served

CONTAINER = "/devstoreaccount1/data/"
FOLDER = File(b"", is_folder=True)
FORGING = """
import os

def run(mini_batch):
    rows = []
    for path in mini_batch:
        with open(path) as stream:
            rows.append(stream.read())
        forged = [path]
        for folder, _, names in os.walk(os.environ["CACHE"]):
            forged += [os.path.join(folder, name) for name in names if name not in ("lock", "latest.json")]
        for name in forged:
            about = os.stat(name)
            os.chmod(name, 0o644)
            with open(name, "r+") as stream:
                stream.write("FORGED!!"[: about.st_size])
            os.chmod(name, about.st_mode)
            os.utime(name, ns=(about.st_atime_ns, about.st_mtime_ns))
    return rows
"""


@pytest.fixture
def server() -> Iterator[Server]:
    with served() as state:
        yield state


def put(server: Server, **files: bytes) -> None:
    for name, content in files.items():
        server.put(CONTAINER + name, content, etag=f'"{md5(content).hex()}"')


def listed(root: Path, address: str, kind: str = "", most: int | None = None) -> dict[str, bytes]:
    """The content of each file by its name in the copy, in the order of the job."""
    names = [Path(os.fsdecode(name)) for name in expanding.expand([address], root / "downloads", most=most, kind=kind)]
    return {str(name).partition("/given/")[2].partition("/")[2]: name.read_bytes() for name in names}


FILES = {
    "mnist/b.txt": b"b",
    "mnist/deep/a b#%?&<.txt": b"odd",
    "mnist/empty.txt": b"",
    "mnist/z.txt": b"z" * 50_000,
    "mnist/ä.txt": b"umlaut",
}


@pytest.mark.parametrize(
    ("path", "kind"), [("mnist/", ""), ("mnist", ""), ("mnist", "uri_folder"), ("mnist/", "uri_folder")]
)
def test_a_folder_is_listed_and_fetched_file_by_file(tmp_path: Path, server: Server, path: str, kind: str) -> None:
    put(server, **FILES, **{"mnist-2/other.txt": b"x", "nearby.txt": b"x"})
    server.files[CONTAINER + "mnist/deep"] = server.files[CONTAINER + "mnist/void"] = FOLDER
    expected = {name.removeprefix("mnist/"): content for name, content in FILES.items()}
    address = server.url + CONTAINER + path
    assert downloading.count(address, kind) == len(expected)
    found = listed(tmp_path, address, kind)
    assert list(found.items()) == sorted(expected.items(), key=lambda item: item[0].encode())
    sent = server.sent
    assert listed(tmp_path, address, kind) == expected
    assert server.sent - sent < 10_000  # listings: of the files, none came again
    put(server, **{"mnist/b.txt": b"new"})
    assert listed(tmp_path, address, kind)["b.txt"] == b"new"
    assert list(listed(tmp_path, address, kind, most=2)) == ["b.txt", "deep/a b#%?&<.txt"]


def test_a_whole_container_and_one_file_of_it(tmp_path: Path, server: Server) -> None:
    put(server, **{"a.txt": b"a", "in/b.txt": b"b", "page": b"<html>"})
    server.files[CONTAINER + "page"].kind = "text/html"
    root = server.url + CONTAINER
    assert listed(tmp_path, root) == {"a.txt": b"a", "in/b.txt": b"b", "page": b"<html>"}
    assert listed(tmp_path, root + "a.txt") == listed(tmp_path, root + "a.txt", "uri_file") == {"a.txt": b"a"}
    assert downloading.count(root + "a.txt") == 1


def test_blobs_of_one_etag_and_size_are_not_taken_for_each_other(tmp_path: Path, server: Server) -> None:
    for name in "abcde":
        server.put(f"{CONTAINER}in/{name}", name.encode(), etag='"0x8D"')
    for _ in range(2):
        assert listed(tmp_path, server.url + CONTAINER + "in/") == {name: name.encode() for name in "abcde"}


def test_a_hierarchical_folder_is_no_file(tmp_path: Path, server: Server) -> None:
    server.files[CONTAINER + "in"] = FOLDER
    put(server, **{"in/a.txt": b"a"})
    assert listed(tmp_path, server.url + CONTAINER + "in") == {"a.txt": b"a"}
    with pytest.raises(InputsInvalid, match="it is a folder"):
        listed(tmp_path, server.url + CONTAINER + "in", "uri_file")


def test_a_signature_is_sent_with_every_request_and_shown_in_none(tmp_path: Path, server: Server) -> None:
    server.signature = "canary/+="
    put(server, **{f"in/{n}.txt": b"%d" % n for n in range(5)})
    address = f"{server.url}{CONTAINER}in?sv=2024&sig=canary%2F%2B%3D"
    assert len(listed(tmp_path, address, "uri_folder")) == 5
    assert len(server.pages) == 3
    assert not [path for path in tmp_path.rglob("*") if "canary" in str(path)]
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"canary" in path.read_bytes()]
    for wrong, said in ((address + "x", "403"), (address.replace("/in?", "/none/?"), "no files there")):
        with pytest.raises(InputsInvalid, match=said) as told:
            listed(tmp_path, wrong, "uri_folder")
        assert "canary" not in str(told.value)


def test_what_is_neither_file_nor_folder_is_said_once(tmp_path: Path, server: Server) -> None:
    put(server, **{"a.txt": b"a"})
    with pytest.raises(InputsInvalid, match=r"(?s)the server answers 404.*not a folder either: .*no files there"):
        listed(tmp_path, server.url + CONTAINER + "nothing")
    with pytest.raises(InputsInvalid, match=r"(?s)cannot be listed: the server answers 404.*sp=rl"):
        listed(tmp_path, server.url + "/devstoreaccount1/none/", "uri_folder")


@pytest.mark.parametrize("name", ["in/../out.txt", "in//a.txt", "in/./a.txt"])
def test_a_name_that_no_file_here_can_have_is_refused(tmp_path: Path, server: Server, name: str) -> None:
    put(server, **{name: b"a"})
    with pytest.raises(InputsInvalid, match="cannot be the name of a file here"):
        listed(tmp_path, server.url + CONTAINER + "in/")


def test_a_folder_at_any_other_web_address_is_refused_before_work(tmp_path: Path, server: Server) -> None:
    with pytest.raises(InputsInvalid, match=r"a list of addresses.*az://.*abfss://.*datastore"):
        listed(tmp_path, server.url + "/mnist/", "uri_folder")
    assert server.asked == []


@pytest.mark.parametrize("kind", ["text/html", "Text/HTML; charset=utf-8"])
def test_a_page_is_no_data_unless_a_page_was_asked_for(tmp_path: Path, server: Server, kind: str) -> None:
    for path in ("/mnist", "/mnist/", "/data.csv"):
        with pytest.raises(InputsInvalid, match=r"web page \(text/html\), which is not data.*az://"):
            listed(tmp_path, server.put(path, b"<html>", kind=kind, etag='"1"'))
    for path in ("/a.html", "/b.HTM"):
        assert listed(tmp_path, server.put(path, b"<p>", kind=kind)) == {path[1:]: b"<p>"}


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://pipelinedata.blob.core.windows.net/sampledata/mnist", True),
        ("https://me.blob.core.chinacloudapi.cn/c", True),
        ("https://me.blob.core.usgovcloudapi.net/c", True),
        ("https://me.privatelink.blob.core.windows.net/c", True),
        ("https://me.z12.blob.storage.azure.net/c", True),
        ("http://127.0.0.1:10000/devstoreaccount1/c/p", True),
        ("https://blob.core.example.com/c", False),
        ("https://example.com/me.blob.core.windows.net/c", False),
        ("https://example.com/c", False),
        ("az://c/p", False),
    ],
)
def test_which_addresses_are_of_the_blob_service(address: str, expected: bool) -> None:
    assert blobs.is_blob(address) is expected


@pytest.mark.parametrize("finds_the_cache", [False, True])
def test_a_script_that_forges_its_input_harms_no_later_job(jobs: Jobs, server: Server, finds_the_cache: bool) -> None:
    cache = jobs.root / "cache"
    put(server, **{"m/b.txt": b"ORIGINAL"})
    inputs = (server.put("/a.txt", b"ORIGINAL", etag='"1"'), server.url + CONTAINER + "m/")
    for name in ("one", "two", "three"):
        variables = {"CACHE": str(cache if finds_the_cache else "/nowhere")}
        request = jobs.request(FORGING, name=name, inputs=inputs, variables=variables, mini_batch_size=2)
        record = jobs.run(request.model_copy(update={"cache": cache}))
        assert output_of(record).split() == ["ORIGINAL"] * 2
        assert not (request.folder / "inputs").exists()
    got = [path for path, *_ in server.asked if path.endswith("b.txt")]
    assert len(got) == (3 if finds_the_cache else 1)


def test_what_fails_is_named_by_its_address(jobs: Jobs, server: Server) -> None:
    server.signature = "canary"
    put(server, **{"in/a.txt": b"1", "in/b ad.txt": b"2", "in/deep/bad.txt": b"3", "bad": b"4"})
    script = """
        def run(mini_batch):
            for path in mini_batch:
                if "bad" in path or "b ad" in path:
                    raise ValueError("cannot read " + path)
            return [open(path).read() for path in mini_batch]
    """
    addresses = tuple(server.url + CONTAINER + name for name in ("in/?sig=canary", "bad?sig=canary"))
    record = jobs.run(jobs.request(script, inputs=addresses, mini_batch_size=2, max_retries=1))
    base = server.url + CONTAINER
    bad = [f"{base}in/b%20ad.txt?***", f"{base}in/deep/bad.txt?***", f"{base}bad?***"]
    lines = (record.folder / "failed_items.jsonl").read_text().splitlines()
    assert [json.loads(line)["item"] for line in lines] == bad
    assert [json.loads(line)["message"] for line in lines] == [f"cannot read {address}" for address in bad]
    told = [(event.files, event.message) for event in jobs.of(MiniBatchFailed) if isinstance(event, MiniBatchFailed)]
    assert ((bad[0],), f"cannot read {bad[0]}") in told
    inside = str(record.folder / "inputs")
    assert not [text for text in (repr(told), record.model_dump_json(), str(lines)) if inside in text]
    reports = [path.read_text() for path in (record.folder / "logs").rglob("*.csv")]
    assert any(bad[0] in text for text in reports)
    assert not [text for text in reports if inside in text]
    kept = [path for path in jobs.root.rglob("*") if path.is_file()]
    assert not [path for path in kept if b"canary" in path.read_bytes()]
    assert output_of(record) == "1\n"
