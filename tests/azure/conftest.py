"""What the tests of this folder have."""

from tests.azure.fixtures import azure, azure_with_blobs, azurite

__all__ = ["azure", "azure_with_blobs", "azurite"]
