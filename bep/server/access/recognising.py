"""Who asks: a token in a header, or the session in a browser's cookie. Knows no route."""

from collections.abc import Callable
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import cookie_parser

from bep.app.access.failed_attempts import FailedAttempts
from bep.app.access.sessions import Sessions
from bep.command_words import command_of
from bep.schemas.next_step import step
from bep.server.access.callers import Caller
from bep.server.answers import Unanswered
from bep.server.site import Site

BEARER: Final = "bearer "


class Recognition:
    """Finds out who asks. `seconds` is a clock that only goes on."""

    def __init__(self, site: Site, seconds: Callable[[], float]) -> None:
        self._site = site
        self._seconds = seconds
        self._sessions = Sessions(site.home)
        self._failed = FailedAttempts()

    def is_told(self, headers: Headers) -> bool:
        """Whether a request says who asks, rightly or not."""
        return "authorization" in headers or cookie_name(self._site) in cookie_parser(headers.get("cookie", ""))

    def caller(self, headers: Headers, address: str) -> Caller:
        """Who asks. Raises `Unanswered`: 401 where that cannot be told, 429 where an address is wrong too often."""
        said = headers.get("authorization", "")
        if said[: len(BEARER)].lower() == BEARER:
            token = self._site.tokens.recognised(said[len(BEARER) :].strip(), self._site.clock())
            if token is not None:
                return Caller(token.name, token.role)
            raise self.refused(address, "no valid token: it is wrong, expired or revoked")
        secret = cookie_parser(headers.get("cookie", "")).get(cookie_name(self._site))
        if secret and not said:
            session = self._sessions.recognised(secret, self._site.clock())
            if session is not None:
                return Caller(session.name, session.role, session.csrf)
            raise _unknown(
                f"this browser's session has ended: `{command_of(step('studio'))}` prints a link to sign in again"
            )
        make = command_of(step("token create"))
        raise _unknown(f"who asks? Send a token in the header `Authorization: Bearer TOKEN`; `{make}` makes one")

    def refused(self, address: str, why: str) -> Unanswered:
        """The answer to a wrong secret, which is counted."""
        wait = self._failed.add(address, self._seconds())
        if wait is None:
            return _unknown(why)
        again = {"Retry_After": str(int(wait) + 1)}
        return Unanswered(429, "TooManyRequests", f"{why}; and too many of them came from {address} lately", **again)


def _unknown(why: str) -> Unanswered:
    return Unanswered(401, "Unauthorized", why, WWW_Authenticate="Bearer")


def cookie_name(site: Site) -> str:
    """The name of the cookie with a browser's session: browsers do not tell ports apart, so it has the port in it.

    One that begins with `__Host-` is taken by a browser only over TLS, and from this very host.
    """
    from urllib.parse import urlsplit

    url = urlsplit(site.address)
    return f"{'__Host-' if url.scheme == 'https' else ''}bep-{url.port or 'studio'}"
