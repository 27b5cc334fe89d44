import contextlib
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from bep.providers.local.provider import LocalProvider
from bep.providers.protocol import Conflict, Provider, ProviderError
from bep.schemas.address import Address
from bep.schemas.content import digest_of_files
from bep.schemas.secrets.secret import Secret, is_sealed
from tests.providers.local.support import content, model, provider, put, wanted


@pytest.fixture
def world(tmp_path: Path) -> LocalProvider:
    return provider(tmp_path)


def deployment(name: str = "blue", **more: Any) -> dict[str, Any]:
    refers = {"model": "model/m/1", "compute": "compute/c", "environment": "environment/v/1"}
    return {"name": name, "endpoint_name": "ep1", **refers, **more}


@pytest.fixture
def full(world: LocalProvider) -> LocalProvider:
    put(world, "compute/c", {"name": "c"})
    put(world, "environment/v/1", {"name": "v"})
    put(world, "model/m/1", {"name": "m"})
    put(world, "endpoint/ep1", {"name": "ep1"})
    put(world, "deployment/ep1/blue", deployment())
    put(world, "traffic/ep1", {"endpoint": "endpoint/ep1", "split": {"blue": 100}})
    return world


def test_is_a_provider(world: LocalProvider) -> None:
    as_provider: Provider = world
    assert as_provider.name == "local"


def test_reading_makes_nothing(world: LocalProvider) -> None:
    assert world.read([Address("compute/local")]) == {}
    assert list(world.list("compute")) == ["compute/local"]
    assert list(world.list("datastore")) == ["datastore/workspaceblobstore"]
    assert not (world.root / ".bep").exists()


def test_what_is_given_may_be_declared(world: LocalProvider) -> None:
    put(world, "compute/local", {"name": "local", "type": "local", "max_instances": 2})
    assert world.list("compute")[Address("compute/local")].attributes["max_instances"] == 2
    assert world.read([Address("compute/local")])


def test_contents_are_recorded_and_readable(world: LocalProvider, tmp_path: Path) -> None:
    folder = model(tmp_path / "model", weights_bin="1 2 3")
    put(world, "model/m/1", {"path": {"local": "model", "sha256": "..."}}, {"path": content(folder)})
    there = world.read([Address("model/m/1")])[Address("model/m/1")]
    assert world.contents.originals("model/m/1", there.contents["path"])["weights.bin"].path.read_text() == "1 2 3"


def test_a_secret_never_reaches_the_disk(world: LocalProvider) -> None:
    made = world.create(wanted("datastore/d", {"credentials": {"account_key": Secret("canary-7311")}}), operation="one")
    assert is_sealed(made.attributes["credentials"]["account_key"])
    changed = world.update(
        wanted("datastore/d", {"credentials": {"account_key": Secret("canary-7312")}}), operation="two", etag=made.etag
    )
    assert changed.attributes != made.attributes
    world.close()
    assert not [file for file in world.cloud.rglob("*") if file.is_file() and b"canary" in file.read_bytes()]


@pytest.mark.parametrize(
    ("address", "users"),
    [
        ("compute/c", "deployment/ep1/blue; delete that"),
        ("environment/v/1", "deployment/ep1/blue; delete that"),
        ("model/m/1", "deployment/ep1/blue; delete that"),
        ("endpoint/ep1", "deployment/ep1/blue; delete that"),
    ],
)
def test_what_is_in_use_is_not_deleted(full: LocalProvider, address: str, users: str) -> None:
    etag = full.read([Address(address)])[Address(address)].etag
    with pytest.raises(ProviderError, match=f"in use by {users} first") as refusal:
        full.delete(Address(address), None, operation="x", etag=etag)
    assert refusal.value.code == "UserError"
    assert full.read([Address(address)])


def test_the_whole_world_goes_in_reverse(full: LocalProvider) -> None:
    for address in ("traffic/ep1", "deployment/ep1/blue", "endpoint/ep1", "model/m/1", "environment/v/1", "compute/c"):
        etag = full.read([Address(address)])[Address(address)].etag
        full.delete(Address(address), None, operation=f"x{address}", etag=etag)
    assert all(not full.read([Address(f"{kind}/x")]) for kind in ("compute", "model"))
    assert list(full.list("compute")) == ["compute/local"]


