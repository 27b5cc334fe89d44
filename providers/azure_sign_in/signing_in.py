"""The first credential that the environment has all of: GitHub's OIDC, a service principal, what azure-identity finds.

Names that Terraform reads (`ARM_*`) stand for those that azure-identity reads (`AZURE_*`) where the latter are not set.
azure-identity is imported on use.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from bep.distribution import install

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

AUTHORITIES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "public": "https://login.microsoftonline.com",
        "china": "https://login.chinacloudapi.cn",
        "usgovernment": "https://login.microsoftonline.us",
    }
)
"""Where tokens come from, by cloud (azure-identity's own)."""
AUTHORITY: Final = "AZURE_AUTHORITY_HOST"
"""The environment variable with another such place."""
ALIASES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "AZURE_TENANT_ID": "ARM_TENANT_ID",
        "AZURE_CLIENT_ID": "ARM_CLIENT_ID",
        "AZURE_CLIENT_SECRET": "ARM_CLIENT_SECRET",
        "AZURE_CLIENT_CERTIFICATE_PATH": "ARM_CLIENT_CERTIFICATE_PATH",
        "AZURE_CLIENT_CERTIFICATE_PASSWORD": "ARM_CLIENT_CERTIFICATE_PASSWORD",
        "AZURE_FEDERATED_TOKEN_FILE": "ARM_OIDC_TOKEN_FILE_PATH",
    }
)
AUDIENCE: Final = "api://AzureADTokenExchange"
_PATIENCE: Final = 30.0  # seconds for one answer of an OIDC issuer


class NotInstalled(Exception):
    """azure-identity is missing. The message says what is, `mend` what installs it."""

    def __init__(self) -> None:
        super().__init__("azure-identity is not installed")
        self.mend = install("azure")


class NotUsable(Exception):
    """What the environment says of who signs in is of no use. The message says why, `mend` which variables to look at;
    no value of theirs is repeated but a path and a host."""

    def __init__(self, why: str, names: Iterable[str]) -> None:
        super().__init__(f"the environment says who signs in, and that is of no use: {why}")
        self.mend = f"look at {' and '.join(names)}"


def signed_in(environment: Mapping[str, str], authority: str) -> "TokenCredential":
    """The credential to ask for tokens; it asks for none yet. Raises `NotInstalled` and `NotUsable`."""
    logging.getLogger("azure").addHandler(logging.NullHandler())  # its warnings are in what it raises, too
    try:
        import azure.identity as identity
    except ImportError:
        raise NotInstalled from None
    found = {name: environment.get(name) or environment.get(alias, "") for name, alias in ALIASES.items()}
    tenant, client = found["AZURE_TENANT_ID"], found["AZURE_CLIENT_ID"]
    host = authority.removeprefix("https://")
    try:
        if tenant and client and (made := _of_an_application(identity, found, assertion_of(environment), host)):
            return made
        options = {"managed_identity_client_id": client, "workload_identity_client_id": client} if client else {}
        default: TokenCredential = identity.DefaultAzureCredential(authority=host, **options)
    except (ValueError, OSError) as problem:  # azure-identity's own for a tenant, an address or a certificate
        raise NotUsable(" ".join(str(problem).split()), _set_in(environment)) from None
    return default


def _set_in(environment: Mapping[str, str]) -> Iterator[str]:
    """The variables that say who signs in, as they are called here."""
    for name in (*ALIASES, AUTHORITY):
        alias = ALIASES.get(name, name)
        if environment.get(name) or environment.get(alias):
            yield name if environment.get(name) else alias


def _of_an_application(
    identity: Any, found: Mapping[str, str], assertion: Callable[[], str] | None, host: str
) -> "TokenCredential | None":
    """The credential of an application of which there is a proof: an OIDC token, a secret, a certificate, a file."""
    whose = (found["AZURE_TENANT_ID"], found["AZURE_CLIENT_ID"])
    made: TokenCredential | None = None
    if assertion:
        made = identity.ClientAssertionCredential(*whose, assertion, authority=host)
    elif secret := found["AZURE_CLIENT_SECRET"]:
        made = identity.ClientSecretCredential(*whose, secret, authority=host)
    elif path := found["AZURE_CLIENT_CERTIFICATE_PATH"]:
        password = found["AZURE_CLIENT_CERTIFICATE_PASSWORD"] or None
        made = identity.CertificateCredential(*whose, path, password=password, authority=host)
    elif path := found["AZURE_FEDERATED_TOKEN_FILE"]:
        Path(path).open("rb").close()  # whose absence azure-identity would say with the first question
        tenant, client = whose
        made = identity.WorkloadIdentityCredential(
            tenant_id=tenant, client_id=client, token_file_path=path, authority=host
        )
    return made


def name_of(credential: "TokenCredential") -> str:
    """Which credential it is; of azure-identity's chain, also the link that gave a token."""
    chosen = getattr(credential, "_successful_credential", None)  # it is said in azure-identity's log alone
    return " with ".join(type(one).__name__ for one in (credential, chosen) if one is not None)


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
    """GitHub's answer to a request for an OIDC token. Raises azure-core's `ClientAuthenticationError`."""
    import json
    from urllib.parse import urlsplit
    from urllib.request import Request, urlopen

    from azure.core.exceptions import ClientAuthenticationError

    joined = f"{url}{'&' if '?' in url else '?'}audience={AUDIENCE}"
    try:
        request = Request(joined, headers={"Accept": "application/json"})
        request.add_unredirected_header("Authorization", f"Bearer {bearer}")  # to no other address, wherever this leads
        with urlopen(request, timeout=_PATIENCE) as answer:
            return str(json.load(answer)["value"])
    except (OSError, ValueError, LookupError, TypeError) as problem:
        why = f"{urlsplit(url).netloc or url} gives no OIDC token: {type(problem).__name__}: {problem}"
        raise ClientAuthenticationError(message=why) from None
