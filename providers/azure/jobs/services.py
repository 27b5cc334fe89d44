"""The services beside Azure Resource Manager that have jobs: asked over azure-core's pipeline, imported on use.

A token goes to addresses that Azure Resource Manager gave, and only where nobody can read it on the way. What has its
right in its own address, a log, is read without a token.
"""

import json
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from bep import __version__
from bep.providers.azure.arm.client import ArmClient, bearer
from bep.providers.azure.arm.errors import Refusal, refusal_of
from bep.providers.azure.settings import LOOPBACK, Connection

if TYPE_CHECKING:
    from azure.core import PipelineClient
    from azure.core.credentials import TokenCredential

_UNSATISFIABLE: Final = 416  # a range that begins at the end: there is nothing more


class Services:
    """The services of one workspace. All raise `Refusal`, and `azure.core`'s errors where nothing was answered."""

    def __init__(self, client: ArmClient, credential: "Callable[[], TokenCredential]") -> None:
        self._client, self._credential = client, credential

    def score(self, method: str, url: str, body: object = None, headers: Mapping[str, str] | None = None) -> Any:
        """Ask a scoring URI. A job is asked for once: whoever does it again does so knowingly."""
        again: dict[str, Any] = {"retry_total": 0} if method == "POST" else {}
        return self._asked(self._scoring, method, url, body, headers, **again)

    def regional(self, method: str, service: str, path: str, body: object = None, *, version: str = "v1.0") -> Any:
        """Ask a service of the workspace's region about the workspace, such as `history/v1.0` about its runs."""
        url = f"{self._region}/{service}{self._client.connection.place.root}/{path}?api-version={version}"
        return self._asked(self._managing, method, url, body)

    def page(self, url: str) -> Any:
        """The next page of a list. Raises `Refusal` for one on a host that is neither the region's, nor another of its
        domain, nor Azure Resource Manager's: a token goes with it.
        """
        host, ours = urlsplit(url).netloc, urlsplit(self._region).netloc
        known = (ours, urlsplit(self._client.connection.base_url).netloc)
        if host not in known and not host.endswith(f".{ours.partition('.')[2]}"):
            raise Refusal(0, "OtherHost", f"a page of the list is at {host}, and the region's services at {ours}")
        return self._asked(self._managing, "GET", url)

    def listing(self, path: str) -> str:
        """The address of the first page of a list of the region's front of management."""
        root = self._client.connection.place.root
        return f"{self._region}/mferp/managementfrontend{root}/{path}?api-version=2020-09-01-dataplanepreview"

    def text(self, url: str, begin: int = 0) -> bytes:
        """What an address that has its own right gives, from a byte on or, below zero, from so many before its end;
        nothing where it ends there."""
        from azure.core.rest import HttpRequest

        asked = {"Range": f"bytes={begin}-" if begin > 0 else f"bytes={begin}"} if begin else {}
        answer = self._open.send_request(HttpRequest("GET", url, headers=asked))
        if answer.status_code == _UNSATISFIABLE:
            return b""
        if answer.status_code >= 400:
            raise refusal_of(answer.status_code, answer.headers, "")  # its words may repeat the address
        content: bytes = answer.content
        return content if answer.status_code == 206 else content[begin:]

    def _asked(
        self,
        client: "PipelineClient[Any, Any]",
        method: str,
        url: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        **retries: Any,
    ) -> Any:
        from azure.core.rest import HttpRequest

        _insist_on_privacy(url, self._client.connection)
        answer = client.send_request(HttpRequest(method, url, json=body, headers=dict(headers or {})), **retries)
        if answer.status_code >= 400:
            raise refusal_of(answer.status_code, answer.headers, answer.text())
        return _read(answer.text(), url)

    @cached_property
    def _region(self) -> str:
        """Where the services of the workspace's region are."""
        found = self._client.get(self._client.connection.place.root) or {}
        discovery = str((found.get("properties") or {}).get("discoveryUrl") or "")
        if not discovery:
            raise Refusal(0, "NoDiscovery", "the workspace does not say where its region's services are")
        _insist_on_privacy(discovery, self._client.connection)
        return str(_read(self.text(discovery).decode(errors="replace"), discovery).get("api") or "").rstrip("/")

    @cached_property
    def _scoring(self) -> "PipelineClient[Any, Any]":
        return self._made(self._client.connection.scoring_scope)

    @cached_property
    def _managing(self) -> "PipelineClient[Any, Any]":
        return self._made(self._client.connection.scope)

    @cached_property
    def _open(self) -> "PipelineClient[Any, Any]":
        return self._made("")

    def _made(self, scope: str) -> "PipelineClient[Any, Any]":
        """A pipeline that puts a token for a scope on each request; none where there is no scope. No redirections."""
        from azure.core import PipelineClient
        from azure.core.pipeline.policies import BearerTokenCredentialPolicy, RetryPolicy, UserAgentPolicy

        policies: list[Any] = [UserAgentPolicy(base_user_agent=f"bep/{__version__}"), RetryPolicy()]
        if scope and self._client.connection.is_plain:
            policies.append(bearer(self._credential(), scope))
        elif scope:
            policies.append(BearerTokenCredentialPolicy(self._credential(), scope))
        return PipelineClient("", policies=policies)

    def close(self) -> None:
        """Close the connections that there are."""
        for name in ("_scoring", "_managing", "_open"):
            if name in self.__dict__:
                self.__dict__[name].close()


def _read(text: str, url: str) -> Any:
    """An answer's mapping; nothing where it is empty. Raises `Refusal` for what is none: a proxy's page, for one."""
    try:
        found = json.loads(text) if text.strip() else {}
    except ValueError:
        found = None
    if not isinstance(found, Mapping):
        raise Refusal(0, "NotJson", f"{urlsplit(url).netloc} answers with something that is no JSON object")
    return found


def _insist_on_privacy(url: str, connection: Connection) -> None:
    """Raise `Refusal` for an address that a token could be read on the way to."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (connection.is_plain and parts.hostname in LOOPBACK):
        raise Refusal(0, "NotEncrypted", f"the service names an address of {parts.netloc} that is not encrypted")
