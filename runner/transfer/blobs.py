"""Folders of Azure's blob service: which files an address means, by the service's own listing. Knows no job.

List Blobs (https://learn.microsoft.com/rest/api/storageservices/list-blobs) answers in pages of XML. It needs a
container that anyone may list, or a signature in the address that allows it.
"""

import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Final
from urllib.parse import SplitResult, parse_qs, quote, unquote, urlencode, urlsplit
from xml.etree import ElementTree

from bep.lazy_dataclasses import dataclass
from bep.lazy_patterns import lazy_pattern
from bep.runner.errors import InputsInvalid
from bep.runner.transfer.addresses import hidden, is_web, scrubbed
from bep.runner.transfer.stores import Found
from bep.runner.transfer.transfers import Transfer

FOLDERS: Final = (
    "Name its files, as a list of addresses; or give the folder as az://..., abfss://..., s3://... or a datastore's "
    "path, which can be listed. An Azure blob address (https://ACCOUNT.blob.core.windows.net/...) is listed as well."
)
"""The ways to give a folder that lies elsewhere."""

VERSION: Final = "2021-12-02"
"""Of the service's interface: from 2021-02-12 on it escapes names that XML cannot hold."""

SECONDS = 60.0
_TRIES = 3
_PAUSE = 0.5  # seconds before the second try, and twice that before the third
_BUSY = (408, 425, 429)
_LARGEST = 64 << 20  # bytes of one page, which has 5,000 names of 1,024 characters at most
_HOST = lazy_pattern(r"[^.]+(\.[^.]+)*\.blob\.(core\.[^/]+|storage\.azure\.net|localhost)")
_EMULATED = "devstoreaccount1"
_SIGNED = {"sv", "sig"}  # members of every shared access signature: the version of the service, the signature itself
_NOT_LISTABLE = (
    "\n    fix: let the container be listed by anyone (its access level 'container'), or give a signature that may "
    "list it (sp=rl); or name the files, as a list of addresses"
)


@dataclass(frozen=True, slots=True)
class _Place:
    """A container's address, the names before a folder's files, and the signature."""

    container: str
    prefix: str
    query: str

    def blob(self, name: str) -> str:
        """The address of one of its files."""
        return f"{self.container}/{quote(name)}{'?' if self.query else ''}{self.query}"

    def page(self, marker: str) -> str:
        """The address that lists it from a marker on."""
        asked = {"restype": "container", "comp": "list", "include": "metadata", "prefix": self.prefix, "marker": marker}
        told = urlencode({name: value for name, value in asked.items() if value}, quote_via=quote, safe="")
        return f"{self.container}?{told}{'&' if self.query else ''}{self.query}"


class _Passing(Exception):
    """The service or the way to it failed; it may not the next time."""


def is_blob(address: str) -> bool:
    """Whether a web address is of Azure's blob service, in any of its clouds, or of an emulator of it."""
    if not is_web(address):
        return False
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return False
    return _HOST.fullmatch(host) is not None or _has_account(parts)


def _has_account(parts: SplitResult) -> bool:
    """Whether the account stands in the path, as emulators have it.

    They say so by the published account's name; of another, by a signature at a host that is a number or has no dots.
    """
    host = parts.hostname or ""
    if _HOST.fullmatch(host):
        return False
    is_near = "." not in host or host.replace(".", "").isdecimal()
    return parts.path.split("/")[1:2] == [_EMULATED] or (is_near and parse_qs(parts.query).keys() >= _SIGNED)


def is_folder(address: str, kind: str) -> bool:
    """Whether a blob address names a folder by its type or, without one, by the slash at its end."""
    return is_blob(address) and (kind == "uri_folder" or (not kind and urlsplit(address).path.endswith("/")))


def listed(address: str, transfer: Transfer, most: int | None = None) -> Mapping[str, Found]:
    """Every file below a folder, by its name there, sorted; `path` is the address of each. Empty ones are files.

    `most`: only the first so many, which the service names in order. Raises `InputsInvalid`.
    """
    place = _place(address)
    found: dict[str, Found] = {}
    markers = {""}
    marker = ""
    while True:
        page = _page(address, place.page(marker), transfer)
        found.update(_files(address, place, page))
        marker = page.findtext("NextMarker") or ""
        if not marker or (most is not None and len(found) > most):
            break
        if marker in markers:
            raise InputsInvalid(f"{hidden(address)}: cannot be listed: its pages form a circle")
        markers.add(marker)
    folders = {"/".join(parts[:end]) for parts in (name.split("/") for name in found) for end in range(1, len(parts))}
    return dict(sorted((n, f) for n, f in found.items() if n not in folders or f.size)[:most])