def test_a_deployment_with_traffic_can_be_replaced(full: LocalProvider) -> None:
    blue = Address("deployment/ep1/blue")
    full.delete(blue, None, operation="x", etag=full.read([blue])[blue].etag)
    put(full, blue, deployment(description="again"))
    assert list(full.deployments("ep1")) == [blue]


def test_a_deployment_needs_what_it_names(world: LocalProvider) -> None:
    put(world, "model/m/1", {})
    with pytest.raises(ProviderError) as refusal:
        put(world, "deployment/ep1/blue", deployment(compute="compute/local"))
    assert refusal.value.code == "ResourceNotFound"
    assert refusal.value.message == "it needs endpoint/ep1, environment/v/1, which do not exist"


def test_traffic_goes_only_to_what_is_there(full: LocalProvider) -> None:
    traffic = Address("traffic/ep1")
    etag = full.read([traffic])[traffic].etag
    green = wanted(traffic, {"endpoint": "endpoint/ep1", "split": {"green": 100}})
    with pytest.raises(ProviderError, match="needs deployment/ep1/green, which does not exist"):
        full.update(green, operation="shift", etag=etag)
    put(full, "deployment/ep1/green", deployment("green"))
    assert full.update(green, operation="shift", etag=etag).attributes["split"] == {"green": 100}


def test_registered_bytes_do_not_change(world: LocalProvider, tmp_path: Path) -> None:
    folder = model(tmp_path / "model", a_txt="1")
    put(world, "model/m/1", {"path": "x"}, {"path": content(folder)})
    there = world.read([Address("model/m/1")])[Address("model/m/1")]
    tagged = wanted("model/m/1", {"path": "x", "tags": {"a": "b"}}, {"path": content(folder)})
    there = world.update(tagged, operation="tag", etag=there.etag)
    model(folder, a_txt="2")
    with pytest.raises(ProviderError, match=r"Asset paths cannot be updated\."):
        world.update(wanted("model/m/1", {}, {"path": content(folder)}), operation="two", etag=there.etag)


def test_the_same_bytes_by_an_earlier_rule_are_no_change(world: LocalProvider, tmp_path: Path) -> None:
    """The first rule counted what tools leave behind, too; a digest by it says nothing of today's."""
    planned = content(model(tmp_path / "model", a_txt="1"))
    for kind, field in (("model", "path"), ("environment", "local_files")):
        address = Address(f"{kind}/m/1")
        put(world, address, {field: "x"}, {field: planned})
        files = {**planned.files, "__pycache__/a.pyc": "0" * 64}
        recorded = {field: {"sha256": digest_of_files(files), "files": files}}
        with contextlib.closing(sqlite3.connect(tmp_path / ".bep/cloud/catalog.sqlite")) as catalog, catalog:
            catalog.execute("UPDATE objects SET contents = ? WHERE address = ?", (json.dumps(recorded), address))
        there = world.read([address])[address]
        tagged = wanted(address, {field: "x", "tags": {"a": "b"}}, {field: planned})
        there = world.update(tagged, operation="tag", etag=there.etag)
        assert there.attributes["tags"] == {"a": "b"}
        other = content(model(tmp_path / kind, a_txt="2"))
        with pytest.raises(ProviderError, match="under a new version"):
            world.update(wanted(address, {}, {field: other}), operation="two", etag=there.etag)


def test_a_kill_between_upload_and_row_is_finished_by_the_next_try(world: LocalProvider, tmp_path: Path) -> None:
    planned = content(model(tmp_path / "model", a_txt="1"))
    world.contents.put("model/m/1", "create", planned)
    resource = wanted("model/m/1", {"path": "x"}, {"path": planned})
    first = world.create(resource, operation="one")
    assert world.create(resource, operation="one") == first
    with pytest.raises(Conflict):
        world.create(resource, operation="two")


def test_what_the_disk_refuses_is_told_with_its_path(world: LocalProvider, tmp_path: Path) -> None:
    (tmp_path / ".bep").write_text("a file where a folder should be")
    with pytest.raises(ProviderError, match=r"\.bep") as refusal:
        put(world, "model/m/1", {"name": "m"})
    assert refusal.value.address == "model/m/1"
