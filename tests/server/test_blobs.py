"""The datastores as a storage account: files sent, fetched, listed; who may; and no way out of a datastore."""

import base64
import hashlib
import http.client
import inspect
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from urllib.parse import unquote, urlencode, urlsplit
from xml.etree import ElementTree

import httpx
import pytest

from bep.app.access.signatures import LASTING, Signatures
from bep.app.access.tokens import Tokens
from bep.app.datastores.listing import names
from tests.bep.conftest import Workspace, until
from tests.server.serving import Running, serving

STORE = "/storage/bep.blob.localhost/workspaceblobstore"
FOLDER = ".bep/cloud/datastores/workspaceblobstore"
BLOCK = {"x-ms-blob-type": "BlockBlob"}


@pytest.fixture
def admin(running: Running) -> Iterator[httpx.Client]:
    """A client that may do everything."""
    with running.client() as found:
        yield found


def put(
    client: httpx.Client, name: str, content: bytes, headers: Mapping[str, str] = MappingProxyType({})
) -> httpx.Response:
    """Send a whole blob."""
    return client.put(f"{STORE}/{name}", content=content, headers={**BLOCK, **headers})


def code(answer: httpx.Response) -> tuple[int, str]:
    """What was answered, and the storage's code for why."""
    return answer.status_code, answer.headers.get("x-ms-error-code", "")


def test_what_is_sent_is_a_file_of_the_datastore(running: Running, admin: httpx.Client) -> None:
    made = put(admin, "images/a.txt", b"hello", {"x-ms-meta-name": "one"})

    assert made.status_code == 201
    assert (running.workspace.folder / FOLDER / "images/a.txt").read_bytes() == b"hello"
    found = admin.get(f"{STORE}/images/a.txt")
    assert (found.content, found.headers["etag"]) == (b"hello", made.headers["etag"])
    told = admin.head(f"{STORE}/images/a.txt").headers
    assert (told["content-length"], told["x-ms-meta-name"], told["x-ms-blob-type"]) == ("5", "one", "BlockBlob")
    assert (told["content-disposition"], told["x-content-type-options"]) == ("attachment", "nosniff")


def test_metadata_goes_with_the_bytes_it_was_given_to(running: Running, admin: httpx.Client) -> None:
    put(admin, "a", b"one", {"x-ms-meta-upload_status": "completed"})
    admin.put(f"{STORE}/a?comp=metadata", headers={"x-ms-meta-version": "2"})
    assert admin.head(f"{STORE}/a").headers["x-ms-meta-version"] == "2"
    assert "x-ms-meta-upload_status" not in admin.head(f"{STORE}/a").headers

    (running.workspace.folder / FOLDER / "a").write_bytes(b"another")

    assert "x-ms-meta-version" not in admin.head(f"{STORE}/a").headers


def test_a_file_is_written_over_only_by_who_says_nothing_against_it(admin: httpx.Client) -> None:
    put(admin, "a", b"one")

    assert code(put(admin, "a", b"two", {"If-None-Match": "*"})) == (409, "BlobAlreadyExists")
    assert admin.get(f"{STORE}/a").content == b"one"
    assert put(admin, "a", b"two").status_code == 201
    assert admin.get(f"{STORE}/a").content == b"two"


def test_what_is_not_what_its_digest_says_is_not_there(running: Running, admin: httpx.Client) -> None:
    other = base64.b64encode(hashlib.md5(b"other").digest()).decode()

    assert code(put(admin, "a", b"one", {"Content-MD5": other})) == (400, "Md5Mismatch")
    assert code(admin.head(f"{STORE}/a")) == (404, "BlobNotFound")
    assert not list((running.workspace.folder / ".bep/blobs/workspaceblobstore/sending").iterdir())


def test_a_file_comes_in_blocks_in_the_order_of_the_list(running: Running, admin: httpx.Client) -> None:
    for block, content in (("two", b"-2-"), ("one", b"-1-"), ("left", b"out")):
        assert admin.put(f"{STORE}/a", params={"comp": "block", "blockid": block}, content=content).status_code == 201
    assert admin.head(f"{STORE}/a").status_code == 404

    listed = b"<?xml version='1.0'?><BlockList><Latest>one</Latest><Uncommitted>two</Uncommitted></BlockList>"
    assert admin.put(f"{STORE}/a?comp=blocklist", content=listed, headers={"x-ms-meta-k": "v"}).status_code == 201

    assert admin.get(f"{STORE}/a").content == b"-1--2-"
    assert admin.head(f"{STORE}/a").headers["x-ms-meta-k"] == "v"
    assert not list((running.workspace.folder / ".bep/blobs/workspaceblobstore/blocks").iterdir())