def _place(address: str) -> _Place:
    parts = urlsplit(address)
    names = parts.path.split("/")[1:]
    account = names[:1] if _has_account(parts) else []
    container, *below = names[len(account) :] or [""]
    if not container:
        raise InputsInvalid(
            f"{hidden(address)}: names no container; write it behind the account: .../CONTAINER/FOLDER/"
        )
    prefix = unquote("/".join(below)).rstrip("/")
    base = "/".join((f"{parts.scheme}://{parts.netloc}", *account, container))
    return _Place(base, f"{prefix}/" if prefix else "", parts.query)


def _files(address: str, place: _Place, page: ElementTree.Element) -> Iterator[tuple[str, Found]]:
    for blob in page.iterfind("Blobs/Blob"):
        told = blob.find("Name")
        name = (told.text or "") if told is not None else ""
        if told is not None and told.get("Encoded") == "true":
            name = unquote(name)
        if not name.startswith(place.prefix):
            raise InputsInvalid(f"{hidden(address)}: cannot be listed: the server names {name!r}, which is not in it")
        about = {part.tag: part.text or "" for part in blob.find("Properties") or ()}
        size = int(about["Content-Length"]) if about.get("Content-Length", "").isdecimal() else None
        if _is_folder(blob, about) or (name.endswith("/") and not size):
            continue
        relative = name.removeprefix(place.prefix)
        if any(part in ("", ".", "..") or "\0" in part for part in relative.split("/")):
            raise InputsInvalid(f"{hidden(address)}: {name!r} there cannot be the name of a file here; rename it there")
        etag = about.get("Etag", "").strip('"')
        yield relative, Found(place.blob(name), size, version_of(place.blob(name), etag, size))


def version_of(address: str, etag: str, size: int | None) -> str:
    """What changes when a blob does; nothing where the service does not say. Two blobs may have one ETag, a time."""
    return f"blob {urlsplit(address).path} {etag} {size}" if etag else ""


def _is_folder(blob: ElementTree.Element, about: Mapping[str, str]) -> bool:
    """Whether it only marks a folder: of a hierarchical namespace, or as Hadoop's client writes it."""
    marks = [part.text or "" for part in blob.find("Metadata") or () if part.tag.lower() == "hdi_isfolder"]
    return about.get("ResourceType", "").lower() == "directory" or [m.lower() for m in marks] == ["true"]


def _page(address: str, asked: str, transfer: Transfer) -> ElementTree.Element:
    """One page, in a few tries. What the service says is refused is not asked for again."""
    for number in range(1, _TRIES + 1):
        transfer.check()
        try:
            return _parsed(_answer(asked))
        except _Passing as error:
            if number == _TRIES:
                said = scrubbed(f"{error} ({_TRIES} attempts); try again later", address)
                raise InputsInvalid(f"{hidden(address)}: cannot be listed: {said}") from None
        except (OSError, ValueError, http.client.HTTPException) as error:
            said = scrubbed(str(error) or type(error).__name__, address)
            raise InputsInvalid(f"{hidden(address)}: cannot be listed: {said}") from None
        until = time.monotonic() + _PAUSE * number
        while time.monotonic() < until:
            transfer.pause()
    raise AssertionError("the last try returns or raises")


def _answer(asked: str) -> bytes:
    request = urllib.request.Request(asked, headers={"x-ms-version": VERSION, "User-Agent": "bep"})
    try:
        with closing(urllib.request.urlopen(request, timeout=SECONDS)) as answer:
            text: bytes = answer.read(_LARGEST + 1)
    except urllib.error.HTTPError as error:
        error.close()
        code = error.headers.get("x-ms-error-code") or error.reason
        refused = f"the server answers {error.code} {code}"
        if error.code >= 500 or error.code in _BUSY:
            raise _Passing(refused) from None
        raise OSError(refused + (_NOT_LISTABLE if error.code in (401, 403, 404, 409) else "")) from None
    except (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError) as error:
        why = getattr(error, "reason", "") or error
        raise _Passing(str(why) or type(error).__name__) from None
    if len(text) > _LARGEST:
        raise OSError(f"the server answers with a page of more than {_LARGEST} bytes")
    return text


def _parsed(text: bytes) -> ElementTree.Element:
    """The page as a tree. One that declares entities is refused: they could be made to fill the memory."""
    try:
        found = ElementTree.fromstring(b"" if b"<!DOCTYPE" in text else text)
    except ElementTree.ParseError:
        found = None
    if found is None or found.tag != "EnumerationResults":
        raise OSError("the server does not answer with a listing of blobs") from None
    return found
