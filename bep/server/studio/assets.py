"""The studio's own files: style sheet, script, icon. Each has its digest in its name, so that a browser may keep it."""

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Response

from bep.lazy_dataclasses import dataclass
from bep.planner.rendering.html.style import STYLE
from bep.server.answers import Answering, Unanswered
from bep.server.site import STUDIO

FOLDER: Final = Path(__file__).parent / "assets"
TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
FOR_EVER: Final = "public, max-age=31536000, immutable"

router = APIRouter(tags=["studio"], route_class=Answering)


@dataclass(frozen=True)
class Asset:
    """One file as it is sent; `name` has its digest."""

    name: str
    type: str
    content: bytes


@cache
def _assets() -> Mapping[str, Asset]:
    """Each by the name of its file."""
    return {file.name: _read(file) for file in FOLDER.iterdir() if file.suffix in TYPES}


def _read(file: Path) -> Asset:
    content = file.read_bytes()
    if file.name == "studio.css":  # a plan looks as its own page does, and no rule of that page leaves it
        content += f"\n.plan{{{STYLE}}}\n".encode()
    digest = hashlib.sha256(content).hexdigest()[:16]
    return Asset(f"{file.stem}.{digest}{file.suffix}", TYPES[file.suffix], content)


def asset(file: str) -> str:
    """The path that a page has for a file: `asset("studio.css")`."""
    return f"{STUDIO}/assets/{_assets()[file].name}"


@router.get(f"{STUDIO}/assets/{{name}}", include_in_schema=False)
def sent(name: str) -> Response:
    """A file of the studio. Anybody may have it: there is nothing of the workspace in it."""
    for found in _assets().values():
        if found.name == name:
            return Response(found.content, media_type=found.type, headers={"cache-control": FOR_EVER})
    raise Unanswered(404, "NotFound", f"the studio has no file {name!r}: load the page again")
