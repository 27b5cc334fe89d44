"""Signing in and out: the link that works once, and the cookie that it gives. Decides nothing."""

from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from bep.app.access.sessions import SESSION_TIME, Sessions
from bep.command_words import command_of
from bep.schemas.next_step import step
from bep.server.access.callers import Anybody
from bep.server.access.recognising import cookie_name
from bep.server.answers import Unanswered
from bep.server.site import STUDIO, Served, Site
from bep.server.studio.pages import Frame, drawn
from bep.server.studio.refusals import Showing

router = APIRouter(tags=["studio"], route_class=Showing, include_in_schema=False)

FIRST: Final = "/"
"""The page that a browser sees first."""


@router.get("/login/{code}")
def sign_in(code: str, request: Request, site: Served) -> Response:
    """Sign this browser in, by a link that works once.

    The answer is a page that goes on by itself, and no redirection: where the link was followed from a page of another
    host, a browser would leave the cookie out of what it is redirected to, but not out of what this page asks for.
    """
    if "prefetch" in request.headers.get("sec-purpose", request.headers.get("purpose", "")):
        raise Unanswered(409, "Conflict", "a link that works once is not followed ahead of time")
    begun = Sessions(site.home).begin(code, site.clock())
    if begun is None:
        why = f"this link has been used, or is too old: `{_again()}` prints another"
        raise request.app.state.recognition.refused(request.state.address, why)
    secret, session = begun
    frame = Frame("Signed in", "", (), "", "", None, "", site.clock())
    answer = drawn("signed_in.html", frame, first=FIRST, name=session.name)
    answer.set_cookie(
        cookie_name(site),
        secret,
        max_age=int(SESSION_TIME.total_seconds()),
        secure=_is_secure(site),
        httponly=True,
        samesite="strict",
    )
    return answer


@router.post(f"{STUDIO}/sign-out")
def sign_out(request: Request, site: Served, caller: Anybody) -> Response:
    """Sign this browser out."""
    if not caller.csrf:
        raise Unanswered(409, "Conflict", "no browser is signed in by a token: it is revoked, not signed out")
    Sessions(site.home).end(request.cookies.get(cookie_name(site), ""))
    answer = drawn("sign_in.html", Frame("Signed out", "", (), "", "", None, "", site.clock()), message="")
    answer.delete_cookie(cookie_name(site), secure=_is_secure(site), httponly=True, samesite="strict")
    return answer


def _again() -> str:
    return command_of(step("studio"))


def _is_secure(site: Site) -> bool:
    return site.address.startswith("https:")
