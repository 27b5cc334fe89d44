"""Where clients find the bytes of a datastore. Pure."""

from typing import Final
from urllib.parse import urlsplit

from bep.app.served.objects import Container

ACCOUNT: Final = "bep"
"""The storage account that the datastores of this machine are shown as containers of."""


def container_of(address: str, datastore: str, type: str) -> Container | None:
    """Where the bytes of a datastore are sent and fetched; None for one that is elsewhere."""
    found = urlsplit(address)
    return Container(ACCOUNT, found.netloc, found.scheme, datastore)
