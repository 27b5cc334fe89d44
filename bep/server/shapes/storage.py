"""Where the datastores are as a storage account. Pure."""

from typing import Final

STORAGE: Final = "/storage"
"""What the paths of blobs begin with."""
SUFFIX: Final = "localhost"
"""What stands behind `blob.` in an address of the storage; any other does as well."""


def account_name(address: str) -> str:
    """The `accountName` of every datastore here; `address` is the server's.

    Clients ask `https://ACCOUNT.blob.SUFFIX/CONTAINER/BLOB`. With the server's own name, port and a path as account, as
    emulators of the storage have it, that is an address of this server and no name has to be resolved.
    """
    return f"{address.partition('://')[2]}{STORAGE}/bep"
