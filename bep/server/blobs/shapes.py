"""Blobs in headers and in XML, as Azure Storage has them, and what its headers ask for. Pure."""

from collections.abc import Mapping, Sequence
from email.utils import format_datetime
from typing import Final
from urllib.parse import quote
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from bep.app.datastores.blobs import Blob
from bep.lazy_patterns import lazy_pattern
from bep.server.answers import Unanswered
from bep.server.blobs.refusals import API

WORDS: Final = "x-ms-meta-"
_RANGE = lazy_pattern(r"bytes=(\d{1,19})-(\d{1,19})?")
_WORD = lazy_pattern(r"[a-z_][a-z0-9_]*")
_NO_XML = lazy_pattern("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def headers_of(blob: Blob) -> dict[str, str]:
    """Of an answer about a blob, without the length of its body. The bytes are somebody's: no browser shows any."""
    return {
        **made_headers(blob),
        "Accept-Ranges": "bytes",
        "Content-Disposition": "attachment",
        "X-Content-Type-Options": "nosniff",
        "x-ms-blob-type": "BlockBlob",
        **{f"{WORDS}{name}": value for name, value in blob.metadata.items()},
    }


def made_headers(blob: Blob) -> dict[str, str]:
    """Of an answer that says which bytes there are now."""
    changed = format_datetime(blob.changed, usegmt=True)
    return {"ETag": blob.etag, "Last-Modified": changed, "x-ms-version": API}


def words_of(headers: Mapping[str, str]) -> dict[str, str]:
    """The metadata that a request sends. Raises `Unanswered` for a name that metadata cannot have."""
    found = {name.lower()[len(WORDS) :]: value for name, value in headers.items() if name.lower().startswith(WORDS)}
    for name in found:
        if not _WORD.fullmatch(name):
            raise Unanswered(400, "InvalidMetadata", f"{name!r} is no name of metadata: letters, digits and _ make one")
    return found


def range_of(headers: Mapping[str, str], size: int) -> tuple[int, int] | None:
    """The first byte and the one after the last that are asked for; None for all. Raises `Unanswered`."""
    said = headers.get("x-ms-range") or headers.get("range")
    if said is None:
        return None
    found = _RANGE.fullmatch(said)
    if not found:
        raise Unanswered(
            400, "InvalidHeaderValue", f"range {said!r}: bytes=FIRST-LAST and bytes=FIRST- are what there is"
        )
    begin, end = int(found[1]), min(int(found[2]) + 1, size) if found[2] else size
    if begin >= size or begin >= end:
        raise Unanswered(416, "InvalidRange", f"range {said!r} is not in {size} bytes", Content_Range=f"bytes */{size}")
    return begin, end


def listing(
    found: Sequence[Blob | str], account: str, container: str, asked: Mapping[str, str], more: str, with_words: bool
) -> str:
    """A page of a container's blobs; `asked` is said again, `more` is where the next page begins."""
    said = "".join(f"<{name}>{escape(_clean(value))}</{name}>" for name, value in asked.items() if value)
    inner = "".join(_prefix(one) if isinstance(one, str) else _listed(one, with_words) for one in found)
    top = f'ServiceEndpoint="{escape(account)}" ContainerName="{escape(container)}"'
    return (
        f'<?xml version="1.0" encoding="utf-8"?><EnumerationResults {top}>{said}<Blobs>{inner}</Blobs>'
        f"<NextMarker>{escape(_marker(more))}</NextMarker></EnumerationResults>"
    )


def blocks_of(body: bytes) -> list[str]:
    """The ids in a list of blocks. Raises `Unanswered` for what is none."""
    try:
        text = body.decode("utf-8-sig")  # in another encoding, what is looked for next would be spelt in other bytes
        if "<!" in text:  # declares entities, which no list of blocks needs
            raise ElementTree.ParseError("a document type")
        root = ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError) as wrong:
        raise Unanswered(400, "InvalidXmlDocument", f"the list of blocks cannot be read: {wrong}") from None
    if root.tag != "BlockList" or any(one.tag not in ("Latest", "Uncommitted") for one in root):
        told = "a list of blocks has Latest and Uncommitted: the parts of a file that is there are not kept apart"
        raise Unanswered(400, "InvalidBlockList", told)
    return [one.text or "" for one in root]


def _listed(blob: Blob, with_words: bool) -> str:
    changed = format_datetime(blob.changed, usegmt=True)
    etag = blob.etag.strip('"')
    words = "".join(f"<{name}>{escape(_clean(value))}</{name}>" for name, value in blob.metadata.items())
    return (
        f"<Blob>{_name(blob.name)}<Properties><Last-Modified>{changed}</Last-Modified><Etag>{etag}</Etag>"
        f"<Content-Length>{blob.size}</Content-Length><Content-Type>application/octet-stream</Content-Type>"
        f"<BlobType>BlockBlob</BlobType></Properties>{f'<Metadata>{words}</Metadata>' if with_words else ''}</Blob>"
    )


def _prefix(name: str) -> str:
    return f"<BlobPrefix>{_name(name)}</BlobPrefix>"


def _name(name: str) -> str:
    """A name that XML has no characters for is percent-encoded, and says so."""
    if _NO_XML.search(name) or "\r" in name:
        return f'<Name Encoded="true">{quote(name, errors="surrogateescape")}</Name>'
    return f"<Name>{escape(name)}</Name>"


def _marker(name: str) -> str:
    """Where a page ended, in characters that XML and addresses have."""
    return quote(name, safe="", errors="surrogateescape")


def _clean(text: str) -> str:
    return _NO_XML.sub("?", text)
