import sys
from pathlib import Path

import pytest

from bep.providers.local.datastores import locate, resolve
from bep.providers.local.provider import LocalProvider
from bep.providers.protocol import ProviderError
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
    assert sorted(file.name for file in locate(world, "azureml:mnist:1").iterdir()) == ["one.png", "two.png"]
    assert locate(world, "azureml:row:1").read_text() == "1"


def test_an_asset_on_the_web_is_given_as_its_url(world: LocalProvider) -> None:
    assert resolve(world, "azureml:web:1") == "https://example.com/a.csv"
    with pytest.raises(ProviderError, match="not on this machine"):
        locate(world, "azureml:web:1")


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("azureml://datastores/mine/paths/../../etc/passwd", "no '..'"),
        ("azureml://datastores/mine/paths/a/../../b", "no '..'"),
        ("azureml://datastores/mime/paths/a", "there is no datastore mime; there is mine"),
        ("azureml://datastores/away/paths/a", "of type azure_blob, which the local provider does not open"),
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


def test_results_go_to_folders_only(world: LocalProvider) -> None:
    assert locate(world, "azureml://datastores/mine/paths/out", to_write=True) == world.root / "shared/store/out"
    for uri, message in (
        ("azureml:mnist:1", "need a datastore path"),
        ("azureml://datastores/far/paths/x", "read only"),
    ):
        with pytest.raises(ProviderError, match=message):
            locate(world, uri, to_write=True)


def test_a_missing_fsspec_is_named(world: LocalProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(ProviderError, match="pip install fsspec") as refusal:
        locate(world, "azureml://datastores/far/paths/x")
    assert refusal.value.code == "MissingPackage"


def test_what_lies_behind_fsspec_is_copied_once(tmp_path: Path) -> None:
    pytest.importorskip("fsspec")
    there = model(tmp_path / "bucket" / "in", a_csv="1", b_csv="2")
    world = provider(tmp_path)
    put(world, "datastore/far", {"name": "far", "type": "fsspec", "url": f"file://{tmp_path}/bucket"})
    folder = locate(world, "azureml://datastores/far/paths/in")
    assert sorted(file.name for file in folder.iterdir()) == ["a.csv", "b.csv"]
    assert locate(world, "azureml://datastores/far/paths/in") == folder
    assert locate(world, "azureml://datastores/far/paths/in/a.csv").read_text() == "1"
    (there / "a.csv").write_text("changed")
    assert (locate(world, "azureml://datastores/far/paths/in") / "a.csv").read_text() == "changed"
    with pytest.raises(ProviderError, match="nothing is at"):
        locate(world, "azureml://datastores/far/paths/nowhere")