NO_LISTS = {
    b"<BlockList><Latest>never-sent</Latest></BlockList>": "InvalidInput",
    b"<BlockList><Committed>a</Committed></BlockList>": "InvalidBlockList",
    b"<Other/>": "InvalidBlockList",
    b"no xml": "InvalidXmlDocument",
    b'<!DOCTYPE a [<!ENTITY b "c">]><BlockList><Latest>&b;</Latest></BlockList>': "InvalidXmlDocument",
    '<!DOCTYPE a [<!ENTITY b "c">]><BlockList><Latest>&b;</Latest></BlockList>'.encode("utf-16"): "InvalidXmlDocument",
}


def test_a_list_of_blocks_that_is_none_is_refused(admin: httpx.Client) -> None:
    for body, why in NO_LISTS.items():
        assert code(admin.put(f"{STORE}/a?comp=blocklist", content=body)) == (400, why)
    assert admin.head(f"{STORE}/a").status_code == 404


def test_ranges_are_answered_as_the_storage_does(admin: httpx.Client) -> None:
    put(admin, "a", b"0123456789")
    put(admin, "empty", b"")

    def asked(name: str, said: str, header: str = "x-ms-range") -> httpx.Response:
        return admin.get(f"{STORE}/{name}", headers={header: said})

    some = asked("a", "bytes=2-4")
    assert (some.status_code, some.content, some.headers["content-range"]) == (206, b"234", "bytes 2-4/10")
    assert (asked("a", "bytes=7-").content, asked("a", "bytes=8-99", "range").content) == (b"789", b"89")
    assert code(asked("a", "bytes=10-11")) == code(asked("empty", "bytes=0-9")) == (416, "InvalidRange")
    assert code(asked("a", "bytes=5-2")) == (416, "InvalidRange")
    assert code(asked("a", "bytes=-3")) == code(asked("a", "lines=1-2")) == (400, "InvalidHeaderValue")
    assert code(admin.get(f"{STORE}/a", headers={"if-match": '"0x1"'})) == (412, "ConditionNotMet")


def test_names_come_in_order_a_page_at_a_time(admin: httpx.Client) -> None:
    names = ["a", "a.txt", "a/b/c", "a/d", "a0", "b/<&>.txt", "b/\u00e9", "b/\x01"]
    for name in ("a/b/c", "a/d", "a.txt", "a0", "b/%3C&%3E.txt", "b/\u00e9", "b/%01"):
        assert put(admin, name, name.encode()).status_code == 201
    wanted = sorted(names[1:])

    def listed(**asked: str | int) -> tuple[list[str], str]:
        body = admin.get(STORE, params={"restype": "container", "comp": "list", **asked}).content
        root = ElementTree.fromstring(body)
        found = [unquote(one.text or "") if one.get("Encoded") else one.text or "" for one in root.iter("Name")]
        return found, root.findtext("NextMarker") or ""

    assert listed() == (wanted, "")
    assert listed(prefix="a/") == (["a/b/c", "a/d"], "")
    assert listed(prefix="b/") == ([name for name in wanted if name.startswith("b/")], "")
    assert listed(delimiter="/") == (["a.txt", "a/", "a0", "b/"], "")
    assert listed(prefix="a/", delimiter="/") == (["a/b/", "a/d"], "")
    assert listed(prefix="none/") == listed(prefix="../") == listed(prefix="/etc/") == ([], "")
    found, marker = listed(maxresults=1)
    while marker:
        more, marker = listed(maxresults=1, marker=marker)
        found += more
    assert found == wanted


def test_names_are_as_long_and_as_deep_as_the_storage_has_them(admin: httpx.Client) -> None:
    assert put(admin, "a/" * 253 + "b", b"").status_code == 201
    for name in ("a/" * 254 + "b", "/".join(["b" * 200] * 6)):
        assert code(put(admin, name, b"")) == (400, "InvalidInput")


