"""The OpenAPI description of this server, for whoever may use it. Knows no area."""

from typing import Any

from fastapi import APIRouter, Request

from bep.server.access.callers import Following
from bep.server.answers import Answering

router = APIRouter(tags=["description"], route_class=Answering)


@router.get("/openapi.json")
def description(request: Request, caller: Following) -> dict[str, Any]:
    """What this server answers, as OpenAPI 3.1 has it."""
    found: dict[str, Any] = request.app.openapi()
    schemes = found.setdefault("components", {}).setdefault("securitySchemes", {})
    schemes["token"] = {"type": "http", "scheme": "bearer", "description": "What `bep token create` prints."}
    found["security"] = [{"token": []}]
    return found
