"""What every request to Azure Resource Manager says: an api-version, and whose workspace. Knows no route."""

import re
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import Depends, Query

from bep.app.served.objects import Around, Bodies, bodies_for, kind_of_collection
from bep.lazy_dataclasses import dataclass
from bep.server.answers import Unanswered
from bep.server.control_plane.containers import container_of
from bep.server.shapes.places import scoring_uri
from bep.server.site import Served, Site

if TYPE_CHECKING:
    from bep.app.workspace.opening import Opened

_VERSION: Final = re.compile(r"(\d{4}-\d{2}-\d{2})(-[A-Za-z0-9]+)?")


def _version(
    said: Annotated[str | None, Query(alias="api-version", examples=["2024-10-01"], description="Any of them.")] = None,
) -> str:
    """Any that is well formed: clients are bound to many. Raises `Unanswered` in the words of Resource Manager."""
    if not said:
        message = "The api-version query parameter (?api-version=) is required for all requests."
        raise Unanswered(400, "MissingApiVersionParameter", message)
    found = _VERSION.fullmatch(said)
    try:
        date.fromisoformat(found[1] if found else "")
    except ValueError:
        message = f"The api-version {said!r} is invalid: it is a date such as 2024-10-01, or one with -preview behind."
        raise Unanswered(400, "InvalidApiVersionParameter", message) from None
    return said


Version = Annotated[str, Depends(_version)]
"""A parameter of a route: the api-version, whose form alone matters."""


@dataclass(frozen=True)
class Area:
    """The workspace as it was asked for: under any subscription and group, its own name in any casing."""

    site: Site
    subscription: str
    group: str
    name: str

    @cached_property
    def opened(self) -> "Opened":
        """The workspace as it is now."""
        return self.site.opened()

    def fresh(self) -> "Area":
        """The same, read anew."""
        return Area(self.site, self.subscription, self.group, self.name)

    @cached_property
    def bodies(self) -> Bodies:
        """How clients have its objects. Ids are those that were asked for."""
        return bodies_for(self.subscription, self.group, self.opened.workspace.name)

    @property
    def around(self) -> Around:
        """What objects are shown with."""
        address = self.site.address
        return Around(lambda endpoint: scoring_uri(address, endpoint), lambda *store: container_of(address, *store))

    def kind(self, collection: str) -> str:
        """The kind that a collection has. Raises `Unanswered`."""
        kind = kind_of_collection(self.bodies, collection)
        if kind is None:
            message = f"The resource type 'workspaces/{collection}' could not be found: this server has none of it."
            raise Unanswered(404, "InvalidResourceType", message)
        return kind


def _area(site: Served, subscription: str, group: str, workspace: str, version: Version) -> Area:
    found = Area(site, subscription, group, workspace)
    name = found.opened.workspace.name
    if workspace.casefold() != name.casefold():
        message = (
            f"The Resource 'Microsoft.MachineLearningServices/workspaces/{workspace}' under resource group '{group}'"
            f" was not found: this server has the workspace {name}, under any subscription and resource group."
        )
        raise Unanswered(404, "ResourceNotFound", message)
    return found


Asked = Annotated[Area, Depends(_area)]
"""A parameter of a route below a workspace."""
