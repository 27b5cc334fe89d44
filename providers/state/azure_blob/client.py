"""The container that a state is kept in: who asks, and what the service's refusals mean. Knows no state and no lock."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from bep.distribution import install
from bep.lazy_dataclasses import dataclass
from bep.providers.azure_sign_in.signing_in import AUTHORITIES, AUTHORITY, NotInstalled, NotUsable, name_of, signed_in
from bep.providers.state.place import Overtaken, PlaceRefused
from bep.schemas.secrets.recognising import redacted

if TYPE_CHECKING:
    from azure.storage.blob import ContainerClient

_KEYS: Final = ("AZURE_STORAGE_KEY", "ARM_ACCESS_KEY")
_TOKENS: Final = ("AZURE_STORAGE_SAS_TOKEN", "ARM_SAS_TOKEN")
_MEND_RIGHTS: Final = (
    f"set {_KEYS[0]} to a key of the account or {_TOKENS[0]} to a signature for the container; or sign in as somebody"
    " with the role Storage Blob Data Contributor, and leave both unset"
)
_CLOUDS: Final = {".core.chinacloudapi.cn": "china", ".core.usgovcloudapi.net": "usgovernment"}
_OVERTAKEN: Final = (409, 412)
"""A lease that is held or lost, and a version that is not the one there any more."""


@dataclass(frozen=True, slots=True)
class BlobSettings:
    """What `state: {azure_blob: ...}` says: the account's address, the container, the name of the state's blob."""

    account_url: str
    container: str
    blob: str


def container_of(settings: BlobSettings, environment: Mapping[str, str]) -> "ContainerClient":
    """The client of the container. Asks nothing yet. Raises `PlaceRefused` where what it needs is not installed."""
    try:
        from azure.storage.blob import ContainerClient, ExponentialRetry
    except ImportError:
        raise PlaceRefused("a state in Azure Blob Storage needs azure-storage-blob", install("azure")) from None

    return ContainerClient(
        settings.account_url,
        settings.container,
        credential=_credential(settings, environment),
        retry_policy=ExponentialRetry(initial_backoff=1, increment_base=2, retry_total=4),
        connection_timeout=20,
        read_timeout=60,
    )


def _credential(settings: BlobSettings, environment: Mapping[str, str]) -> Any:
    """An account key or a SAS of the environment, under the names that az and Terraform know; else who is signed in."""
    if key := next((environment[name] for name in _KEYS if environment.get(name)), ""):
        from azure.core.credentials import AzureNamedKeyCredential

        return AzureNamedKeyCredential(account_name(settings.account_url), key)
    if token := next((environment[name] for name in _TOKENS if environment.get(name)), ""):
        return token.removeprefix("?")
    try:
        return signed_in(environment, environment.get(AUTHORITY) or _authority_of(settings.account_url))
    except NotInstalled as missing:
        unset = (
            f"{settings.account_url}: neither {_KEYS[0]} nor {_TOKENS[0]} is set, and signing in needs azure-identity"
        )
        raise PlaceRefused(unset, missing.mend) from None
    except NotUsable as wrong:
        raise PlaceRefused(f"{settings.account_url}: {wrong}", wrong.mend) from None


def _authority_of(url: str) -> str:
    """Where tokens for an account come from, by the cloud that its address is of."""
    host = urlsplit(url).hostname or ""
    return AUTHORITIES[next((cloud for end, cloud in _CLOUDS.items() if host.endswith(end)), "public")]


def signs_in_by(environment: Mapping[str, str], container: "ContainerClient") -> str:
    """Which of the ways is taken, by name."""
    named = next((name for name in (*_KEYS, *_TOKENS) if environment.get(name)), "")
    return f"what {named} holds" if named else name_of(container.credential)


def account_name(url: str) -> str:
    """The account that an address is of: its first label, or the first step of its path where the host is a number."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    return parts.path.strip("/").split("/")[0] if parts.path.strip("/") else host.partition(".")[0]


def is_no_container(refusal: Exception) -> bool:
    """Whether it is the container that is not there, and not only the blob."""
    return getattr(refusal, "error_code", None) == "ContainerNotFound"


@contextmanager
def asking(where: str) -> Iterator[None]:
    """Let a refusal say which blob it is about. Raises `Overtaken` for leases and conditions, else `PlaceRefused`."""
    from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError

    try:
        yield
    except HttpResponseError as refusal:
        found = getattr(refusal, "error_code", None) or ""
        code = str(getattr(found, "value", found))
        if refusal.status_code in _OVERTAKEN and (refusal.status_code == 412 or code.startswith("Lease")):
            raise Overtaken(f"{where}: {code or refusal.status_code}") from None
        if isinstance(refusal, ClientAuthenticationError) and not code:
            raise PlaceRefused(f"{where}: Azure gives no token: {_first_line(refusal)}", _MEND_RIGHTS) from None
        why = ": ".join(filter(None, (code, str(refusal.reason or refusal.message).partition("\n")[0])))
        mend = _MEND_RIGHTS if refusal.status_code in (401, 403) else ""
        raise PlaceRefused(f"{where}: the service refused it: {why}", mend) from None
    except AzureError as problem:
        raise PlaceRefused(f"{where}: it could not be reached: {_first_line(problem)}") from None
    except ValueError as problem:  # what the client says of an address or a key that is none
        raise PlaceRefused(f"{where}: {_first_line(problem)}", _MEND_RIGHTS) from None


def _first_line(problem: Exception) -> str:
    return redacted(str(problem).partition("\n")[0])  # it may repeat an address with a signature in it
