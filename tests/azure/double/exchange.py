"""One request and its answer, free of any socket; and a refusal, in the shapes that the service has for them."""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.azure.double.store import now

Document = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """What a client asks for: `path` without its query, header names in lower case, `body` as JSON."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any
    base: str

    @classmethod
    def of(cls, method: str, target: str, headers: Mapping[str, str], body: bytes, base: str) -> "Request":
        """A request as it came over the wire.

        Raises:
            Refusal: the body is not JSON.
        """
        split = urlsplit(target)
        try:
            read = json.loads(body) if body.strip() else None
        except ValueError:
            raise Refusal(
                400, "InvalidRequestContent", "The request content was invalid and could not be deserialized."
            ) from None
        lower = {name.lower(): value for name, value in headers.items()}
        return cls(method, split.path, dict(parse_qsl(split.query)), lower, read, base)

    @property
    def api_version(self) -> str:
        """Empty where the query has none."""
        return self.query.get("api-version", "")


@dataclass
class Answer:
    """What the server says. `body` is None where nothing follows the headers; `Null` is the text null."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    text: str | None = None  # instead of a JSON body

    def content(self) -> bytes:
        """The bytes after the headers."""
        if self.text is not None:
            return self.text.encode()
        if self.body is Null:
            return b"null"
        return b"" if self.body is None else json.dumps(self.body).encode()


class Null:
    """The body of an answer that is the four letters null."""


class Refusal(Exception):
    """A request that is answered with an error."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        details: Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        fields: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status, self.code, self.message = status, code, message
        self.details, self.headers, self.fields = details, dict(headers or {}), fields

    def answer(self, location: str) -> Answer:
        """The error as the service wraps it; as ASP.NET does where single members were refused."""
        if self.fields is not None:
            body: Document = {
                "type": "https://tools.ietf.org/html/rfc9110#section-15.5.1",
                "title": "One or more validation errors occurred.",
                "status": self.status,
                "errors": {name: list(said) for name, said in self.fields.items()},
                "traceId": f"00-{uuid.uuid4().hex}-{uuid.uuid4().hex[:16]}-00",
            }
            return Answer(self.status, body, self.headers)
        details = [{"code": code, "message": said, "details": [], "additionalInfo": []} for code, said in self.details]
        extra = [
            {"type": "ComponentName", "info": {"value": "managementfrontend"}},
            {
                "type": "Correlation",
                "info": {"value": {"operation": uuid.uuid4().hex, "request": uuid.uuid4().hex[:16]}},
            },
            {"type": "Environment", "info": {"value": location}},
            {"type": "Location", "info": {"value": location}},
            {"type": "Time", "info": {"value": now()}},
        ]
        error = {"code": self.code, "message": self.message, "details": details, "additionalInfo": extra}
        return Answer(self.status, {"error": error}, self.headers)
