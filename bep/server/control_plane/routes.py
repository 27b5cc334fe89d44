"""Resources over the routes of Azure Resource Manager, as the released clients ask for them. Decides nothing."""

from fastapi import APIRouter

from bep.server.answers import Answering

router = APIRouter(tags=["resources"], route_class=Answering)
