"""The pages: a workspace, its jobs and plans, for people with a browser. Decides nothing."""

from fastapi import APIRouter

from bep.server.answers import Answering

router = APIRouter(tags=["studio"], route_class=Answering)
