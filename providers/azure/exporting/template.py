"""Template: parameters and resources, in an order in which each comes after what it needs. Values only.

A body is the one that an apply sends, with marks (see `pieces`) for what is known only where it is deployed.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from bep.lazy_dataclasses import dataclass
from bep.providers.azure.exporting.pieces import Known, pieces
from bep.schemas.address import Address
from bep.schemas.resource import FieldPath

SCHEMA: Final = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
VERSION: Final = "1.0.0.0"
DEPLOYMENTS: Final = "Microsoft.Resources/deployments"
DEPLOYMENTS_VERSION: Final = "2022-09-01"
WORKSPACE_NAME: Final = "workspaceName"
REGION: Final = "location"
PURPOSE: Final[Mapping[str, str]] = {
    WORKSPACE_NAME: "Name of the Azure Machine Learning workspace: it is there, in the resource group deployed to",
    REGION: "Region of the workspace",
}


@dataclass(frozen=True, slots=True)
class Hidden:
    """A parameter for a secret: its name, and where the specs have it."""

    name: str
    address: Address
    path: FieldPath

    @property
    def purpose(self) -> str:
        """What it is for."""
        return f"{'.'.join(map(str, self.path))} of {self.address}"


@dataclass(frozen=True, slots=True)
class Item:
    """One resource of a template.

    `symbol` is its name in a language that has such; `names` are those below the workspace, or its own name where it
    is not in the workspace. `needs` are addresses of other items. `body` is all but type, name and needs.
    """

    address: Address
    symbol: str
    type: str
    api_version: str
    names: tuple[str, ...]
    needs: tuple[Address, ...]
    body: Mapping[str, Any]

    @property
    def is_in_workspace(self) -> bool:
        """Whether its name begins with that of the workspace."""
        return self.type != DEPLOYMENTS


@dataclass(frozen=True, slots=True)
class Upload:
    """Bytes that a template refers to and has none of: of which resource, at which field, where they must be."""

    address: Address
    path: FieldPath
    place: str


@dataclass(frozen=True, slots=True)
class Template:
    """A whole template; `workspace` is what its parameter is where nobody gives it another name."""

    workspace: str
    secrets: tuple[Hidden, ...]
    items: tuple[Item, ...]
    uploads: tuple[Upload, ...]

    @property
    def has_region(self) -> bool:
        """Whether something in it asks where the workspace is."""
        return any(Known.LOCATION in pieces(text) for item in self.items for text in texts_of(item.body))


def texts_of(value: Any) -> Iterator[str]:
    """Every text in a body, keys among them."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, below in value.items():
            yield name
            yield from texts_of(below)
    elif isinstance(value, list | tuple):
        for below in value:
            yield from texts_of(below)
