"""Addresses of what is stored elsewhere: what may be shown of one, what makes two the same. Opens no connection."""

import os
import re
from contextlib import suppress
from pathlib import PurePosixPath
from urllib.parse import SplitResult, parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from bep.lazy_patterns import lazy_pattern

HIDDEN = "***"
"""Stands where a secret stood. An address that has it cannot be opened any more."""

_LONGEST_NAME = 200  # bytes; file systems allow 255, and a file that is being written has a longer one
_ADDRESS = lazy_pattern(r"[A-Za-z][A-Za-z0-9+.-]*(::[A-Za-z][A-Za-z0-9+.-]*)*://")
_LOGIN = lazy_pattern(r"(?<=://)[^/?#@\s]+@")
_QUERY = lazy_pattern(r"\?[^#\s]*")
_ASSIGNING = lazy_pattern(r"\?[^#\s/]*=[^#\s]*")
_SIGNED = ("sig", "x-amz-signature", "x-goog-signature", "signature")
_AZURE = "sv|ss|srt|sp|se|st|spr|sip|sr|sig|skoid|sktid|skt|ske|sks|skv|ses|saoid|suoid|scid"
_OTHERS = "expires|signature|awsaccesskeyid|googleaccessid|key-pair-id|policy|x-amz-.*|x-goog-.*"
_OF_A_SIGNATURE = lazy_pattern(f"{_AZURE}|{_OTHERS}", re.IGNORECASE)


def is_address(text: str) -> bool:
    """Whether a text names something by a scheme, such as `https://...` or `s3://...`, and not a path."""
    return _ADDRESS.match(text) is not None or "://" in text


def is_web(address: str) -> bool:
    """Whether it is `http` or `https`, which need no other package."""
    return address[:8].lower().startswith(("http://", "https://"))


def hidden(text: str) -> str:
    """The text, its user, password and query redacted where it is an address.

    In a store's address a `?` may stand for any character: there only what assigns something is a query. What follows
    a `#` stays: it is never sent, and holds a checksum.
    """
    if not is_address(text):
        return text
    return (_QUERY if is_web(text) else _ASSIGNING).sub(f"?{HIDDEN}", _LOGIN.sub(f"{HIDDEN}@", text))


def has_hidden(text: str) -> bool:
    """Whether something of the address was redacted, so that it cannot be opened."""
    return is_address(text) and (f"://{HIDDEN}@" in text or f"?{HIDDEN}" in text)


def without_login(text: str) -> str:
    """The address without user and password: the store's own settings have to have them."""
    return _LOGIN.sub("", text)


def scrubbed(message: str, address: str) -> str:
    """What some library says about an address, without the secrets of the address, however it quotes them."""
    found = message.replace(address, hidden(address))
    secrets: list[str] = []
    with suppress(ValueError):  # an address that is none
        parts = urlsplit(address)
        secrets = [parts.query if is_web(address) else "", parts.username or "", parts.password or ""]
        secrets += [part.partition("=")[2] for part in parts.query.split("&")]
    for secret in sorted({*secrets, *map(unquote, secrets)}, key=len, reverse=True):
        if len(secret) > 3:
            found = found.replace(secret, HIDDEN)
    return found


def identity(address: str) -> str:
    """What makes an address the same as another: all of it but who asks. A renewed signature is the same file."""
    parts = urlsplit(address)
    query = parts.query
    if is_web(address):
        words = parse_qsl(query, keep_blank_values=True)
        if any(name.lower() in _SIGNED for name, _ in words):
            kept = [(name, value) for name, value in words if not _OF_A_SIGNATURE.fullmatch(name)]
            query = urlencode(kept)
    return urlunsplit(SplitResult(parts.scheme, parts.netloc.rpartition("@")[2], parts.path, query, parts.fragment))


def base_of(address: str) -> str:
    """The address of a folder, with a slash at its end and without its signature: names of files go behind it."""
    parts = urlsplit(address)
    return urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/") + "/", "", ""))


def file_name(address: str) -> str:
    """The name that the file at a web address gets here: the last of its path, `input` where that is none."""
    return last_name(unquote(urlsplit(address).path))


def last_name(path: str) -> str:
    """The last name of a path as a file may have it here. A long one keeps its end, which programs look at: `.csv`."""
    name = PurePosixPath(path).name.replace("\0", "")
    while len(os.fsencode(name)) > _LONGEST_NAME:
        name = name[1:]
    return name if name not in ("", ".", "..") else "input"
