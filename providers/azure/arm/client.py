"""Azure Resource Manager as a few verbs over azure-mgmt-resource: its pipeline, its retries, its tokens. Knows no kind.

The package is imported at the first question, so that whoever asks nothing pays nothing. Operations are asked after one
question at a time, with addresses that any process can go on with: azure-core's own continuation token has the whole
answer in it, environment variables in clear, and would be kept in a journal.
"""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlsplit

from bep import __version__
from bep.lazy_dataclasses import dataclass
from bep.providers.azure.arm.errors import Refusal, refusal_of, retry_after_of
from bep.providers.azure.settings import Connection

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential
    from azure.mgmt.resource.resources import ResourceManagementClient

FINAL: Final = frozenset(("succeeded", "failed", "canceled", "cancelled"))


@dataclass(frozen=True, slots=True)
class Begun:
    """What a write was answered: the body, and where to ask after the operation, if it is one.

    `status` is the address of its state, `location` that of its result; empty where the service gave none.
    """

    body: Mapping[str, Any] | None
    code: int
    status: str = ""
    location: str = ""
    retry_after: float | None = None


class ArmClient:
    """One connection. Its verbs may be called from several threads; all raise `Refusal`, `azure.core`'s errors where
    nothing was answered, and `ProviderError` where there is no credential.

    `credential` gives whom to ask for tokens, when that is first needed; `options` go to azure-mgmt-resource.
    """

    def __init__(
        self,
        connection: Connection,
        credential: "Callable[[], TokenCredential]",
        **options: Any,
    ) -> None:
        self.connection = connection
        self._credential, self._options = credential, options
        self.told_at = ""
        """The time of the last answer by the service's clock, as HTTP writes it."""
        self._lock = threading.Lock()
        self._host = urlsplit(connection.base_url).netloc

    def get(self, id: str) -> Mapping[str, Any] | None:
        """The object of an id; None where there is none."""
        try:
            found = self._sent("GET", self._url(id)).body
        except Refusal as refusal:
            if refusal.status == 404:
                return None
            raise
        return found

    def list(self, id: str, **query: str) -> Iterator[Mapping[str, Any]]:
        """Everything below an id, page by page; nothing where what is above it is not there."""
        url = self._url(id, query)
        while url:
            try:
                page = self._sent("GET", self._own(url)).body or {}
            except Refusal as refusal:
                if refusal.status == 404:
                    return
                raise
            yield from page.get("value") or ()
            url = page.get("nextLink") or ""

    def put(self, id: str, body: Mapping[str, Any]) -> Begun:
        """Make or change an object."""
        return self._sent("PUT", self._url(id), body)

    def delete(self, id: str, **query: str) -> Begun:
        """Remove an object; one that is not there is removed."""
        try:
            return self._sent("DELETE", self._url(id, query))
        except Refusal as refusal:
            if refusal.status == 404:
                return Begun(None, 404)
            raise

    def post(self, id: str, action: str, body: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """Ask for an action on an object."""
        return self._sent("POST", self._url(f"{id}/{action}"), body or {}).body or {}

    def look(self, url: str) -> Begun:
        """What an address of an operation says now. Raises `Refusal` for one on another host: a token goes with it."""
        return self._sent("GET", self._own(url))

    def _url(self, id: str, query: Mapping[str, str] | None = None) -> str:
        more = "".join(f"&{name}={quote(value)}" for name, value in (query or {}).items())
        path = quote(id, safe="/:@!$&'()*+,;=~")
        return f"{self.connection.base_url}{path}?api-version={self.connection.api_version}{more}"

    def _own(self, url: str) -> str:
        host = urlsplit(url).netloc
        if host != self._host and not host.endswith(f".{self._host}"):
            raise Refusal(0, "OtherHost", f"the address {host} is not one of {self._host}")
        return url

    def _sent(self, method: str, url: str, body: Mapping[str, Any] | None = None) -> Begun:
        from azure.core.rest import HttpRequest

        answer = self._client.send_request(HttpRequest(method, url, json=body))
        text, self.told_at = answer.text(), answer.headers.get("Date", "")
        if answer.status_code >= 400:
            raise refusal_of(answer.status_code, answer.headers, text)
        found = json.loads(text) if text.strip() else None
        return Begun(
            found if isinstance(found, Mapping) else None,
            answer.status_code,
            answer.headers.get("Azure-AsyncOperation", ""),
            answer.headers.get("Location", ""),
            retry_after_of(answer.headers),
        )

    @property
    def _client(self) -> "ResourceManagementClient":
        with self._lock:
            return self._made

    @cached_property
    def _made(self) -> "ResourceManagementClient":
        from azure.mgmt.resource.resources import ResourceManagementClient

        options = dict(self._options)
        credential = self._credential()
        if self.connection.is_plain:
            options["authentication_policy"] = bearer(credential, self.connection.scope)
        return ResourceManagementClient(
            credential,
            self.connection.place.subscription,
            self.connection.base_url,
            credential_scopes=[self.connection.scope],
            user_agent=f"bep/{__version__}",
            **options,
        )

    def close(self) -> None:
        """Close the connections, if there are any."""
        if "_made" in self.__dict__:
            self._made.close()


def bearer(credential: "TokenCredential", scope: str) -> Any:
    """What puts a token on requests to this machine: azure-core's own policy refuses plain http, whoever listens."""
    from azure.core.pipeline.policies import SansIOHTTPPolicy

    class Bearer(SansIOHTTPPolicy):  # type: ignore[type-arg]
        def on_request(self, request: Any) -> None:
            request.context.options.pop("enforce_https", None)
            request.http_request.headers["Authorization"] = f"Bearer {credential.get_token(scope).token}"

    return Bearer()
