"""The datastores as a storage account, as far as the released clients use one. Decides nothing."""

import base64
import binascii
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, BinaryIO, Final
from urllib.parse import unquote

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from bep.app.datastores.blobs import Blob, Blobs, blobs_of
from bep.app.datastores.permissions import LETTERS, SENT, may_write
from bep.server.access.callers import streamed
from bep.server.access.signed import Granted, container, granted
from bep.server.answers import Unanswered
from bep.server.blobs.refusals import API, Storing
from bep.server.blobs.shapes import blocks_of, headers_of, listing, made_headers, range_of, words_of
from bep.server.shapes.storage import STORAGE
from bep.server.site import Served, Site

if TYPE_CHECKING:
    from bep.app.datastores.sending import Sending

router = APIRouter(tags=["blobs"], route_class=Storing)

CONTAINER = STORAGE + "/{account}/{datastore}"
BLOB = CONTAINER + "/{name:path}"
BYTES: Final = "application/octet-stream"
BODY: Final = {"requestBody": {"content": {BYTES: {"schema": {"type": "string", "format": "binary"}}}}}
PIECE: Final = 1 << 20  # bytes that are read or written at once
PAGE: Final = 5000  # names, as the service has it
LIST_OF_BLOCKS: Final = 16 << 20  # bytes of the longest list of blocks: 50,000 with the longest ids that there are


def _opened(request: Request) -> str:
    return container(request.path_params["datastore"])


Granting = Annotated[Granted, Depends(granted(_opened, LETTERS.__getitem__))]
Component = Annotated[str, Query(alias="comp")]


@router.get(CONTAINER)
def list_blobs(
    datastore: str,
    site: Served,
    grant: Granting,
    comp: Component = "",
    prefix: str = "",
    marker: str = "",
    delimiter: str = "",
    include: str = "",
    maxresults: Annotated[int, Query(ge=1)] = PAGE,
) -> Response:
    """The blobs of a datastore, in the order of their names, a page at a time; without `comp=list` that it is there."""
    blobs = blobs_of(site.opened(), datastore)
    if comp != "list":
        return Response(headers={"x-ms-version": API})
    grant.must("l")
    if delimiter not in ("", "/"):
        raise Unanswered(400, "InvalidQueryParameterValue", f"delimiter {delimiter!r}: / is the only one")
    most = min(maxresults, PAGE)
    found = blobs.listed(prefix, after=unquote(marker, errors="surrogateescape"), most=most, delimiter=delimiter)
    last = found[-1] if len(found) == most else ""
    asked = {"Prefix": prefix, "Marker": marker, "MaxResults": str(most), "Delimiter": delimiter}
    more = last if isinstance(last, str) else last.name
    body = listing(found, site.address + STORAGE, datastore, asked, more, "metadata" in include)
    return Response(body, media_type="application/xml", headers={"x-ms-version": API})


@router.head(BLOB)
def blob_properties(request: Request, datastore: str, name: str, site: Served, grant: Granting) -> Response:
    """Whether a blob is there, its size and its metadata."""
    grant.must("r")
    blob = blobs_of(site.opened(), datastore).get(name)
    _must_match(request, blob)
    return Response(headers={**headers_of(blob), "Content-Length": str(blob.size)}, media_type=BYTES)


@router.get(BLOB)
def download(
    request: Request, datastore: str, name: str, site: Served, grant: Granting, comp: Component = ""
) -> Response:
    """The bytes of a blob, or a range of them."""
    grant.must("r")
    if comp not in ("", "metadata"):
        raise _unknown(comp)
    reading = blobs_of(site.opened(), datastore).read(name)
    blob, stream = reading.__enter__()
    try:
        _must_match(request, blob)
        wanted = range_of(request.headers, blob.size)
    except BaseException:
        reading.__exit__(None, None, None)
        raise
    begin, end = wanted or (0, blob.size)
    headers = {**headers_of(blob), "Content-Length": str(end - begin)}
    if wanted:
        headers["Content-Range"] = f"bytes {begin}-{end - 1}/{blob.size}"

    def pieces() -> Iterator[bytes]:
        try:
            yield from _pieces(stream, begin, end)
        finally:
            reading.__exit__(None, None, None)

    return StreamingResponse(pieces(), 206 if wanted else 200, headers, media_type=BYTES)


