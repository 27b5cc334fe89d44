"""A workspace whose state is a blob: what the commands say and do, with real Azurite."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bep.conftest import Workspace
from tests.services.azurite import Emulator, emulated
from tests.services.places import AZURITE

pytestmark = pytest.mark.skipif(not AZURITE.exists(), reason="no azurite here: make services")


@pytest.fixture
def emulator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    (tmp_path / "azurite").mkdir()
    with emulated(tmp_path / "azurite") as running:
        running.container("states")
        monkeypatch.setenv("AZURE_STORAGE_KEY", running.key)
        yield running


def _keep_in_blob(workspace: Workspace, emulator: Emulator) -> str:
    settings = {"account_url": emulator.url, "container": "states", "blob": "prod/state.json"}
    config = workspace.folder / "bep.yml"
    config.write_text(config.read_text() + f"state: {json.dumps({'azure_blob': settings})}\n")
    return f"{emulator.url}/states/prod/state.json"


def test_a_state_is_moved_into_a_blob_and_used_there(workspace: Workspace, emulator: Emulator) -> None:
    workspace.bep("apply", "-y")
    before = workspace.bep("state", "list").stdout
    address = _keep_in_blob(workspace, emulator)
    assert "bep overwrites nothing it did not create" in workspace.bep("plan", expect=3).stdout  # no state there yet
    moved = json.loads(workspace.bep("state", "migrate", "--json").stdout)
    assert moved == {"serial": 1, "resources": 6, "from": str(workspace.folder / ".bep/state.json"), "to": address}
    assert workspace.bep("state", "list").stdout == before
    assert "Nothing to do. 6 resources match their specs." in workspace.bep("plan").stdout
    assert address in workspace.bep("state", "restore").stdout
    assert not (workspace.folder / ".bep/state.json").exists()
    workspace.bep("state", "migrate")  # once more is nothing more
    other = workspace.bep("state", "migrate", "nowhere/state.json", expect=1)
    assert f"there is no state at {workspace.folder}/nowhere/state.json" in other.stderr


def test_a_lock_that_is_held_is_named_and_taken_away_by_its_id(workspace: Workspace, emulator: Emulator) -> None:
    from bep.providers.state.azure_blob.place import BlobPlace, BlobSettings
    from bep.providers.state.holder import Holder
    from bep.providers.state.owner import Owner

    address = _keep_in_blob(workspace, emulator)
    settings = BlobSettings(emulator.url, "states", "prod/state.json")
    place = BlobPlace(settings, home=workspace.folder, environment={"AZURE_STORAGE_KEY": emulator.key})
    lock = place.acquire(operation="apply", since="2026-11-22T21:15:30Z")
    lock.holder = Holder(lock.holder.id, Owner("ci", "runner-7", 4711, ""), "2026-11-22T21:15:30Z", "apply")
    lock._said = -1000.0
    lock.progress(3, 9)
    refused = workspace.bep("apply", "-y", expect=4)
    assert "bep apply by ci on runner-7 (process 4711) since 2026-11-22T21:15:30Z, 3 of 9 changes" in refused.stderr
    assert f"bep unlock {lock.holder.id}" in refused.stderr
    workspace.bep("unlock", "nobody", expect=4)
    assert "ci on runner-7" in (taken := workspace.bep("unlock", lock.holder.id)).stdout + taken.stderr
    workspace.bep("apply", "-y")
    assert address in workspace.bep("state", "restore").stdout


def test_what_bep_yml_says_of_a_blob_is_checked(workspace: Workspace) -> None:
    config = workspace.folder / "bep.yml"
    config.write_text(config.read_text() + "state: {azure_blob: {account_url: mystate, container: A, blob: ''}}\n")
    said = workspace.bep("validate", expect=3).stdout
    for wrong in ("azure_blob.account_url", "azure_blob.container", "azure_blob.blob"):
        assert wrong in said
