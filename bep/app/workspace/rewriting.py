"""A file of the user's written anew, whole, and only if nobody else changed it since it was read."""

import os
import stat
from pathlib import Path

from bep.app.errors import Conflict
from bep.disk.durable import replacing

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def rewrite(root: Path, path: str, before: bytes, text: str) -> None:
    """Put `text` in the place of `before`, with the mode, the link and the byte order mark that are there.

    Raises `Conflict` where the file holds something else by now.
    """
    file = Path(os.path.realpath(root / path))
    if file.read_bytes() != before:
        raise Conflict(f"{path}: it was changed while bep worked on it; nothing of it was written")
    mark = BYTE_ORDER_MARK if before.startswith(BYTE_ORDER_MARK) else b""
    with replacing(file) as stream:
        os.fchmod(stream.fileno(), stat.S_IMODE(file.stat().st_mode))
        stream.write(mark + text.encode())
