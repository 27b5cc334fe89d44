"""Who bep is for Azure: a token that was given, GitHub's OIDC, or whatever azure-identity finds. Imported on use.

Names that Terraform reads (`ARM_*`) stand for those that azure-identity reads (`AZURE_*`) where the latter are not set.
"""

import json
import logging
import time
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final
from urllib.request import Request, urlopen

from bep.distribution import install
from bep.lazy_dataclasses import dataclass
from bep.providers.azure.settings import TOKEN, Connection
from bep.providers.protocol import ProviderError

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken, TokenCredential

ALIASES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "AZURE_TENANT_ID": "ARM_TENANT_ID",
        "AZURE_CLIENT_ID": "ARM_CLIENT_ID",
        "AZURE_CLIENT_SECRET": "ARM_CLIENT_SECRET",
        "AZURE_CLIENT_CERTIFICATE_PATH": "ARM_CLIENT_CERTIFICATE_PATH",
        "AZURE_FEDERATED_TOKEN_FILE": "ARM_OIDC_TOKEN_FILE_PATH",
    }
)
AUDIENCE: Final = "api://AzureADTokenExchange"
_HOUR: Final = 3600
_PATIENCE: Final = 30.0  # seconds for one answer of an OIDC issuer


@dataclass(frozen=True, slots=True)
class GivenToken:
    """A credential that has one token, whatever it is asked for."""

    token: str

    def get_token(self, *scopes: str, **options: Any) -> "AccessToken":
        """The token."""
        from azure.core.credentials import AccessToken

        return AccessToken(self.token, int(time.time()) + _HOUR)


def credential_of(connection: Connection, environment: Mapping[str, str]) -> "TokenCredential":
    """The credential to ask for tokens; it asks for none yet. Raises `ProviderError` without azure-identity."""
    found: TokenCredential = GivenToken(connection.token) if connection.token else _found(connection, environment)
    return found


def taken(credential: "TokenCredential", connection: Connection) -> str:
    """Which credential gave a token, by name; of azure-identity's chain, the link that did."""
    if connection.token:
        return f"the token in {TOKEN}"
    chosen = getattr(credential, "_successful_credential", None)  # it is said in azure-identity's log alone
    return " with ".join(type(one).__name__ for one in (credential, chosen) if one is not None)


def _found(connection: Connection, environment: Mapping[str, str]) -> Any:
    """The first that has what it needs."""
    logging.getLogger("azure").addHandler(logging.NullHandler())  # its warnings are in what it raises, too
    try:
        import azure.identity as identity
    except ImportError:
        message = f"azure-identity is not installed; install it: {install('azure')}"
        raise ProviderError("provider/azure", "sign in", message, code="MissingExtra") from None
    found = {name: environment.get(name) or environment.get(alias, "") for name, alias in ALIASES.items()}
    tenant, client = found["AZURE_TENANT_ID"], found["AZURE_CLIENT_ID"]
    host = connection.authority.removeprefix("https://")
    if tenant and client and (assertion := assertion_of(environment)):
        return identity.ClientAssertionCredential(tenant, client, assertion, authority=host)
    if tenant and client and found["AZURE_CLIENT_SECRET"]:
        return identity.ClientSecretCredential(tenant, client, found["AZURE_CLIENT_SECRET"], authority=host)
    if tenant and client and found["AZURE_CLIENT_CERTIFICATE_PATH"]:
        path = found["AZURE_CLIENT_CERTIFICATE_PATH"]
        return identity.CertificateCredential(tenant, client, path, authority=host)
    if tenant and client and found["AZURE_FEDERATED_TOKEN_FILE"]:
        return identity.WorkloadIdentityCredential(
            tenant_id=tenant,
            client_id=client,
            token_file_path=found["AZURE_FEDERATED_TOKEN_FILE"],
            authority=host,
        )
    return identity.DefaultAzureCredential(authority=host)


def assertion_of(environment: Mapping[str, str]) -> Callable[[], str] | None:
    """What gives the OIDC token of a workflow, where one is offered: as it stands, or by asking the issuer for it."""
    if token := environment.get("ARM_OIDC_TOKEN"):
        return lambda: token
    for source in ("ARM_OIDC_REQUEST", "ACTIONS_ID_TOKEN_REQUEST"):
        url, bearer = environment.get(f"{source}_URL"), environment.get(f"{source}_TOKEN")
        if url and bearer:
            return partial(_requested, url, bearer)
    return None


def _requested(url: str, bearer: str) -> str:
    """GitHub's answer to a request for an OIDC token. Raises `OSError` and `ValueError`."""
    joined = f"{url}{'&' if '?' in url else '?'}audience={AUDIENCE}"
    request = Request(joined, headers={"Authorization": f"Bearer {bearer}", "Accept": "application/json"})
    with urlopen(request, timeout=_PATIENCE) as answer:
        return str(json.load(answer)["value"])
