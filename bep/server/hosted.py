"""The application for whoever runs a server of their own: what `bep serve` does beside answering comes with it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from bep.app.access.servers import announced
from bep.server.application import application
from bep.server.background import looking_after, steps_of
from bep.server.site import Site


def hosted(site: Site) -> FastAPI:
    """The application; between its start and its end (the lifespan of ASGI) it looks after the workspace."""

    @asynccontextmanager
    async def living(made: FastAPI) -> AsyncIterator[None]:
        with (
            announced(site.home, site.address, site.clock().isoformat()) as withdraw,
            looking_after(steps_of(site, made.state.log), site.life, made.state.log),
        ):
            yield
            withdraw()
            made.state.streams.end()

    made = application(site)
    made.router.lifespan_context = living
    return made