@router.put(BLOB, status_code=201, openapi_extra=BODY)
@streamed
async def upload(
    request: Request,
    datastore: str,
    name: str,
    site: Served,
    grant: Granting,
    comp: Component = "",
    blockid: str = "",
) -> Response:
    """A blob, whole or in blocks, and its metadata. What is there is whole, or what it was before."""
    grant.must("c", "w")
    if not may_write(grant.role, name):
        raise Unanswered(403, "AuthorizationPermissionMismatch", f"the role {grant.role} writes below {SENT} alone")
    blobs = await run_in_threadpool(_blobs, site, datastore)
    over = "w" in grant.letters and request.headers.get("if-none-match") != "*"
    match comp:
        case "":
            blob = await _whole(request, blobs, name, over)
            return Response(status_code=201, headers=made_headers(blob))
        case "block":
            await _block(request, blobs, name, blockid)
            return Response(status_code=201, headers={"x-ms-version": API})
        case "blocklist":
            listed = blocks_of(await _short(request))
            words = words_of(request.headers)
            blob = await run_in_threadpool(lambda: blobs.commit(name, listed, words, over=over))
            return Response(status_code=201, headers=made_headers(blob))
        case "metadata":
            grant.must("w")
            blob = await run_in_threadpool(blobs.describe, name, words_of(request.headers))
            return Response(status_code=200, headers=made_headers(blob))
        case _:
            raise _unknown(comp)


@router.delete(BLOB, status_code=202)
def remove_blob(datastore: str, name: str, site: Served, grant: Granting) -> Response:
    """Take a blob away."""
    grant.must("d")
    blobs_of(site.opened(), datastore).remove(name)
    return Response(status_code=202, headers={"x-ms-version": API})


def _blobs(site: Site, datastore: str) -> Blobs:
    return blobs_of(site.opened(), datastore)


async def _whole(request: Request, blobs: Blobs, name: str, over: bool) -> Blob:
    if request.headers.get("x-ms-blob-type", "BlockBlob") != "BlockBlob" or "x-ms-copy-source" in request.headers:
        raise Unanswered(400, "InvalidBlobType", "block blobs with a body are what can be sent here")
    words = words_of(request.headers)
    with blobs.send() as sent:
        await _received(request, sent)
        return await run_in_threadpool(lambda: blobs.place(name, sent, words, over=over))


async def _block(request: Request, blobs: Blobs, name: str, block: str) -> None:
    if not 0 < len(block) <= 128:
        raise Unanswered(400, "InvalidQueryParameterValue", "blockid: a block has an id of 1 to 128 characters")
    with blobs.send() as sent:
        await _received(request, sent)
        await run_in_threadpool(blobs.keep_block, name, block, sent)


async def _received(request: Request, sent: "Sending") -> None:
    """Take the body as it comes, never much of it at once. Raises `Unanswered` where it is not what its digest says."""
    held, size = [], 0
    async for piece in request.stream():
        held.append(piece)
        size += len(piece)
        if size >= PIECE:
            await run_in_threadpool(sent.write, b"".join(held))
            held, size = [], 0
    await run_in_threadpool(sent.write, b"".join(held))
    said = request.headers.get("content-md5")
    if said is not None and _decoded(said) != sent.md5:
        raise Unanswered(400, "Md5Mismatch", "the body is not what the header Content-MD5 says: send it again")


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


async def _short(request: Request) -> bytes:
    found = bytearray()
    async for piece in request.stream():
        found += piece
        if len(found) > LIST_OF_BLOCKS:
            raise Unanswered(413, "RequestBodyTooLarge", f"a list of blocks has {LIST_OF_BLOCKS} bytes at most")
    return bytes(found)


def _pieces(stream: BinaryIO, begin: int, end: int) -> Iterator[bytes]:
    stream.seek(begin)
    left = end - begin
    while left and (piece := stream.read(min(PIECE, left))):
        left -= len(piece)
        yield piece


def _must_match(request: Request, blob: Blob) -> None:
    """Raise `Unanswered` where other bytes are there than those that are meant."""
    wanted = request.headers.get("if-match", "*")
    if wanted not in ("*", blob.etag):
        raise Unanswered(412, "ConditionNotMet", f"{blob.name} was changed meanwhile")


def _unknown(comp: str) -> Unanswered:
    return Unanswered(400, "InvalidQueryParameterValue", f"comp={comp}: that is not done here")
