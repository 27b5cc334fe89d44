"""Who bep is for a workspace of Azure ML: a token that was given, else who the environment says. Imported on use."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from bep.lazy_dataclasses import dataclass
from bep.providers.azure.settings import TOKEN, Connection
from bep.providers.azure_sign_in.signing_in import NotInstalled, NotUsable, name_of, signed_in
from bep.providers.protocol import ProviderError

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken, TokenCredential

_HOUR: Final = 3600


@dataclass(frozen=True, slots=True)
class GivenToken:
    """A credential that has one token, whatever it is asked for."""

    token: str

    def get_token(self, *scopes: str, **options: Any) -> "AccessToken":
        """The token."""
        from azure.core.credentials import AccessToken

        return AccessToken(self.token, int(time.time()) + _HOUR)


@dataclass(frozen=True, slots=True)
class BesideToken:
    """Who signs in for blobs where a token for all else is given. Where nobody does, it says why the token is none."""

    other: "TokenCredential"

    def get_token(self, *scopes: str, **options: Any) -> "AccessToken":
        """The other one's token."""
        from azure.core.exceptions import ClientAuthenticationError

        try:
            return self.other.get_token(*scopes, **options)
        except ClientAuthenticationError as error:
            why = str(error).strip().partition("\n")[0]
            message = f"{TOKEN} is not used for blobs, and a datastore without a key needs somebody signed in: {why}"
            raise ClientAuthenticationError(message=message) from None

    def close(self) -> None:
        """Close the other one's connections."""
        if (close := getattr(self.other, "close", None)) is not None:
            close()


def credential_of(connection: Connection, environment: Mapping[str, str]) -> "TokenCredential":
    """The credential to ask for tokens; it asks for none yet. Raises `ProviderError` without azure-identity."""
    return GivenToken(connection.token) if connection.token else _signed_in(connection, environment)


def storage_credential_of(connection: Connection, environment: Mapping[str, str]) -> "TokenCredential":
    """The same for blobs: a token that was given is for managing resources, and opens none."""
    found = _signed_in(connection, environment)
    return BesideToken(found) if connection.token else found


def _signed_in(connection: Connection, environment: Mapping[str, str]) -> "TokenCredential":
    try:
        return signed_in(environment, connection.authority)
    except NotInstalled as missing:
        message = f"{missing}; install it: {missing.mend}"
        raise ProviderError("provider/azure", "sign in", message, code="MissingExtra") from None
    except NotUsable as wrong:
        message = f"{wrong}\n    fix: {wrong.mend}"
        raise ProviderError("provider/azure", "sign in", message, code="Settings") from None


def taken(credential: "TokenCredential", connection: Connection) -> str:
    """Which credential gave a token, by name."""
    return f"the token in {TOKEN}" if connection.token else name_of(credential)
