"""Addresses of this server that open one thing without a token: made for who asks, and looked at when they come back.

The service's clients fetch blobs, logs and the discovery document from addresses that they were given, and send no
token there: routes that take them have `granted` in the place of `needs`.
"""

from collections.abc import Callable
from typing import Final
from urllib.parse import quote, urlencode

from fastapi import Request

from bep.app.access.roles import Role
from bep.app.access.signatures import signatures_of
from bep.app.datastores.permissions import LETTERS
from bep.lazy_dataclasses import dataclass
from bep.server.access.callers import SAFE, Caller, caller_of, tells_caller
from bep.server.answers import Unanswered
from bep.server.site import Site

DISCOVERY: Final = "discovery"


def container(datastore: str) -> str:
    """A datastore, as a thing that an address opens."""
    return f"container/{datastore}"


def logs(job: str) -> str:
    """The logs of a job."""
    return f"logs/{job}"


def signed_query(site: Site, caller: Caller, thing: str, permissions: str = "r") -> str:
    """What follows the question mark of an address that opens a thing. Raises `Unanswered` for who has no token."""
    token = next((one for one in site.tokens.every() if one.name == caller.name and one.role == caller.role), None)
    if token is None:
        raise Unanswered(403, "Forbidden", f"{caller.name} has no token, and only for one such an address is made")
    return urlencode(signatures_of(site.opened()).sign(thing, token, permissions, site.clock()))


def datastore_sas(site: Site, caller: Caller, datastore: str) -> str:
    """The shared access signature of a datastore, with what the caller's role may do there."""
    return "sr=c&" + signed_query(site, caller, container(datastore), LETTERS[caller.role])


def discovery_url(site: Site, caller: Caller) -> str:
    """Where clients learn the address of run history and of the data of runs: `properties.discoveryUrl`."""
    return f"{site.address}/discovery?{signed_query(site, caller, DISCOVERY)}"


def logs_url(site: Site, workspace: str, job: str, file: str, query: str) -> str:
    """The address of one file of a job's log. `workspace` is the workspace's id, `query` opens the job's logs."""
    return f"{site.address}/history/v1.0{quote(workspace)}/runs/{quote(job)}/logs/{quote(file)}?{query}"


@dataclass(frozen=True)
class Granted:
    """Who asks, whether by a token or by a signed address, and the letters of what may be done."""

    name: str
    role: Role
    letters: str

    def must(self, *letters: str) -> None:
        """Raise `Unanswered` unless one of these is allowed."""
        if not any(letter in self.letters for letter in letters):
            needed = " or ".join(letters)
            raise Unanswered(
                403, "AuthorizationPermissionMismatch", f"{self.name} may {self.letters}: this needs {needed}"
            )


def granted(
    thing: Callable[[Request], str], letters: Callable[[Role], str] = lambda role: "r"
) -> Callable[[Request], Granted]:
    """What a route needs that a signed address opens: that, or a token. Every role may look, or start jobs."""

    @tells_caller("sig")
    def asked(request: Request) -> Granted:
        site: Site = request.app.state.site
        if "sig" in request.query_params:
            found = signatures_of(site.opened()).recognised(thing(request), dict(request.query_params), site.clock())
            if found is None:
                told = "the signature of this address is wrong, expired, or of something else: ask for a new one"
                raise Unanswered(403, "AuthenticationFailed", told)
            caller, allowed = Caller(found.token.name, found.token.role), found.permissions
        else:
            caller = caller_of(request)
            allowed = letters(caller.role)
            if caller.csrf and request.method not in SAFE:
                raise Unanswered(403, "Forbidden", "a browser writes nothing here: pages have forms of their own")
        request.state.caller = caller
        return Granted(caller.name, caller.role, allowed)

    return asked
