"""Inputs in Azure's blob service, as Azurite speaks it and Azure's own client fills it: listed, typed, scored."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.bep.conftest import Workspace
from tests.services.azurite import Emulator, emulated
from tests.services.places import AZURITE

pytestmark = pytest.mark.skipif(not AZURITE.exists(), reason="no azurite here: make services")

FILES = {"a.txt": b"abc", "deep/b #%?&.txt": b"xa", "empty.txt": b"", "ä.txt": b"aa"}
ROWS = ["a.txt 3", "b #%?&.txt 1", "empty.txt 0", "ä.txt 2"]


@pytest.fixture(
    params=[("devstoreaccount1", None), ("another", "b3RoZXI=")], ids=["the published account", "another account"]
)
def emulator(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Emulator]:
    name, key = request.param
    (tmp_path / "azurite").mkdir()
    with emulated(tmp_path / "azurite", name, *([key] if key else [])) as running:
        yield running


def test_a_folder_is_scored_with_a_signature_and_nothing_beside_it(workspace: Workspace, emulator: Emulator) -> None:
    container = emulator.container("data")
    for name, content in {**{f"texts/{name}": content for name, content in FILES.items()}, "texts-2/c": b""}.items():
        container.upload_blob(name, content)
    workspace.bep("apply", "-y")
    signature = emulator.signature("data")
    address = f"{emulator.url}/data/texts?{signature}"
    job = {"kind": "job", "endpoint": "letters", "inputs": {"texts": {"type": "uri_folder", "path": address}}}
    (workspace.folder / "job.yml").write_text(json.dumps(job))
    assert json.loads(workspace.bep("run", "job.yml", "--dry-run", "--json").stdout)["items"] == len(FILES)
    workspace.bep("run", "job.yml", "--output-path", "out", "--name", "first")
    assert sorted((workspace.folder / "out/predictions.csv").read_text().splitlines()) == ROWS
    secret = signature.partition("sig=")[2].partition("&")[0]
    kept = (path for path in (workspace.folder / ".bep/jobs/first").rglob("*") if path.is_file())
    assert not [path for path in kept if secret.encode() in path.read_bytes()]
    container.upload_blob("texts/a.txt", b"a", overwrite=True)
    workspace.bep("run", "job.yml", "--output-path", "again")
    assert "a.txt 1" in (workspace.folder / "again/predictions.csv").read_text().splitlines()


def test_one_file_of_it_and_a_signature_that_may_not_list(workspace: Workspace, emulator: Emulator) -> None:
    container = emulator.container("data")
    container.upload_blob("texts/ä b.txt", b"abc")
    workspace.bep("apply", "-y")
    told = f"{emulator.url}/data/texts/{quote('ä b.txt')}?{emulator.signature('data', 'r')}"
    workspace.bep("run", "-e", "letters", "-i", told, "--output-path", "out")
    assert (workspace.folder / "out/predictions.csv").read_text().split() == ["ä", "b.txt", "3"]
    refused = workspace.bep(
        "run", "-e", "letters", "-i", f"{emulator.url}/data/texts/?{emulator.signature('data', 'r')}", expect=None
    )
    assert refused.returncode == 1
    assert "give a signature that may list it (sp=rl)" in refused.stderr  # refused before there is a job
    assert "Traceback" not in refused.stdout + refused.stderr


def test_a_container_that_anyone_may_list(workspace: Workspace, emulator: Emulator) -> None:
    """Without a signature, only the published account can be told from any other web server."""
    container = emulator.container("open", is_public=True)
    for name in ("a.txt", "b.txt"):
        container.upload_blob(name, b"a")
    workspace.bep("apply", "-y")
    expect = 0 if emulator.account == "devstoreaccount1" else None
    done = workspace.bep("run", "-e", "letters", "-i", f"{emulator.url}/open/", "--output-path", "out", expect=expect)
    if expect == 0:
        assert (workspace.folder / "out/predictions.csv").read_text().splitlines() == ["a.txt 1", "b.txt 1"]
    else:
        assert done.returncode != 0
        assert not (workspace.folder / "out/predictions.csv").exists()
