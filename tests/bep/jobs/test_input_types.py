"""The type of a job's input is held to, before any work, at its place."""

import json
from collections.abc import Iterator

import pytest

from tests.bep.conftest import Workspace, write
from tests.runner.inputs.servers import Server, served


@pytest.fixture
def server() -> Iterator[Server]:
    with served() as state:
        yield state


@pytest.fixture
def held(workspace: Workspace) -> Workspace:
    """The small workspace, applied, with a datastore and data assets over its texts."""
    write(
        workspace.folder,
        {
            "more.yml": "kind: datastore\nname: here\ntype: local_folder\npath: texts\n---\n"
            "kind: data\nname: all\nversion: 1\npath: ./texts\n---\n"
            "kind: data\nname: one\nversion: 1\ntype: uri_file\npath: ./texts/a.txt\n"
        },
    )
    workspace.edit("bep.yml", "specs.yml", "more.yml, specs.yml")
    workspace.bep("apply", "--auto-approve")
    return workspace


PATHS = {
    "texts": "folder", "texts/a.txt": "file", "azureml:all:1": "folder", "azureml:one:1": "file",
    "azureml://datastores/here/paths/": "folder", "azureml://datastores/here/paths/a.txt": "file",
}  # fmt: skip


def test_files_are_no_folders_and_folders_no_files(held: Workspace) -> None:
    for kind in ("file", "folder"):
        lines = "".join(f"      - {path}\n" for path in PATHS)
        (held.folder / "job.yml").write_text(
            f"kind: job\nendpoint: letters\ninputs:\n  texts:\n    type: uri_{kind}\n    path:\n{lines}"
        )
        for dry in ((), ("--dry-run",)):
            said = held.bep("run", "job.yml", *dry, expect=3).stderr
            for number, (path, found) in enumerate(PATHS.items(), start=7):
                line = f"job.yml:{number}:9: error: job: input {path} is a {found}, and its type is uri_{kind}"
                assert (line in said) == (found != kind), (line, said)
        assert not (held.folder / ".bep/jobs").exists()


def test_the_type_in_the_file_is_of_the_path_there(held: Workspace) -> None:
    done = held.bep("run", "job.yml", "-i", "texts/a.txt", "--dry-run", "--json")
    assert json.loads(done.stdout)["items"] == 1


def test_a_web_folder_is_refused_at_its_place_and_a_blob_folder_is_counted_and_scored(
    held: Workspace, server: Server
) -> None:
    def job(path: str) -> None:
        text = f"kind: job\nendpoint: letters\ninputs: {{texts: {{type: uri_folder, path: {json.dumps(path)}}}}}\n"
        (held.folder / "job.yml").write_text(text)

    job(f"{server.url}/texts?sig=canary-of-it")
    said = held.bep("run", "job.yml", expect=3).stderr
    assert "job.yml:3:42: error: job: input " in said
    assert "a web address is one file" in said
    assert "az://" in said
    assert "canary" not in said
    assert server.asked == []
    server.signature = "canary-of-it"
    for name, text in {"a.txt": "abc", "deep/b.txt": "xa", "empty.txt": ""}.items():
        server.put(f"/devstoreaccount1/c/texts/{name}", text.encode(), etag=f'"{name}"')
    job(f"{server.url}/devstoreaccount1/c/texts?sig=canary-of-it")
    assert json.loads(held.bep("run", "job.yml", "--dry-run", "--json").stdout)["items"] == 3
    held.bep("run", "job.yml", "--output-path", "out")
    rows = (held.folder / "out/predictions.csv").read_text().splitlines()
    assert rows == ["a.txt 3", "b.txt 1", "empty.txt 0"]


def test_a_failed_item_is_named_by_its_address(held: Workspace, server: Server) -> None:
    server.signature = "canary-of-it"
    base = f"{server.url}/devstoreaccount1/c/texts"
    for name, content in {"deep/b a.txt": b"\xff", "good.txt": b"a"}.items():
        server.put(f"/devstoreaccount1/c/texts/{name}", content, etag='"1"')
    alone = server.put("/alone.txt", b"\xff", etag='"1"')
    for number, (text, expected) in enumerate(
        ((f"{base}/?sig=canary-of-it", f"{base}/deep/b%20a.txt?***"), (alone, alone), ("texts/a.txt", None))
    ):
        if expected is None:
            (held.folder / text).write_bytes(b"\xff")
            expected = str(held.folder / text)
        name = f"job{number}"
        done = held.bep("run", "-e", "letters", "-i", text, "-m", "1", "--name", name, expect=None)
        folder = held.folder / ".bep/jobs" / name
        failed = [json.loads(line)["item"] for line in (folder / "failed_items.jsonl").read_text().splitlines()]
        assert failed == [expected]
        assert json.loads((folder / "job.json").read_text())["failures"][0]["files"] == [expected]
        assert expected in done.stdout + done.stderr
        assert "canary" not in done.stdout + done.stderr
        assert not [path for path in folder.rglob("*") if path.is_file() and b"canary" in path.read_bytes()]


def test_an_asset_at_a_web_address_is_what_its_type_says(held: Workspace, server: Server) -> None:
    blob = server.put("/devstoreaccount1/c/texts/a.txt", b"abc", etag='"1"')
    server.put("/devstoreaccount1/c/texts/b.txt", b"a", etag='"2"')
    paths = {"blobs": blob.removesuffix("/a.txt"), "page": server.url + "/page"}
    assets = "".join(f"---\nkind: data\nname: {name}\nversion: 1\npath: {path}\n" for name, path in paths.items())
    with (held.folder / "more.yml").open("a") as file:
        file.write(f"{assets}---\nkind: data\nname: blob\nversion: 1\ntype: uri_file\npath: {blob}\n")
    held.bep("apply", "-y")
    server.asked.clear()
    said = held.bep("run", "-e", "letters", "-i", "azureml:page:1", expect=3).stderr
    assert "input azureml:page:1: a web address is one file, and its type is uri_folder" in said
    (held.folder / "job.yml").write_text(
        "kind: job\nendpoint: letters\ninputs: {x: {type: uri_file, path: azureml:blobs:1}}\n"
    )
    said = held.bep("run", "job.yml", expect=3).stderr
    assert "job.yml:3:36: error: job: input azureml:blobs:1 is a folder, and its type is uri_file" in said
    assert server.asked == []
    for asset, rows in {"blobs": ["a.txt 3", "b.txt 1"], "blob": ["a.txt 3"]}.items():
        held.bep("run", "-e", "letters", "-i", f"azureml:{asset}:1", "--output-path", asset)
        assert (held.folder / asset / "predictions.csv").read_text().splitlines() == rows
