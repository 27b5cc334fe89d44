"""Paths of Azure Resource Manager are the same in any casing: one spelling of each, before anybody looks for its route.

Types and names take turns in such a path, so every other part is a word of the service's. Pure but for the middleware.
"""

from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

WORDS: Final = (
    "subscriptions", "resourceGroups", "providers", "workspaces", "batchEndpoints", "deployments", "jobs", "computes",
    "datastores", "models", "environments", "data", "components", "schedules", "codes", "versions", "listSecrets",
    "listKeys", "cancel", "locations",
)  # fmt: skip
PROVIDER: Final = "Microsoft.MachineLearningServices"
_SPELT: Final = {word.casefold(): word for word in WORDS}


def spelt(path: str) -> str:
    """The path with the service's words as they are published; any other path as it is."""
    parts = path.split("/")
    if len(parts) < 2 or parts[1].casefold() != "subscriptions":
        return path
    for place in range(1, len(parts), 2):
        parts[place] = _SPELT.get(parts[place].casefold(), parts[place])
    for place in range(2, len(parts), 2):
        if parts[place - 1] == "providers" and parts[place].casefold() == PROVIDER.casefold():
            parts[place] = PROVIDER
    return "/".join(parts)


class InOneSpelling:
    """What stands before the routes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Go on with the path in its one spelling."""
        if scope["type"] == "http":
            scope = {**scope, "path": spelt(scope["path"])}
        await self._app(scope, receive, send)
