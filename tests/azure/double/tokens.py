"""Tokens and the credential that gives them: of the form of real ones, for one audience or more, signed by nobody."""

import base64
import json
import time
from typing import Any, Final, NamedTuple

from tests.azure.double.exchange import Refusal, Request

ARM: Final = "https://management.azure.com"
ML: Final = "https://ml.azure.com"
TENANT: Final = "99999999-8888-7777-6666-555555555555"


class Token(NamedTuple):
    """What a credential gives: azure.core.credentials.AccessToken by its form."""

    token: str
    expires_on: int


def token(*audiences: str, expires_in: float = 3600, **claims: Any) -> str:
    """A token for audiences; of one expired if the seconds are negative."""
    until = int(time.time() + expires_in)
    head = {"alg": "RS256", "typ": "JWT"}
    body = {"aud": audiences[0] if len(audiences) == 1 else list(audiences), "exp": until, "tid": TENANT, **claims}
    body = {"oid": "12121212-3434-5656-7878-909090909090", "upn": "someone@example.org", **body}
    parts = [base64.urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=").decode() for each in (head, body)]
    return ".".join([*parts, "c2lnbmVk"])


class Credential:
    """Any credential's one method. `asked` has the scopes it was asked for, in order."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []

    def get_token(self, *scopes: str, **_ignored: Any) -> Token:
        """A token for the audience of the scopes."""
        self.asked.append(scopes)
        return Token(token(*(scope.removesuffix("/.default") for scope in scopes)), int(time.time()) + 3600)


def check_token(request: Request, audiences: tuple[str, ...]) -> None:
    """Refuse a request without a token for one of the audiences.

    Raises:
        Refusal: 401, in the shape of Azure Resource Manager.
    """
    said = request.headers.get("authorization", "")
    if not said.startswith("Bearer "):
        raise _refused("AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.")
    try:
        middle = said.removeprefix("Bearer ").split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    except (IndexError, ValueError):
        raise _refused("InvalidAuthenticationToken", "The access token is invalid.") from None
    held = claims.get("aud", ())
    held = {each.rstrip("/") for each in ([held] if isinstance(held, str) else held)}
    if not held & set(audiences):
        said = f"The access token has been obtained for wrong audience or resource '{', '.join(sorted(held))}'. "
        said += f"It should exactly match with one of the allowed audiences '{', '.join(audiences)}'."
        raise _refused("InvalidAuthenticationTokenAudience", said)
    if claims.get("exp", 0) < time.time():
        raise _refused("ExpiredAuthenticationToken", "The access token expiry UTC time has passed.")


def _refused(code: str, message: str) -> Refusal:
    told = f'Bearer authorization_uri="https://login.microsoftonline.com/{TENANT}", error="invalid_token"'
    return Refusal(401, code, message, headers={"WWW-Authenticate": told})
