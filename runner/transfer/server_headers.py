"""What a web server says of a file before it sends it: version, size, checksums. Pure but for `digest`."""

import base64
import binascii
import hashlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bep.lazy_dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stated:
    """What a server says of a file. `digests` are hexadecimal, by the names of hashlib."""

    etag: str
    modified: str
    size: int | None
    digests: tuple[tuple[str, str], ...] = ()

    @property
    def version(self) -> str:
        """Nothing where the server states too little to tell a changed file."""
        return f"{self.etag} {self.modified} {self.size}" if self.etag or self.modified else ""

    @property
    def is_strong(self) -> bool:
        """Whether two answers with this ETag are the same to the byte, so that one may continue the other."""
        return self.etag.startswith('"')


def stated_by(answer: Any) -> Stated:
    """What an answer's headers say."""
    told: Callable[[str], str] = lambda name: (answer.headers.get(name) or "").strip()  # noqa: E731
    length = told("Content-Length")
    return Stated(
        etag=told("ETag"),
        modified=told("Last-Modified"),
        size=int(length) if length.isdecimal() else None,
        digests=tuple(_digests(told)) if not told("Content-Encoding") else (),
    )


def _digests(told: Callable[[str], str]) -> list[tuple[str, str]]:
    """Checksums of the whole file: Content-MD5 (RFC 1864), Digest (RFC 3230), Repr-Digest (RFC 9530), x-goog-hash."""
    words = [("md5", told("Content-MD5")), ("md5", told("x-ms-blob-content-md5"))]
    for name in ("Repr-Digest", "Digest", "x-goog-hash"):
        for part in told(name).split(","):
            algorithm, equals, value = part.strip().partition("=")
            if equals and algorithm.lower() in ("md5", "sha-256"):
                words.append((algorithm.lower().replace("-", ""), value.strip(":")))
    found = []
    for algorithm, value in words:
        with suppress(binascii.Error, ValueError):
            if len(raw := base64.b64decode(value, validate=True)) == hashlib.new(algorithm).digest_size:
                found.append((algorithm, raw.hex()))
    return list(dict.fromkeys(found))


def in_fragment(address: str) -> list[tuple[str, str]]:
    """`#sha256=HEX` at the end of an address, as pip has it."""
    name, _, value = urlsplit(address).fragment.partition("=")
    return [(name, value.lower())] if name == "sha256" else []


def digest(file: Path, algorithm: str) -> str:
    """The checksum of a file, in hexadecimal; `algorithm` by its name in hashlib."""
    with file.open("rb") as opened:
        found = hashlib.file_digest(opened, lambda: hashlib.new(algorithm, usedforsecurity=False))
    return found.hexdigest()
