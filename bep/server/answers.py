"""What is answered when a request cannot be: the service's shape, with bep's own sentence. Knows no route."""

import json
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.datastructures import DefaultPlaceholder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from bep.app.failures import Sort, failure_of
from bep.command_words import findings_said, said

if TYPE_CHECKING:
    from bep.app.failures import Failure

STATUS: Final = {
    Sort.FINDINGS: (400, "UserError"),
    Sort.DENIED: (403, "PolicyDenied"),
    Sort.CONFLICT: (409, "Conflict"),
    Sort.NOT_FOUND: (404, "NotFound"),
    Sort.REFUSED: (400, "UserError"),
    Sort.WORLD: (424, "FailedDependency"),
    Sort.NOTHING_TO_DO: (409, "Conflict"),
    Sort.STORED: (409, "Conflict"),
}
"""The status and the code of each kind of no. None is a 5xx: that is a bug, or a server that stops."""
OF_WORLD: Final = {
    "ResourceNotFound": 404,
    "NotFound": 404,
    "NoTraffic": 400,
    "PipelineNotRun": 400,
    "CatalogBusy": 409,
}
"""The statuses of what a world says no with, by its codes; of any other it is that of `Sort.WORLD`."""


class Unanswered(Exception):
    """A request that is not answered as it was asked: the status, the service's code, a sentence for a person."""

    def __init__(self, status: int, code: str, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class JSONAnswer(JSONResponse):
    """A value as JSON. Names of files that are no text have halves of characters, which JSON escapes."""

    def render(self, content: Any) -> bytes:
        """The bytes. Raises `ValueError` for numbers that JSON has not."""
        text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode("utf-8", "backslashreplace")


def error_of(code: str, message: str, details: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """A body in the service's shape."""
    return {"error": {"code": code, "message": message, "details": details or []}}


def answer_failures(application: FastAPI) -> None:
    """Give what no route came to its answer. What a use case says no with, `Answering` answers; any other is a bug."""
    application.add_exception_handler(Unanswered, _unanswered)
    application.add_exception_handler(RequestValidationError, _misshapen)
    application.add_exception_handler(HTTPException, _by_framework)


def _unanswered(request: Request, problem: Exception) -> JSONAnswer:
    assert isinstance(problem, Unanswered)
    return JSONAnswer(error_of(problem.code, problem.message), problem.status, problem.headers)


def _misshapen(request: Request, problem: Exception) -> JSONAnswer:
    assert isinstance(problem, RequestValidationError)
    details = [
        {"code": str(one["type"]), "target": ".".join(map(str, one["loc"])), "message": str(one["msg"])}
        for one in problem.errors()
    ]
    told = "; ".join(f"{one['target']}: {one['message']}" for one in details)
    return JSONAnswer(error_of("InvalidRequest", told, details), 400)


def _by_framework(request: Request, problem: Exception) -> JSONAnswer:
    """What the framework itself refuses: no such route, no such method."""
    assert isinstance(problem, HTTPException)
    codes = {404: "NotFound", 405: "MethodNotAllowed"}
    message = f"{request.method} {request.url.path}: {problem.detail}"
    return JSONAnswer(
        error_of(codes.get(problem.status_code, "InvalidRequest"), message), problem.status_code, problem.headers
    )


def must_be_characters(value: Any) -> None:
    """Raise `Unanswered` for half of a character in a value of JSON, as `\\ud800` is: nothing can be named so."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as problem:
        half = f"\\u{ord(problem.object[problem.start]):04x}"
        raise Unanswered(400, "InvalidRequest", f"the body has {half}, which is half of a character") from None


async def _must_have_characters(request: Request) -> None:
    """The same of what a route of the framework's reads as JSON; what is none the framework refuses."""
    if "json" not in request.headers.get("content-type", "json"):
        return
    try:
        value = await request.json()
    except (ValueError, RecursionError):
        return
    must_be_characters(value)


class Answering(APIRoute):
    """A route whose use case may say no: that is an answer, and not an error of the server."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        if isinstance(options.get("response_class"), DefaultPlaceholder):
            options["response_class"] = JSONAnswer
        super().__init__(path, endpoint, **options)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route as it is, with an answer for each known failure."""
        handle = super().get_route_handler()

        async def answered(request: Request) -> Response:
            if self.body_field is not None:
                await _must_have_characters(request)
            try:
                return await handle(request)
            except (Unanswered, RequestValidationError, HTTPException):
                raise
            except Exception as problem:
                failure = failure_of(problem)
                if failure is None:
                    raise
                return self.answer(request, failure)

        return answered

    def answer(self, request: Request, failure: "Failure") -> Response:
        """The answer for a failure of a use case."""
        return failed(failure)


def failed(failure: "Failure") -> JSONAnswer:
    """The answer for a failure of a use case."""
    status, code = STATUS[failure.sort]
    if failure.code:
        status, code = OF_WORLD.get(failure.code, status), failure.code
    details = [
        {"code": one.code, "target": str(one.address), "message": one.message}
        for one in findings_said(failure.findings)
    ]
    message = said(failure.message, failure.next)
    told = "\n".join((message, *(one["message"] for one in details)))
    return JSONAnswer(error_of(code, told, details), status)
