"""What clients ask to follow a job and to fetch its outputs: discovery, run history, run data. Decides nothing."""

from fastapi import APIRouter

from bep.server.answers import Answering

router = APIRouter(tags=["run history"], route_class=Answering)