def test_folders_are_listed_however_deep_they_are(tmp_path: Path) -> None:
    deep = tmp_path
    for _ in range(200):
        deep /= "a"
        deep.mkdir()
    (deep / "end").write_bytes(b"")
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack(0)) + 100)
    try:
        found = list(names(tmp_path, "", "", by_folder=False))
    finally:
        sys.setrecursionlimit(before)

    assert found == ["a/" * 200 + "end"]


def test_a_file_is_taken_away_with_the_folders_that_are_empty_then(running: Running, admin: httpx.Client) -> None:
    put(admin, "a/b/c", b"1")
    put(admin, "a/d", b"2")

    assert admin.delete(f"{STORE}/a/b/c").status_code == 202
    assert code(admin.delete(f"{STORE}/a/b/c")) == (404, "BlobNotFound")

    assert [path.name for path in (running.workspace.folder / FOLDER / "a").iterdir()] == ["d"]


def test_a_file_and_a_folder_do_not_have_one_name(admin: httpx.Client) -> None:
    put(admin, "a/b", b"1")

    assert code(put(admin, "a", b"2")) == code(put(admin, "a/b/c", b"2")) == (409, "Conflict")
    assert code(admin.get(f"{STORE}/a")) == (404, "BlobNotFound")
    assert admin.get(f"{STORE}/a/b").content == b"1"


OUTWARD = (
    "../../state.json",
    "%2e%2e/%2e%2e/state.json",
    "a/%2E%2E/%2e%2e/%2e%2e/state.json",
    "..%2f..%2fstate.json",
    "%2e%2e%2f%2e%2e%2fstate.json",
    "%2fetc%2fpasswd",
    "/etc/passwd",
    "a%00b",
    "%00",
    "a//b",
    "a/./b",
    "a/",
    "./a",
    "x" * 300,
    "%ff%fe/%2e%2e/a",
)
"""Names that no file of a datastore has, as they come over the wire."""


def test_no_name_leads_out_of_a_datastore(running: Running, admin: httpx.Client) -> None:
    before = tree(running.workspace.folder)
    named = {**BLOCK, "Authorization": admin.headers["authorization"]}
    asked = {"GET": None, "HEAD": None, "DELETE": None, "PUT": b"planted", "PUT ?comp=metadata": b""}
    for method, body in {**asked, "PUT ?comp=blocklist": b"<BlockList></BlockList>"}.items():
        verb, _, query = method.partition(" ")
        for name in OUTWARD:
            with closing(connection_to(running)) as connection:
                connection.request(verb, f"{STORE}/{name}{query}", body, named)
                answer = connection.getresponse()
                answer.read()
            assert answer.status in (400, 404, 405), (method, name)
    assert tree(running.workspace.folder) == before


def connection_to(running: Running) -> http.client.HTTPConnection:
    """A connection that sends paths as they are."""
    host = urlsplit(running.address)
    assert host.hostname
    return http.client.HTTPConnection(host.hostname, host.port, timeout=60)


def tree(folder: Path) -> dict[str, bytes]:
    """Every file of a workspace but what the server itself keeps, and what reading a catalog touches."""
    own = (".bep/servers/", ".bep/access/", "catalog.sqlite-")
    found = (path for path in folder.rglob("*") if path.is_file() and not any(part in str(path) for part in own))
    return {str(path): path.read_bytes() for path in found}


def test_links_are_neither_followed_nor_listed_nor_written_through(running: Running, admin: httpx.Client) -> None:
    store, outside = running.workspace.folder / FOLDER, running.workspace.folder / "outside"
    (outside / "folder").mkdir(parents=True)
    (outside / "secret").write_text("secret")
    put(admin, "own", b"1")
    (store / "file").symlink_to(outside / "secret")
    (store / "folder").symlink_to(outside)
    os.mkfifo(store / "pipe")

    for name in ("file", "folder/secret", "pipe"):
        assert code(admin.get(f"{STORE}/{name}")) == code(admin.delete(f"{STORE}/{name}")) == (404, "BlobNotFound")
    for name in ("file", "folder", "folder/new", "folder/folder/new", "pipe"):
        assert code(put(admin, name, b"planted")) == (409, "Conflict")
    listed = admin.get(STORE, params={"restype": "container", "comp": "list"}).text
    assert "<Name>own</Name>" in listed
    assert listed.count("<Name>") == 1
    assert sorted(path.name for path in outside.rglob("*")) == ["folder", "secret"]
    assert (outside / "secret").read_text() == "secret"


