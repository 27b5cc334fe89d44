"""A request made to a double without a socket, as most tests of the double need it."""

import json
from typing import Any
from urllib.parse import urlsplit

from tests.azure.double.double import Double
from tests.azure.double.exchange import Answer, Request
from tests.azure.double.tokens import ARM, ML, token

BASE = "http://double"
VERSION = "2024-10-01"


def ask(
    azure: Double, method: str, path: str, body: object = None, headers: dict[str, str] | None = None, query: str = ""
) -> Answer:
    """The answer to a request about `models/m/versions/1`, about another path if it starts with /, or about a URL."""
    target = path if path.startswith("/") else azure.id_of(path)
    asked = f"api-version={VERSION}&{query}"
    if "://" in path:
        target, asked = urlsplit(path).path, urlsplit(path).query
    bearer = {"Authorization": f"Bearer {token(ARM, ML)}"}
    sent = b"" if body is None else json.dumps(body).encode()
    return azure.handle(Request.of(method, f"{target}?{asked}", bearer | (headers or {}), sent, BASE))


def made(azure: Double, path: str, body: object) -> Any:
    """What is answered about a resource after its PUT has been taken and followed to its end."""
    put = ask(azure, "PUT", path, body)
    assert put.status in (200, 201), put.body
    status, operation = "", put.headers.get("Azure-AsyncOperation", "")
    while operation and status not in ("Succeeded", "Failed"):
        status = ask(azure, "GET", operation).body["status"]
    return ask(azure, "GET", path).body


def code(answer: Answer) -> str:
    """The most telling code of an error: that of its details, if it has any."""
    error = answer.body["error"]
    return str(error["details"][0]["code"] if error["details"] else error["code"])
