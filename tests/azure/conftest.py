"""What the tests of this folder have."""

from tests.azure.fixtures import azure

__all__ = ["azure"]