def test_nobody_comes_in_without_a_token_or_a_signature(running: Running) -> None:
    for headers in ({}, {"Authorization": "Bearer bep_wrong"}):
        with httpx.Client(base_url=running.address, headers=headers) as client:
            assert client.get(STORE, params={"comp": "list"}).status_code == 401
            assert client.get(f"{STORE}/a").status_code == 401
            assert put(client, "a", b"planted").status_code == 401
            assert client.delete(f"{STORE}/a").status_code == 401


def signed(running: Running, role: str, thing: str, letters: str, moved: timedelta = timedelta(0)) -> dict[str, str]:
    """The fields of a signed address, made as the server makes them."""
    running.client(role).close()  # makes the token
    home = running.workspace.folder / ".bep"
    token = next(one for one in Tokens(home).every() if one.name == role)
    return Signatures(home, Tokens(home)).sign(thing, token, letters, datetime.now(UTC) + moved)


def test_a_signature_opens_one_datastore_for_a_while(running: Running, admin: httpx.Client) -> None:
    put(admin, "LocalUpload/a", b"one")
    good = signed(running, "invoke", "container/workspaceblobstore", "rcwl")

    def asked(fields: dict[str, str], name: str = "LocalUpload/a", store: str = STORE) -> tuple[int, str]:
        return code(httpx.get(f"{running.address}{store}/{name}?{urlencode(fields)}"))

    assert asked(good) == (200, "")
    over = signed(running, "invoke", "container/workspaceblobstore", "rcwl", -LASTING - timedelta(seconds=1))
    wrong = [
        over,
        signed(running, "invoke", "container/other", "rcwl"),
        signed(running, "invoke", "logs/workspaceblobstore", "rcwl"),
        {**good, "sp": "rcwdl"},
        {**good, "se": "2999-01-01T00:00:00Z"},
        {**good, "saoid": "admin"},
        {**good, "saoid": "nobody"},
        {**good, "sig": good["sig"][:-4] + "AAA="},
        {**good, "sig": ""},
        {**good, "sig": "\u00e9"},
        {"sig": good["sig"]},
    ]
    for fields in wrong:
        assert asked(fields) == (403, "AuthenticationFailed"), fields
    assert asked(good, store=STORE.replace("workspaceblobstore", "other")) == (403, "AuthenticationFailed")


def test_a_signature_ends_with_its_token(running: Running, admin: httpx.Client) -> None:
    put(admin, "a", b"one")
    good = urlencode(signed(running, "invoke", "container/workspaceblobstore", "r"))
    assert httpx.get(f"{running.address}{STORE}/a?{good}").status_code == 200

    running.workspace.bep("token", "revoke", "invoke")
    assert httpx.get(f"{running.address}{STORE}/a?{good}").status_code == 403
    running.workspace.bep("token", "create", "--name", "invoke", "--role", "invoke")
    assert httpx.get(f"{running.address}{STORE}/a?{good}").status_code == 403


@pytest.mark.parametrize("by", ["token", "signature"])
def test_each_role_does_what_it_may(running: Running, admin: httpx.Client, by: str) -> None:
    put(admin, "results/a", b"one")
    letters = {"invoke": "rcwl", "read": "rl"}
    for role in ("invoke", "read"):
        known = running.client(role)
        fields = signed(running, role, "container/workspaceblobstore", letters[role])
        with known if by == "token" else httpx.Client(base_url=running.address, params=fields, timeout=60) as client:
            assert client.get(f"{STORE}/results/a").content == b"one"
            sent = put(client, "LocalUpload/b", b"two")
            assert code(sent) == ((201, "") if role == "invoke" else (403, "AuthorizationPermissionMismatch"))
            assert code(put(client, "results/a", b"two")) == (403, "AuthorizationPermissionMismatch")
            assert code(client.put(f"{STORE}/results/a?comp=metadata")) == (403, "AuthorizationPermissionMismatch")
            assert code(client.delete(f"{STORE}/LocalUpload/b")) == (403, "AuthorizationPermissionMismatch")
    assert admin.get(f"{STORE}/results/a").content == b"one"


