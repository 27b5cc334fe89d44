"""Who asks: every request is somebody's, and each route says what they need. Knows no route."""

import hmac
from collections.abc import Callable, Collection, Coroutine
from typing import Annotated, Any, Final, TypeVar

from fastapi import Depends, Request

from bep.app.access.roles import ALLOWED, Permission, Role
from bep.lazy_dataclasses import dataclass
from bep.server.answers import Unanswered

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing."""
FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")


@dataclass(frozen=True)
class Caller:
    """Who asks: `name` is the token's, or that of the browser's session.

    `csrf` is what each form of a page for this browser has in its hidden field `csrf`, and each request of a
    script in its header `X-CSRF-Token`; empty for a token, which needs none.
    """

    name: str
    role: Role
    csrf: str = ""

    def may(self, permission: Permission) -> bool:
        """Whether it is allowed."""
        return permission in ALLOWED[self.role]


def needs(*permissions: Permission) -> Callable[[Request], Coroutine[Any, Any, Caller]]:
    """What a route needs: any one of these. Used as `Depends(needs(...))`; every route has one, see `requirements`.

    Who asks is found out, and whether they may, before anything else of a request is read: see `door`. Whether they may
    is looked at here once more, by the route itself: the door might have taken the request for another's.
    """

    async def asked(request: Request) -> Caller:
        caller = caller_of(request)
        must_be_allowed(caller, permissions)
        if caller.csrf and request.method not in SAFE:
            await _must_be_from_a_page(request, caller)
        return caller

    asked.permissions = permissions  # type: ignore[attr-defined]  # what the door goes by
    return asked


def caller_of(request: Request) -> Caller:
    """Who asks, as the door has found out. Raises `Unanswered` with 401 where it has not."""
    found: Caller | None = getattr(request.state, "caller", None)
    if found is None:
        raise Unanswered(401, "Unauthorized", "nobody is known here")
    return found


def must_be_allowed(caller: Caller, permissions: Collection[Permission]) -> None:
    """Raise `Unanswered` with 403 unless one of these is allowed."""
    if not any(caller.may(one) for one in permissions):
        wanted = " or ".join(sorted(role.value for role in Role if ALLOWED[role] & set(permissions)))
        raise Unanswered(403, "Forbidden", f"the role of {caller.name} is {caller.role}: this needs {wanted}")


async def _must_be_from_a_page(request: Request, caller: Caller) -> None:
    """Refuse a write of a browser that does not come from a page of ours: another page cannot know the word in it."""
    said = request.headers.get("x-csrf-token", "")
    if not said and request.headers.get("content-type", "").startswith(FORMS):
        said = str((await request.form()).get("csrf", ""))
    if not hmac.compare_digest(said.encode(), caller.csrf.encode()):
        raise Unanswered(403, "Forbidden", "csrf: it is not that of this session; load the page again")


Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


def tells_caller(parameter: str) -> Callable[[Endpoint], Endpoint]:
    """Mark a dependency that finds out by itself who asks, by a signature in this parameter of a query, where no header
    says so. It raises `Unanswered`, or sets `request.state.caller`; it is to be the first that its route has."""

    def marked(dependency: Endpoint) -> Endpoint:
        dependency.tells_caller = parameter  # type: ignore[attr-defined]
        return dependency

    return marked


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
Anybody = Annotated[Caller, Depends(needs(*Permission))]
"""Whoever is known."""
