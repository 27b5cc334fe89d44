from pathlib import Path

import pytest

from bep.providers.local.datastores import locate, resolve, resolve_output
from bep.providers.local.provider import LocalProvider
from bep.providers.protocol import ProviderError
from bep.providers.world import Kept
from tests.providers.local.support import content, model, provider, put


@pytest.fixture
def world(tmp_path: Path) -> LocalProvider:
    world = provider(tmp_path)
    images = model(tmp_path / "images", one_png="1", two_png="2")
    put(world, "datastore/mine", {"name": "mine", "type": "local_folder", "path": "shared/store"})
    put(world, "datastore/away", {"name": "away", "type": "azure_blob", "account_name": "a", "container_name": "b"})
    put(world, "datastore/far", {"name": "far", "type": "fsspec", "url": "s3://bucket/folder"})
    put(world, "data/mnist/1", {"type": "uri_folder", "path": {"local": "images"}}, {"path": content(images)})
    put(world, "data/mnist/2", {"type": "uri_folder", "path": "azureml://datastores/mine/paths/mnist/two"})
    put(world, "data/row/1", {"type": "uri_file", "path": {}}, {"path": content(images / "one.png")})
    put(world, "data/web/1", {"type": "uri_file", "path": "https://example.com/a.csv"})
    put(world, "data/bucket/1", {"type": "uri_file", "path": "s3://bucket/a.csv"})
    put(world, "data/wasb/1", {"type": "uri_file", "path": "wasbs://c@a.blob.core.windows.net/a.csv"})
    return world


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("azureml://datastores/workspaceblobstore/paths/a/b", ".bep/cloud/datastores/workspaceblobstore/a/b"),
        ("azureml://datastores/workspaceblobstore/paths/", ".bep/cloud/datastores/workspaceblobstore"),
        ("azureml://datastores/workspaceblobstore/paths//a//b/", ".bep/cloud/datastores/workspaceblobstore/a/b"),
        ("azureml://datastores/mine/paths/x y/*.png", "shared/store/x y/*.png"),
        ("azureml://subscriptions/s/resourceGroups/r/workspaces/w/datastores/mine/paths/x", "shared/store/x"),
        (
            "azureml://subscriptions/s/resourcegroups/r/providers/Microsoft.MachineLearningServices/workspaces/w/datastores/mine/paths/x",
            "shared/store/x",
        ),
        ("azureml:mnist:2", "shared/store/mnist/two"),
        ("azureml:mnist@latest", "shared/store/mnist/two"),
        ("azureml:mnist", "shared/store/mnist/two"),
        ("data/mnist/2", "shared/store/mnist/two"),
        ("azureml://data/mnist/versions/2", "shared/store/mnist/two"),
        ("azureml://subscriptions/s/resourcegroups/r/workspaces/w/data/mnist/versions/2", "shared/store/mnist/two"),
        ("azureml://locations/l/workspaces/w/data/mnist/labels/latest", "shared/store/mnist/two"),
        (
            "azureml:/subscriptions/s/resourceGroups/r/providers/Microsoft.MachineLearningServices/workspaces/w/data/mnist/versions/2",
            "shared/store/mnist/two",
        ),
    ],
)
def test_every_form_leads_to_its_folder(world: LocalProvider, uri: str, path: str) -> None:
    assert locate(world, uri) == world.root / path


def test_a_registered_folder_and_a_registered_file_are_there(world: LocalProvider) -> None:
    folder, file = locate(world, "azureml:mnist:1"), locate(world, "azureml:row:1")
    assert isinstance(folder, Kept)
    assert sorted(world.contents.originals(folder.address, folder.record)) == ["one.png", "two.png"]
    assert folder.file == ""
    assert isinstance(file, Kept)
    assert world.contents.originals(file.address, file.record)[file.file].path.read_text() == "1"


def test_an_asset_on_the_web_is_given_as_its_url(world: LocalProvider) -> None:
    assert resolve(world, "azureml:web:1") == "https://example.com/a.csv"
    with pytest.raises(ProviderError, match="not on this machine, and nothing here fetches it"):
        locate(world, "azureml:web:1")


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("azureml://datastores/mine/paths/../../etc/passwd", "no '..'"),
        ("azureml://datastores/mine/paths/a/../../b", "no '..'"),
        ("azureml://datastores/mime/paths/a", "there is no datastore mime; there is mine"),
        ("azureml:mnsit:1", "there is no data asset data/mnsit/1; there is data/mnist/1"),
        ("azureml:mnist:3", "there is no data asset data/mnist/3; there is data/mnist/"),
        ("azureml:nothing", "there is no data asset nothing; there is "),
        ("azureml:wasb:1", "which the local provider cannot read"),
        ("somewhere/else", "it is neither azureml://datastores/NAME/paths/PATH nor azureml:NAME:VERSION"),
        ("azureml:a:b:c", "it is neither"),
        ("data/a/b/c", "it is neither"),
    ],
)
def test_what_leads_nowhere_says_so(world: LocalProvider, uri: str, message: str) -> None:
    with pytest.raises(ProviderError) as refusal:
        locate(world, uri)
    assert message in str(refusal.value)


def test_a_datastore_of_a_service_is_a_folder_here(world: LocalProvider) -> None:
    assert resolve(world, "azureml://datastores/away/paths/a") == world.cloud / "datastores/away/a"
    assert resolve_output(world, "azureml://datastores/away/paths/b") == world.cloud / "datastores/away/b"


def test_results_go_to_datastores_only(world: LocalProvider) -> None:
    assert resolve_output(world, "azureml://datastores/mine/paths/out") == world.root / "shared/store/out"
    assert resolve_output(world, "azureml://datastores/far/paths/x") == "s3://bucket/folder/x"
    with pytest.raises(ProviderError, match="need a datastore path"):
        resolve_output(world, "azureml:mnist:1")


def test_what_lies_in_a_store_is_given_as_its_address(world: LocalProvider) -> None:
    assert resolve(world, "azureml://datastores/far/paths/x/*.csv") == "s3://bucket/folder/x/*.csv"
    assert resolve(world, "azureml://datastores/far/paths/") == "s3://bucket/folder"
    assert resolve(world, "azureml:bucket:1") == "s3://bucket/a.csv"
    put(world, "datastore/near", {"name": "near", "type": "fsspec", "url": "file:///shared/x y"})
    assert resolve(world, "azureml://datastores/near/paths/%20/a") == Path("/shared/x y/%20/a")


def test_a_table_is_no_input(world: LocalProvider) -> None:
    put(world, "data/table/1", {"type": "mltable", "path": "azureml://datastores/mine/paths/table"})
    with pytest.raises(ProviderError, match="of type mltable, which no batch endpoint scores; register its files"):
        resolve(world, "azureml:table:1")


def test_files_of_a_model_are_brought_here_by_whoever_the_world_was_given(tmp_path: Path) -> None:
    world = provider(tmp_path, fetch=lambda address: tmp_path / address.replace("/", "_"))
    put(world, "datastore/far", {"name": "far", "type": "fsspec", "url": "s3://bucket/folder"})
    assert locate(world, "azureml://datastores/far/paths/x") == tmp_path / "s3:__bucket_folder_x"
