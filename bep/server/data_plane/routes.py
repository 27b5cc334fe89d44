"""The scoring URI: jobs started, looked at and cancelled, as the service has it. Decides nothing."""

from fastapi import APIRouter

from bep.server.answers import Answering

router = APIRouter(tags=["scoring"], route_class=Answering)
