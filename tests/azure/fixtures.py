"""Pytest's view of the double: `azure` is one on a free port, `azure_with_blobs` has a real blob service."""

import uuid
from collections.abc import Iterator

import pytest

from tests.azure.double.double import Double
from tests.azure.double.serving import serving
from tests.services.azurite import Emulator, emulated
from tests.services.places import AZURITE


@pytest.fixture
def azure() -> Iterator[Double]:
    """A double that misbehaves in every way but those a test has to ask for. Switches may be turned at any time."""
    with serving() as double:
        yield double


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """One emulator for all tests of a process; each has a container of its own in it."""
    if not AZURITE.exists():
        pytest.skip("no azurite here: make services")
    with emulated(tmp_path_factory.mktemp("azurite"), "workspacestore", "c3RvcmU=") as running:
        yield running


@pytest.fixture
def azure_with_blobs(azure: Double, azurite: Emulator) -> Double:
    """A double whose datastores, and places for uploads, are in an emulator. Its container is there and empty."""
    container = f"azureml-blobstore-{uuid.uuid4()}"
    azurite.container(container)
    azure.keep_blobs_at(azurite.url, azurite.account, azurite.key, container)
    return azure
