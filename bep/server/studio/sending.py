"""Other people's bytes on their way to a browser: as a file to be kept, as plain text, or as an image and nothing else.
In pieces, from any place in them, never as a page. Knows no route."""

import os
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from typing import BinaryIO, Final
from urllib.parse import quote

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from bep.app.jobs.looking.images import HEAD, LARGEST, image_type_of
from bep.server.answers import Unanswered

POLICY: Final = "default-src 'none'; sandbox; frame-ancestors 'none'"
"""Whatever a browser should take the bytes for: they may load nothing, run nothing, and are of no origin."""
BLOCK: Final = 1 << 18
_RANGE: Final = re.compile(r"bytes=(\d*)-(\d*)")


def sent_file(
    request: Request, opened: AbstractContextManager[BinaryIO], name: str, *, as_text: bool = False
) -> Response:
    """A file to be kept, or as plain text to be read; a part of it where a range is asked for. The file is closed when
    all is sent, or nobody takes any more."""
    with ExitStack() as stack:
        stream = stack.enter_context(opened)
        there = os.fstat(stream.fileno())
        mark = f'"{there.st_mtime_ns:x}-{there.st_size:x}"'
        headers = {
            **_headers(),
            "accept-ranges": "bytes",
            "etag": mark,
            "content-disposition": f"{'inline' if as_text else 'attachment'}; filename*=UTF-8''{_quoted(name)}",
        }
        start, end, status = 0, there.st_size, 200
        if (wanted := _range(request, there.st_size, mark)) is not None:
            start, end = wanted
            status = 206
            headers["content-range"] = f"bytes {start}-{end - 1}/{there.st_size}"
        headers["content-length"] = str(end - start)
        media_type = "text/plain; charset=utf-8" if as_text else "application/octet-stream"
        kept = stack.pop_all()
    return StreamingResponse(_pieces(kept, stream, start, end), status, headers, media_type)


def sent_image(opened: AbstractContextManager[BinaryIO], name: str) -> Response:
    """An image, if its bytes are one that browsers may be given, and not too many. Raises `Unanswered`."""
    with opened as stream:
        kind = image_type_of(stream.read(HEAD))
        if kind is None:
            raise Unanswered(415, "UnsupportedMediaType", f"{name} is no PNG, JPEG, GIF or WebP: it is not shown here")
        if os.fstat(stream.fileno()).st_size > LARGEST:
            raise Unanswered(413, "TooLarge", f"{name} has more than {LARGEST >> 20} MiB: it is not shown here")
        content = os.pread(stream.fileno(), LARGEST, 0)
    return Response(content, media_type=kind, headers={**_headers(), "content-disposition": "inline"})


def _headers() -> dict[str, str]:
    return {
        "content-security-policy": POLICY,
        "x-content-type-options": "nosniff",
        "cross-origin-resource-policy": "same-origin",
        "cache-control": "private, no-store",
    }


def _quoted(name: str) -> str:
    return quote(os.fsencode(name.rpartition("/")[2]) or b"file", safe="")


def _range(request: Request, size: int, mark: str) -> tuple[int, int] | None:
    """The first byte and the one after the last; None for all of the file. Raises `Unanswered` for none there is."""
    said = request.headers.get("range", "")
    found = _RANGE.fullmatch(said.strip())
    if not found or found.group() == "bytes=-" or request.headers.get("if-range", mark) != mark:
        return None  # several ranges, or another unit: a server may answer with all of it
    first, last = found[1], found[2]
    if first:
        start, end = int(first), min(int(last) + 1, size) if last else size
    else:
        start, end = max(0, size - int(last)), size
    if start >= end:
        raise Unanswered(416, "InvalidRange", f"the file has {size} bytes", Content_Range=f"bytes */{size}")
    return start, end


def _pieces(kept: ExitStack, stream: BinaryIO, start: int, end: int) -> Iterator[bytes]:
    with kept:
        while start < end and (piece := os.pread(stream.fileno(), min(BLOCK, end - start), start)):
            start += len(piece)
            yield piece
