"""Folders of Azure's blob service: what is listed, what is fetched, what is said. The server speaks its listing."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from bep.runner import blobs, downloading, inputs
from bep.runner.errors import InputsInvalid
from tests.runner.servers import File, Server, md5, served

CONTAINER = "/devstoreaccount1/data/"
FOLDER = File(b"", is_folder=True)


@pytest.fixture
def server() -> Iterator[Server]:
    with served() as state:
        yield state


def put(server: Server, **files: bytes) -> None:
    for name, content in files.items():
        server.put(CONTAINER + name, content, etag=f'"{md5(content).hex()}"')


def listed(root: Path, address: str, kind: str = "", most: int | None = None) -> dict[str, bytes]:
    """The content of each file by its name in the copy, in the order of the job."""
    names = [Path(os.fsdecode(name)) for name in inputs.expand([address], root / "downloads", most=most, kind=kind)]
    return {str(name).partition("/trees/")[2].partition("/")[2]: name.read_bytes() for name in names}


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
    with pytest.raises(InputsInvalid, match=r"(?s)the server answers 404.*no folder either: .*no files there"):
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
        with pytest.raises(InputsInvalid, match=r"web page \(text/html\), which is no data.*az://"):
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
