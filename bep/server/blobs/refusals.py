"""What a storage account answers when it does not do what it was asked for: a code in a header, XML in the body."""

from collections.abc import Callable, Coroutine
from typing import Any, Final
from xml.sax.saxutils import escape

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from bep.app.datastores.blobs import BlobExists, NoSuchBlob
from bep.app.errors import NotFound
from bep.app.failures import Failure, failure_of
from bep.command_words import said
from bep.server.answers import STATUS, Unanswered

API: Final = "2024-11-04"
"""The version of the storage's interface that answers are of."""
CODES: Final = {409: "Conflict", 404: "ContainerNotFound", 400: "InvalidInput"}


def refusal(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> Response:
    """An answer as the storage's clients read it."""
    body = (
        f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>'
    )
    named = {"x-ms-error-code": code, "x-ms-version": API, **(headers or {})}
    return Response(body, status, named, media_type="application/xml")


class Storing(APIRoute):
    """A route of a storage account: each no is an answer in its shape."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route as it is, with an answer for each known failure."""
        handle = super().get_route_handler()

        async def answered(request: Request) -> Response:
            try:
                return await handle(request)
            except Unanswered as no:
                return refusal(no.status, no.code, no.message, no.headers)
            except RequestValidationError as wrong:
                return refusal(400, "InvalidInput", "; ".join(str(one["msg"]) for one in wrong.errors()))
            except ClientDisconnect:  # nobody is there to read it
                return refusal(400, "RequestBodyIncomplete", "the connection ended before the body did")
            except HTTPException:
                raise
            except Exception as problem:
                failure = failure_of(problem)
                if failure is None:
                    raise
                return _failed(problem, failure)

        return answered


def _failed(problem: Exception, failure: Failure) -> Response:
    message = said(failure.message, failure.next)
    match problem:
        case NoSuchBlob():
            return refusal(404, "BlobNotFound", message)
        case BlobExists():
            return refusal(409, "BlobAlreadyExists", message)
        case NotFound():
            return refusal(404, "ContainerNotFound", message)
        case _:
            status = STATUS[failure.sort][0]
            return refusal(status, CODES.get(status, "InvalidInput"), message)
