"""What the double says of blobs, tried on a real blob service: places for uploads, keys that open them."""

import pytest

from tests.azure.asking import ask
from tests.azure.double import Double


def test_a_place_for_an_upload_takes_what_is_put_there_and_no_other_container_does(azure_with_blobs: Double) -> None:
    from azure.core.exceptions import HttpResponseError
    from azure.storage.blob import BlobClient, ContainerClient

    azure = azure_with_blobs
    place = ask(azure, "POST", "codes/c/versions/1/startPendingUpload", {}).body["blobReferenceForConsumption"]
    address, _, signature = place["credential"]["sasUri"].partition("?")
    with BlobClient.from_blob_url(f"{address}/score.py?{signature}") as blob:
        blob.upload_blob(b"def run(): ...")
    put = ask(azure, "PUT", "codes/c/versions/1", {"properties": {"codeUri": place["blobUri"]}})
    assert put.status == 201
    with (
        ContainerClient(azure.blob.url, "another", credential=signature) as other,
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
