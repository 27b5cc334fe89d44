"""The datastores as a storage account, as far as the released clients use one. Decides nothing."""

from fastapi import APIRouter

from bep.server.answers import Answering

router = APIRouter(tags=["blobs"], route_class=Answering)
