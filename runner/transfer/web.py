"""One file from a web server: asked for once, whole, as the server says it is. Knows no other store and no job."""

import base64
import http.client
import os
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from bep.lazy_patterns import lazy_pattern
from bep.runner.errors import InputsInvalid
from bep.runner.transfer.addresses import file_name, hidden, identity, scrubbed
from bep.runner.transfer.blobs import FOLDERS, version_of
from bep.runner.transfer.copies import Copies, Fetched
from bep.runner.transfer.server_headers import Stated, digest, in_fragment, stated_by
from bep.runner.transfer.stores import Found
from bep.runner.transfer.transfers import Transfer

SECONDS = 60.0
"""How long a server may keep silent, and how long it has for each `LEAST` bytes."""
LEAST = 60_000  # bytes; a kilobyte a second
_TRIES = 3
_PAUSE = 0.2  # seconds before the second try, and twice that before the third
_BUSY = (408, 416, 425, 429)
_BLOCK = 1 << 20
_RANGE = lazy_pattern(r"bytes (\d+)-\d+/(\d+|\*)")


class _Passing(Exception):
    """The server or the way to it failed; it may not the next time."""


class NotThere(InputsInvalid):
    """The server has no such file; where it is one that lists folders, the address may name one."""


class _Missing(OSError):
    """There is no file at the address."""


class _Unchanged(Exception):
    """The server still has what was fetched before."""


def fetch(address: str, downloads: Path, transfer: Transfer) -> Fetched:
    """The file at an `http` or `https` address, in the cache, under the name that it has there.

    The server is asked each time; what it says is unchanged is not sent again. An interrupted answer is continued
    where it ended, if the server can. A checksum that the server states is checked, and so is `#sha256=HEX` at the
    end of the address. Raises `InputsInvalid`, also when only the server is gone and a copy is there: a job that
    scores what may be yesterday's has to be asked for it. Raises `Cancelled` when the transfer was stopped.
    """
    try:
        copies = Copies(downloads, identity(address))
    except ValueError as error:
        raise InputsInvalid(f"{hidden(address)}: this is not an address: {error}") from None
    with copies.held(transfer.pause):
        download = _Download(address, copies, transfer)
        with _told(address, download, copies.still_here):
            return download.fetched()
    raise AssertionError("told returns or raises")


def fetch_listed(found: Found, copies: Copies, transfer: Transfer) -> Path:
    """The file of a folder that a web server has listed, `found.path` being its address; whoever calls holds `copies`.

    Raises as `fetch` does, also when fewer bytes arrive than were listed.
    """
    download = _Listed(found, copies, transfer)
    with _told(found.path, download, str):
        return download.done()
    raise AssertionError("told returns or raises")


@contextmanager
def _told(address: str, download: "_Download", more: Callable[[], str]) -> Iterator[None]:
    """Say of every failure which address it was, without its secrets; nothing half is left."""
    try:
        yield
    except (OSError, http.client.HTTPException, ValueError) as error:
        said = scrubbed(str(error) or type(error).__name__, address)
        sort = NotThere if isinstance(error, _Missing) else InputsInvalid
        raise sort(f"{hidden(address)}: cannot be fetched: {said}{more()}") from None
    finally:
        download.file.unlink(missing_ok=True)


