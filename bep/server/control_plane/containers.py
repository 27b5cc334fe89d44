"""Where clients find the bytes of a datastore. Pure."""

from typing import Final

from bep.app.served.objects import Container
from bep.server.shapes.storage import SUFFIX, account_name

ELSEWHERE: Final = "fsspec"
"""The type of a datastore whose bytes are not on this machine."""


def container_of(address: str, datastore: str, type: str) -> Container | None:
    """Where the bytes of a datastore are sent and fetched; None for one that is elsewhere."""
    return None if type == ELSEWHERE else Container(account_name(address), SUFFIX, "https", datastore)
