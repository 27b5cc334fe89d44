"""What a person is shown whose request is refused: a page, where a program gets JSON. Decides nothing."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException

from bep.command_words import findings_said, said
from bep.server.access.callers import Caller, caller_of
from bep.server.answers import STATUS, Answering, Unanswered
from bep.server.studio.pages import Frame, drawn

if TYPE_CHECKING:
    from bep.app.failures import Failure

TITLES: Final = {
    401: "Sign in",
    403: "Not allowed",
    404: "Not found",
    405: "Not possible here",
    409: "Not possible now",
    424: "The service did not do it",
    429: "Too many attempts",
}


def is_person(request: Request) -> bool:
    """Whether a browser asks, to show the answer: programs ask for no HTML."""
    return "text/html" in request.headers.get("accept", "")


def answer_people(application: FastAPI) -> None:
    """Let what is refused be a page for people; programs get what they got."""
    for kind in (Unanswered, HTTPException):
        application.add_exception_handler(kind, _for_both(application.exception_handlers[kind]))


def _for_both(for_programs: Callable[[Request, Exception], Any]) -> Callable[[Request, Exception], Any]:
    def answered(request: Request, problem: Exception) -> Any:
        if not is_person(request):
            return for_programs(request, problem)
        if isinstance(problem, Unanswered):
            shown = refused(request, problem.status, problem.message)
            shown.headers.update(problem.headers)
            return shown
        assert isinstance(problem, HTTPException)
        told = "There is no such page." if problem.status_code == 404 else str(problem.detail)
        return refused(request, problem.status_code, told)

    return answered


def refused(request: Request, status: int, message: str, details: tuple[str, ...] = ()) -> Response:
    """The page of a refusal; one that asks to sign in where nobody is known."""
    caller = None if status == 401 else _known(request)
    template = "sign_in.html" if status == 401 else "refused.html"
    title = TITLES.get(status, "Not done")
    site = request.app.state.site
    frame = Frame(title, "", (), "", "", caller, getattr(request.state, "csrf", ""), site.clock())
    told = message if caller is not None or status != 401 or _is_link(request) else ""
    return drawn(template, frame, status=status, message=told, details=details)


def _is_link(request: Request) -> bool:
    """Whether a link that signs in was followed: why it does not is then to be told, and how to get another."""
    return request.url.path.startswith("/login/")


def _known(request: Request) -> Caller | None:
    """Who asks, where that is known: where no route was found, nobody has asked yet."""
    try:
        return caller_of(request)
    except Unanswered:
        return None


class Showing(Answering):
    """A route of pages: what a use case says no with is a page, too."""

    def answer(self, request: Request, failure: "Failure") -> Response:
        """A page for people, JSON for programs."""
        if not is_person(request):
            return super().answer(request, failure)
        details = tuple(f"{one.address}: {one.message}" for one in findings_said(failure.findings))
        return refused(request, STATUS[failure.sort][0], said(failure.message, failure.next), details)