def test_what_is_not_done_here_is_refused_by_name(admin: httpx.Client) -> None:
    put(admin, "a", b"one")
    assert code(admin.put(f"{STORE}/a?comp=lease")) == (400, "InvalidQueryParameterValue")
    assert code(admin.get(f"{STORE}/a?comp=blocklist")) == (400, "InvalidQueryParameterValue")
    assert code(put(admin, "b", b"one", {"x-ms-blob-type": "PageBlob"})) == (400, "InvalidBlobType")
    assert code(put(admin, "b", b"", {"x-ms-copy-source": "http://example.org/"})) == (400, "InvalidBlobType")
    assert code(admin.put(f"{STORE}/b?comp=block", content=b"x")) == (400, "InvalidQueryParameterValue")
    assert code(admin.get("/storage/x/other/a")) == (404, "ContainerNotFound")
    assert code(put(admin, "a", b"one", {"x-ms-meta-a-b": "1"})) == (400, "InvalidMetadata")


def test_a_body_that_ends_early_leaves_nothing(running: Running, admin: httpx.Client) -> None:
    connection = connection_to(running)
    connection.putrequest("PUT", f"{STORE}/LocalUpload/half")
    for name, value in {**BLOCK, "Authorization": admin.headers["authorization"], "Content-Length": "1000"}.items():
        connection.putheader(name, value)
    connection.endheaders(b"half of it")
    beside = running.workspace.folder / ".bep/blobs/workspaceblobstore/sending"
    until(lambda: beside.is_dir() and any(beside.iterdir()))
    connection.close()

    until(lambda: not any(beside.iterdir()))
    assert code(admin.head(f"{STORE}/LocalUpload/half")) == (404, "BlobNotFound")


def test_much_is_sent_and_fetched_without_being_held(running: Running, admin: httpx.Client) -> None:
    size, piece = 200 << 20, bytes(1 << 20)
    pieces = size // len(piece)
    put(admin, "warm", piece)
    before = peak(running)

    sent = admin.put(f"{STORE}/big", content=(piece for _ in range(pieces)), headers=BLOCK)
    assert sent.status_code == 201
    with admin.stream("GET", f"{STORE}/big") as answer:
        assert sum(map(len, answer.iter_bytes())) == size

    assert peak(running) - before < size // 4


def peak(running: Running) -> int:
    """The most memory that the server had at once, in bytes."""
    status = Path(f"/proc/{running.process.pid}/status")
    if not status.exists():
        pytest.skip("the system has no /proc")
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) << 10


OWN = """\
---
kind: datastore
name: all
type: local_folder
path: .
---
kind: datastore
name: within
type: local_folder
path: .bep/access
---
kind: datastore
name: linked
type: local_folder
path: link
"""


def test_what_is_bep_s_own_is_no_data_wherever_a_datastore_is(applied: Workspace) -> None:
    specs = applied.folder / "specs.yml"
    specs.write_text(specs.read_text() + OWN)
    (applied.folder / "link").symlink_to(".bep/access")
    applied.bep("apply", "-y")
    given = "azureml://datastores/workspaceblobstore/paths/words"
    with serving(applied) as running, running.client() as client:
        put(client, "words/one.txt", b"1")
        for store, way in (("all", ".bep/access/"), ("within", ""), ("linked", "")):
            for method in ("GET", "PUT", "DELETE"):
                answer = client.request(method, f"/storage/bep/{store}/{way}tokens.json", headers=BLOCK)
                assert code(answer) == (400, "InvalidInput"), f"{method} {store}"
            for page in (f"file?path={way}tokens.json", f"?path={way}"):
                assert client.get(f"/studio/datastores/{store}/{page}".replace("/?", "?")).status_code == 400
            place = f"azureml://datastores/{store}/paths/{way}"
            inputs = {"InputData": {"images": {"Uri": place}}}
            outputs = {"InputData": {"images": {"Uri": given}}, "OutputData": {"score": {"Uri": place}}}
            for body in (inputs, outputs):
                answer = client.post("/endpoints/letters/jobs", json={"properties": body})
                assert answer.status_code == 400, answer.text
                assert "bep's own" in answer.text
