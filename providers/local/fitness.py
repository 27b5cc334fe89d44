"""What of the specs this machine does in another way than a service, or not at all. Reads no file and no catalog."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bep.providers.local.datastores import KNOWN, folder_of
from bep.providers.world import Unfit
from bep.schemas.secrets.recognising import redacted

if TYPE_CHECKING:
    from bep.schemas.resource import Resource

_KEPT_ELSEWHERE = "azureml://registries/"


def unfit(resources: "Sequence[Resource]", cloud: Path, root: Path) -> Iterator[Unfit]:
    """A warning for each datastore that is a folder here, and for each model that no job can have here."""
    for one in resources:
        if one.kind == "datastore" and one.attributes.get("type") not in KNOWN:
            name = str(one.attributes.get("name"))
            place = _shown(os.path.relpath(folder_of(cloud, name), root))
            message = f"it is of type {one.attributes.get('type')}; on this machine it is the folder {place}"
            fix = (
                "Put there what jobs are to read, or declare it for this machine as {type: local_folder, path: ...} or"
                " {type: fsspec, url: ...}."
            )
            yield Unfit("datastore-elsewhere", one.address, ("type",), message, fix, is_error=False)
        model = one.attributes.get("model")
        if one.kind == "deployment" and isinstance(model, str) and model.startswith(_KEPT_ELSEWHERE):
            message = f"model '{model}' is kept by Azure ML, so that no job can score with it on this machine"
            fix = "Download it and declare a model whose path is the folder; a variable can say which one is named."
            yield Unfit("model-elsewhere", one.address, ("model",), message, fix, is_error=False)


def _shown(place: str) -> str:
    """A path as it may be said. An address that was written for one has lost a slash, and may have a secret in it."""
    return redacted(place.replace(":/", "://")) if ":/" in place else place
