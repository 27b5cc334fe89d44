"""Who may come in, as whoever is on this machine says: tokens made and revoked, browsers signed in and out. Each is in
the audit log. Knows no request."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bep.app.access.audit import Audit
from bep.app.access.roles import Role
from bep.app.access.servers import running_server
from bep.app.access.sessions import Sessions
from bep.app.access.times import expiry
from bep.app.access.tokens import tokens_of
from bep.app.errors import Refused
from bep.schemas.next_step import step

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Specs


def create_token(opened: "Specs", name: str, role: Role, expires: str) -> str:
    """A new token: the secret, which is kept nowhere. `expires` is 30d, 12h, 90m or never. Raises `Refused`."""
    created, ends = expiry(expires)
    secret = tokens_of(opened).create(name, role, created, ends)
    _write_down(opened, f"token create {name} {role}")
    return secret


def revoke_token(opened: "Specs", name: str) -> None:
    """From now on it opens nothing. Raises `NotFound`."""
    tokens_of(opened).revoke(name)
    _write_down(opened, f"token revoke {name}")


def sign_in_link(opened: "Specs", role: Role) -> str:
    """The address of a page of the running server that signs one browser in, once, within a quarter of an hour.

    Raises `Refused` where no server of this workspace runs.
    """
    address = running_server(opened)
    if address is None:
        serve = step("serve")
        raise Refused(f"no server of this workspace runs here: {serve} starts one", next=(serve,))
    return link_to(opened, address, role)


def link_to(opened: "Specs", address: str, role: Role) -> str:
    """The same, of the server at this address."""
    code = Sessions(opened.home).invite(_who(), role, datetime.now(UTC))
    _write_down(opened, f"studio link {role}")
    return f"{address}/login/{code}"


def sign_everybody_out(opened: "Specs") -> int:
    """End the sessions of all browsers, and their links: how many were signed in."""
    ended = Sessions(opened.home).end_all()
    _write_down(opened, f"studio sign-out of {ended}")
    return ended


def _write_down(opened: "Specs", what: str) -> None:
    Audit(opened.home).done(datetime.now(UTC), who=_who(), what=what)


def _who() -> str:
    """The user of this machine."""
    from bep.providers.state.owner import this_process

    return this_process().who
