"""Whether the server is there and ready: a word, for whoever asks."""

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse

router = APIRouter(tags=["health"])


@router.get("/healthz", response_class=PlainTextResponse)
def healthz() -> str:
    """Whether the process answers."""
    return "ok"


@router.get("/readyz", response_class=PlainTextResponse)
def readyz() -> str:
    """Whether it takes requests."""
    return "ok"
