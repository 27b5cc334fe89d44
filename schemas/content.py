"""The identity of bytes: names and digests in, one digest out. Reads nothing itself."""

import hashlib
from collections.abc import Mapping


def digest_of_files(files: Mapping[str, str]) -> str:
    """The sha256 (hex) of a file or folder, from each relative name (`/` between parts) to the sha256 of its bytes.

    A single file counts as a folder with that one name in it. Neither times nor modes are part of it.
    """
    whole = hashlib.sha256()
    for name in sorted(files):
        whole.update(f"{len(name.encode(errors='surrogateescape'))}:".encode())
        whole.update(name.encode(errors="surrogateescape"))
        whole.update(files[name].encode())
    return whole.hexdigest()
