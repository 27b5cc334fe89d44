"""What the service said when it said no, as one error with bep's address. Pure; knows no client."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from bep.lazy_dataclasses import dataclass, field
from bep.lazy_patterns import lazy_pattern
from bep.providers.protocol import ProviderError
from bep.schemas.next_step import step

BUSY: Final = lazy_pattern(
    r"in progress|busy|being (?:created|updated|deleted|modified)|another operation|concurren|locked", re.IGNORECASE
)
RETRYABLE: Final = frozenset((408, 429, 500, 502, 503, 504))
_WHO_ASKS: Final = (401, 403)
"""How the service refuses somebody for who it is: whoever looks at that sees who signed in, and which rights lack."""
_REQUEST_IDS: Final = ("x-ms-correlation-request-id", "x-ms-request-id", "x-ms-client-request-id")
_LONGEST: Final = 400


@dataclass(eq=False)
class Refusal(Exception):
    """An answer that is no success: its status, the service's code and words, the request's id, seconds to wait."""

    status: int
    code: str = ""
    message: str = ""
    details: tuple[str, ...] = ()
    request: str = ""
    retry_after: float | None = field(default=None)

    def __str__(self) -> str:
        return self.said

    @property
    def said(self) -> str:
        """All that it says, in one line."""
        name = f"status {self.status}"
        if self.code:
            name = f"{self.code} ({self.status})" if self.status >= 400 else self.code
        rest = "; ".join(text for text in self.details if text not in ("", self.code) and text not in self.message)
        request = f" [request {self.request}]" if self.request else ""
        return ": ".join(filter(None, (name, self.message))) + (f" ({rest})" if rest else "") + request

    @property
    def is_busy(self) -> bool:
        """Whether another operation on the same object has to end first."""
        text = f"{self.code} {self.message} {' '.join(self.details)}"
        is_plain = self.code.casefold() == "conflict" and "exist" not in text.casefold()
        return self.status == 409 and (is_plain or bool(BUSY.search(text)))

    def names(self, text: str) -> bool:
        """Whether it speaks of something of this name."""
        whole = f"{self.message} {' '.join(self.details)}".casefold()
        return bool(text) and text.casefold() in whole

    def at(self, address: str, operation: str) -> ProviderError:
        """The same as whoever calls a provider knows it."""
        return ProviderError(
            address,
            operation,
            self.said,
            code=self.code or str(self.status),
            retryable=self.status in RETRYABLE or self.is_busy,
            retry_after=self.retry_after,
            next=(step("doctor"),) if self.status in _WHO_ASKS else (),
        )


def refusal_of(status: int, headers: Mapping[str, str], text: str) -> Refusal:
    """What an answer says: ARM's envelope, the other shape that the service has, or any text."""
    request = next((headers[name] for name in _REQUEST_IDS if headers.get(name)), "")
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    after = retry_after_of(headers)
    if not isinstance(found, Mapping):
        return Refusal(status, "", " ".join(text.split())[:_LONGEST], (), request, after)
    error = found.get("error")
    if isinstance(error, Mapping):
        message = str(error.get("message") or "")
        return Refusal(status, str(error.get("code") or ""), message, tuple(_details(error)), request, after)
    listed = found.get("errors")
    texts = [str(one) for many in listed.values() for one in many] if isinstance(listed, Mapping) else []
    return Refusal(status, str(found.get("code") or ""), str(found.get("title") or ""), tuple(texts), request, after)


def failure_of(operation: Mapping[str, Any], request: str = "") -> Refusal:
    """Why an operation failed, from what its status says: it is answered with 200."""
    error = operation.get("error") or {}
    status = str(operation.get("status") or "Failed")
    message = str(error.get("message") or f"the operation ended as {status}, and nothing says why")
    return Refusal(200, str(error.get("code") or status), message, tuple(_details(error)), request)


def retry_after_of(headers: Mapping[str, str]) -> float | None:
    """How many seconds the service asks to wait, where it says so in seconds."""
    try:
        return max(0.0, float(headers["Retry-After"]))
    except (KeyError, ValueError):
        return None


def _details(error: Mapping[str, Any]) -> Iterator[str]:
    for one in error.get("details") or ():
        if isinstance(one, Mapping):
            yield ": ".join(filter(None, (str(one.get("code") or ""), str(one.get("message") or ""))))
            yield from _details(one)
