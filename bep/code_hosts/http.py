"""JSON over HTTP to one host, with a token that goes nowhere else and is never shown. Knows no host's words.

The standard library alone: what is asked are a few small requests, one after the other.
"""

import json
import re
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import urljoin, urlsplit

from bep import __version__
from bep.code_hosts.protocol import HostError
from bep.lazy_dataclasses import dataclass, field
from bep.redirections import opener_without_redirections

LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")
SECONDS: Final = 30
LARGEST: Final = 64_000_000
MOST_REDIRECTIONS: Final = 3
SECONDARY: Final = 60.0
"""GitHub asks to wait a minute where it names no time."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a host said. `value` is the JSON of its body."""

    value: Any
    headers: Mapping[str, str]

    @property
    def next_page(self) -> str:
        """The address that a `Link` header has for the next page; empty on the last."""
        for part in self.headers.get("link", "").split(","):
            address, _, about = part.partition(";")
            if re.search(r'\brel="?next"?', about):
                return address.strip().strip("<>")
        return ""


@dataclass(frozen=True)
class Connection:
    """A host's API below an address. `headers` have the token, `secrets` are what no message may have in it."""

    base: str
    headers: Mapping[str, str] = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        """What a path below the address, or a whole address of this host, answers. Raises `HostError`."""
        self._must_be_safe()
        url = path if "://" in path else f"{self.base.rstrip('/')}{path}"
        for _ in range(MOST_REDIRECTIONS):
            try:
                return self._asked(method, self._own(url), body)
            except HTTPError as error:
                with error:
                    target = error.headers.get("Location", "")
                    if error.code not in (301, 302, 307, 308) or not target or (method != "GET" and error.code < 307):
                        raise self._refusal(method, url, error) from None
                url = urljoin(url, target)
            except (URLError, HTTPException, OSError) as error:
                reason = getattr(error, "reason", None) or str(error) or type(error).__name__
                told = self._without_secrets(f"{urlsplit(url).netloc} did not answer: {reason}")
                raise HostError(told, is_passing=True) from None
            except ValueError as error:
                raise HostError(self._without_secrets(f"{url} is no address: {error}")) from None
        raise HostError(f"{urlsplit(url).netloc} sends from one address to the next")

    def _must_be_safe(self) -> None:
        try:
            own = urlsplit(self.base)
        except ValueError as error:
            raise HostError(f"{self.base} is no address: {error}") from None
        if own.scheme != "https" and own.hostname not in LOOPBACK:
            raise HostError(f"{self.base} is not https: the token would be readable on its way")
        if not all(secret.isascii() and secret.isprintable() for secret in self.secrets):
            raise HostError("the token has characters that no token has, such as a line break within it", status=401)

    def pages(self, path: str, next_of: Callable[[Answer], str]) -> Iterator[Any]:
        """The JSON of a page and of all that follow; none twice, should a host lead in a circle. Raises `HostError`."""
        seen: set[str] = set()
        while path and path not in seen:
            seen.add(path)
            answer = self.ask("GET", path)
            yield answer.value
            path = next_of(answer)

    def _asked(self, method: str, url: str, body: Mapping[str, Any] | None) -> Answer:
        data = None if body is None else json.dumps(body).encode()
        headers = {"User-Agent": f"bep/{__version__}", "Accept": "application/json", **self.headers}
        if data is not None:
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(url, data=data, headers=headers, method=method)
        with opener_without_redirections().open(request, timeout=SECONDS) as answer:
            text = answer.read(LARGEST)
            found = {name.lower(): value for name, value in answer.headers.items()}
        try:
            value = json.loads(text) if text.strip() else None
        except ValueError:
            # where JSON was asked for, a page is one to sign in on; Azure DevOps answers it with 203
            told = f"{urlsplit(url).netloc} answered a page, not JSON: the token is not accepted there"
            raise HostError(told, status=401) from None
        return Answer(value, found)

    def _own(self, url: str) -> str:
        own, asked = urlsplit(self.base), urlsplit(url)
        if (own.scheme, own.netloc) != (asked.scheme, asked.netloc):
            raise HostError(f"{own.netloc} sends to {asked.netloc}, where the token must not go")
        return url

    def _refusal(self, method: str, url: str, error: HTTPError) -> HostError:
        try:
            said = self._without_secrets(_message(error.read(LARGEST)))
        except (OSError, HTTPException):
            said = ""
        headers = {name.lower(): value for name, value in error.headers.items()}
        pause = _pause(error.code, headers, said)
        about = f"{method} {urlsplit(url).path} answered {error.code}" + (f": {said}" if said else "")
        is_passing = error.code in (408, 429) or error.code >= 500 or pause is not None
        return HostError(about, status=error.code, is_passing=is_passing, pause=pause)

    def _without_secrets(self, text: str) -> str:
        for secret in self.secrets:
            text = text.replace(secret, "(token)") if secret else text
        return text


def _message(body: bytes) -> str:
    """What hosts say with a refusal, in one line."""
    text = body.decode(errors="replace")
    try:
        found = json.loads(text)
    except ValueError:
        return "" if text.lstrip().startswith("<") else " ".join(text.split())[:300]
    if isinstance(found, dict):
        said = found.get("message") or found.get("error_description") or found.get("error") or ""
        said = said.get("message", "") if isinstance(said, dict) and "message" in said else said
        more = [each.get("message") or each.get("code") for each in found.get("errors") or () if isinstance(each, dict)]
        text = "; ".join(str(part) for part in (said, *more) if part)
    return " ".join(text.split())[:300]


def _pause(status: int, headers: Mapping[str, str], said: str) -> float | None:
    """The seconds that a limit of requests asks to wait; None where this is no such limit, or no time is told."""
    if status not in (403, 429, 503):
        return None
    if (told := _seconds(headers.get("retry-after", ""))) is not None:
        return told
    if "0" in (headers.get("x-ratelimit-remaining"), headers.get("ratelimit-remaining")):
        until = headers.get("x-ratelimit-reset") or headers.get("ratelimit-reset") or ""
        return max(1.0, float(until) - time.time()) if until.isdecimal() else SECONDARY
    return SECONDARY if status == 403 and re.search(r"rate limit|abuse", said, re.IGNORECASE) else None


def _seconds(text: str) -> float | None:
    """`Retry-After`: seconds, or a date."""
    if text.strip().isdecimal():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None
