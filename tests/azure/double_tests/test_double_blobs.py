"""What the double says of blobs, tried on a real blob service: places for uploads, keys that open them."""

import pytest

from tests.azure.double.double import Double
from tests.azure.double_tests.asking import ask


def test_a_container_for_an_upload_takes_what_is_put_there_and_no_other_does(azure_with_blobs: Double) -> None:
    from azure.core.exceptions import HttpResponseError
    from azure.storage.blob import ContainerClient

    azure = azure_with_blobs
    place = ask(azure, "POST", "codes/c/versions/1/startPendingUpload", {}).body["blobReferenceForConsumption"]
    with ContainerClient.from_container_url(place["credential"]["sasUri"]) as container:
        container.upload_blob("src/score.py", b"def run(): ...")
        assert [each.name for each in container.list_blobs()] == ["src/score.py"]
    put = ask(azure, "PUT", "codes/c/versions/1", {"properties": {"codeUri": f"{place['blobUri']}/src"}})
    assert put.status == 201
    signature = place["credential"]["sasUri"].partition("?")[2]
    with (
        ContainerClient(azure.blob.url, azure.blob.container, credential=signature) as other,
        pytest.raises(HttpResponseError, match=r"AuthorizationFailure|AuthenticationFailed"),
    ):
        other.upload_blob("a", b"")


def test_the_key_of_the_default_datastore_opens_its_container(azure_with_blobs: Double) -> None:
    from azure.storage.blob import ContainerClient

    azure = azure_with_blobs
    store = ask(azure, "GET", "datastores/workspaceblobstore").body["properties"]
    key = ask(azure, "POST", "datastores/workspaceblobstore/listSecrets", {}).body["key"]
    address = f"{store['protocol']}://{store['endpoint']}/{store['accountName']}"
    with ContainerClient(address, store["containerName"], credential=key) as container:
        container.upload_blob("LocalUpload/a.txt", b"a")
        assert [each.name for each in container.list_blobs()] == ["LocalUpload/a.txt"]