class _Download:
    """The tries of one download."""

    def __init__(self, address: str, copies: Copies, transfer: Transfer) -> None:
        self._address = address
        self._copies = copies
        self._transfer = transfer
        self._is_data = False
        self._known = self._remembered()
        self._stated: Stated | None = None
        self.file = transfer.temporary = copies.temporary()

    def _remembered(self) -> tuple[Stated, Path] | None:
        told = self._copies.remembered()
        if told is None:
            return None
        stated = Stated(str(told.get("etag", "")), str(told.get("modified", "")), told.get("size"))
        self._is_data = told.get("is_data") is True
        file = self._copies.file(stated.version, stated.size) if stated.version else None
        return (stated, file) if file else None

    def fetched(self) -> Fetched:
        """The file under the name that it has there, and remembered for the next time."""
        file, name = self.done(), file_name(self._address)
        tree = self._copies.tree({name: file})
        if self._stated is not None:  # else it is the one that is remembered
            told = {"etag": self._stated.etag, "modified": self._stated.modified, "size": file.stat().st_size}
            self._copies.remember(tree / name, **told, is_data=True)
        return Fetched(tree, {name: file}, alone=True)

    def done(self) -> Path:
        """The file in the cache, in a few tries; what the server refuses, such as 404, is not asked for again."""
        with self.file.open("wb") as file:
            for number in range(1, _TRIES + 1):
                try:
                    self._attempt(file)
                    break
                except _Unchanged:
                    assert self._known is not None  # nothing else can be unchanged
                    return self._known[1]
                except _Passing as error:
                    if number == _TRIES:
                        raise OSError(f"{error} ({_TRIES} attempts); try again later") from None
                self._wait(_PAUSE * number)
        assert self._stated is not None  # an attempt that succeeds has set it
        return self._kept(self._stated)

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._transfer.pause()

    def _kept(self, stated: Stated) -> Path:
        self._transfer.rising = self.file.stat().st_size
        version = stated.version or f"sha256 {digest(self.file, 'sha256')}"
        self._transfer.check()
        return self._copies.keep(self.file, version)

    def _attempt(self, file: BinaryIO) -> None:
        begun = file.seek(0, os.SEEK_END) if self._stated and self._stated.is_strong else 0
        if begun and self._stated:
            asked: Mapping[str, str] = {"Range": f"bytes={begun}-", "If-Range": self._stated.etag}
        else:
            asked = self._if_changed()
        try:
            with closing(urllib.request.urlopen(_request(self._address, asked), timeout=SECONDS)) as answer:
                if not (begun and _continues(answer, begun)):
                    self._examine(answer)
                    self._begin(file, stated_by(answer))
                self._copy(answer, file)
        except urllib.error.HTTPError as error:
            error.close()
            raise self._refused(error) from None
        except (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError) as error:
            why = getattr(error, "reason", "") or error
            if isinstance(why, http.client.InvalidURL | ssl.SSLCertVerificationError):
                raise OSError(str(why)) from None
            raise _Passing(str(why) or type(error).__name__) from None
        self._verify(file)

    def _examine(self, answer: Any) -> None:
        """Refuse what is no file: a page where data was asked for, or what stands for a folder."""
        told = {name.lower(): value.strip().lower() for name, value in answer.headers.items()}
        if told.get("x-ms-meta-hdi_isfolder") == "true" or told.get("x-ms-resource-type") == "directory":
            raise _Missing("it is a folder")
        is_page = told.get("content-type", "").partition(";")[0].strip() == "text/html"
        if is_page and not urlsplit(self._address).path.lower().endswith((".html", ".htm")):
            raise OSError(f"the server answers with a web page (text/html), which is not data. {FOLDERS}")

    def _if_changed(self) -> Mapping[str, str]:
        """Headers with which a server that has the same still says so instead of sending it."""
        if self._known is None or not self._is_data:  # what an earlier bep took may be a page
            return {}
        stated = self._known[0]
        asked = {"If-None-Match": stated.etag, "If-Modified-Since": "" if stated.etag else stated.modified}
        return {name: value for name, value in asked.items() if value}

    def _refused(self, error: urllib.error.HTTPError) -> Exception:
        if error.code == 304 and self._known:
            return _Unchanged()
        if error.code == 416:
            self._stated = None  # begin from the start
        refused = f"the server answers {error.code} {error.reason}"
        if error.code == 404:
            return _Missing(refused)
        return _Passing(refused) if error.code >= 500 or error.code in _BUSY else OSError(refused)

    def _begin(self, file: BinaryIO, stated: Stated) -> None:
        file.seek(0)
        file.truncate()
        self._stated = stated
        self._transfer.size = stated.size
        if self._known and stated.version and stated.version == self._known[0].version:
            raise _Unchanged

    def _copy(self, answer: Any, file: BinaryIO) -> None:
        until, least = time.monotonic() + SECONDS, file.tell() + LEAST
        while block := answer.read1(_BLOCK):
            file.write(block)
            self._transfer.check()
            now = time.monotonic()
            if file.tell() >= least:
                until, least = now + SECONDS, file.tell() + LEAST
            elif now > until:
                raise _Passing(f"stalled: fewer than {LEAST} bytes in {SECONDS:g} s, {file.tell()} in all")

    def _verify(self, file: BinaryIO) -> None:
        """Compare with what the server said: the size, and a checksum where it states one."""
        stated = self._stated
        assert stated is not None  # an answer has begun
        arrived = file.tell()
        if stated.size is not None and arrived != stated.size:
            raise _Passing(f"{arrived} of {stated.size} bytes arrived")
        file.flush()
        for name, wanted in (*stated.digests, *in_fragment(self._address)):
            found = digest(self.file, name)
            if found != wanted:
                self._stated = None  # whatever is wrong in it, it is not continued
                raise _Passing(f"what arrived has {name} {found}, and should have {wanted}")


class _Listed(_Download):
    """The tries of one file of a listed folder."""

    def __init__(self, found: Found, copies: Copies, transfer: Transfer) -> None:
        super().__init__(found.path, copies, transfer)
        self._found = found

    def _remembered(self) -> None:
        """Nothing: what is remembered of a folder is the folder."""

    def _examine(self, answer: Any) -> None:
        """Nothing: the listing names it as a file, whatever its content is called."""

    def _verify(self, file: BinaryIO) -> None:
        super()._verify(file)
        size, stated = self._found.size, self._stated
        is_changed = (
            stated is not None and version_of(self._address, stated.etag.strip('"'), size) != self._found.version
        )
        if size is not None and file.tell() != size and not (is_changed and stated and stated.etag):
            self._stated = None
            raise _Passing(f"{file.tell()} of the {size} bytes that were listed have arrived")

    def _kept(self, stated: Stated) -> Path:
        size = self._transfer.rising = self.file.stat().st_size
        version = version_of(self._address, stated.etag.strip('"'), size) or f"sha256 {digest(self.file, 'sha256')}"
        self._transfer.check()
        return self._copies.keep(self.file, version)


def _request(address: str, headers: Mapping[str, str]) -> urllib.request.Request:
    """The request, a user and password in the address made a header that no redirection passes on."""
    parts = urlsplit(address)
    login, _, host = parts.netloc.rpartition("@")
    path, query = (quote(part, safe="/%:=&?~+!$,;'@()*") for part in (parts.path, parts.query))
    request = urllib.request.Request(urlunsplit((parts.scheme, host, path, query, "")), headers=dict(headers))
    request.add_header("User-Agent", "bep")
    if login:
        token = base64.b64encode(unquote(login).encode()).decode()
        request.add_unredirected_header("Authorization", f"Basic {token}")
    return request


def _continues(answer: Any, begun: int) -> bool:
    found = _RANGE.match(answer.headers.get("Content-Range") or "")
    return answer.status == 206 and found is not None and int(found[1]) == begun
