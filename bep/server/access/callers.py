"""Who asks: every request is somebody's, and each route says what they need. Knows no route."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Final, TypeVar

from fastapi import Depends, Request

from bep.app.access.roles import ALLOWED, Permission, Role
from bep.lazy_dataclasses import dataclass
from bep.server.answers import Unanswered
from bep.server.site import Site

BEARER: Final = "bearer "


@dataclass(frozen=True)
class Caller:
    """Who asks: `name` is the token's, or that of the browser's session.

    `csrf` is what each form of a page for this browser has in its hidden field `csrf_token`, and each request of a
    script in its header `X-CSRF-Token`; empty for a token, which needs none.
    """

    name: str
    role: Role
    csrf: str = ""

    def may(self, permission: Permission) -> bool:
        """Whether it is allowed."""
        return permission in ALLOWED[self.role]


def caller_of(request: Request) -> Caller:
    """Who asks. Raises `Unanswered` with 401 where that cannot be told."""
    site: Site = request.app.state.site
    said = request.headers.get("authorization", "")
    if said[: len(BEARER)].lower() == BEARER:
        token = site.tokens.recognised(said[len(BEARER) :].strip(), site.clock())
        if token is not None:
            return Caller(token.name, token.role)
    raise Unanswered(401, "Unauthorized", "no valid token: send one in the header `Authorization: Bearer TOKEN`")


def needs(*permissions: Permission) -> Callable[[Request], Coroutine[Any, Any, Caller]]:
    """What a route needs: any one of these. Used as `Depends(needs(...))`; every route has one, see `application`."""

    async def asked(request: Request) -> Caller:
        caller = caller_of(request)
        if not any(caller.may(one) for one in permissions):
            wanted = " or ".join(sorted(role.value for role in Role if ALLOWED[role] & set(permissions)))
            raise Unanswered(403, "Forbidden", f"the role of {caller.name} is {caller.role}: this needs {wanted}")
        request.state.caller = caller
        return caller

    asked.permissions = permissions  # type: ignore[attr-defined]  # what a test of every route looks at
    return asked


Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


def tells_caller(dependency: Endpoint) -> Endpoint:
    """Mark a dependency that finds out by itself who asks and what they may, as of a signature in a query: a route that
    has it is not asked for a token. It raises `Unanswered`, or returns a `Caller` and sets `request.state.caller`."""
    dependency.tells_caller = True  # type: ignore[attr-defined]
    return dependency


def streamed(endpoint: Endpoint) -> Endpoint:
    """Mark a route that reads its body piece by piece, so that the body may be of any size."""
    endpoint.is_streamed = True  # type: ignore[attr-defined]
    return endpoint


def looks_only(endpoint: Endpoint) -> Endpoint:
    """Mark a route that changes nothing, though its method is POST: it is not written into the audit log."""
    endpoint.looks_only = True  # type: ignore[attr-defined]
    return endpoint


Looking = Annotated[Caller, Depends(needs(Permission.LOOK))]
"""A parameter of a route: whoever may look at everything."""
Following = Annotated[Caller, Depends(needs(Permission.LOOK, Permission.INVOKE))]
"""Whoever may look, or start jobs: what it takes to start one and to follow it."""
Invoking = Annotated[Caller, Depends(needs(Permission.INVOKE))]
"""Whoever may start jobs."""
Changing = Annotated[Caller, Depends(needs(Permission.CHANGE))]
"""Whoever may change resources."""
