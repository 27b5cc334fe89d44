"""Objects as the service would answer them: every member that it has, in its words, and no secret. Pure."""

import copy
from collections.abc import Mapping, Sequence
from typing import Any, Final

from bep.lazy_dataclasses import dataclass
from bep.planner.observed import Condition
from bep.providers.azure.answering import schedules
from bep.providers.azure.answering.unsaid import CONTAINER, LOCATION, UNSAID, WITHOUT_STATE
from bep.providers.azure.answering.wishes import MASKED, TYPE, wish_of
from bep.providers.azure.content.contents import DEFAULT_STORE, stored
from bep.providers.azure.place import PROVIDER, Place
from bep.providers.azure.translation.published import words
from bep.providers.azure.translation.shape import body_of, overlaid, put
from bep.providers.azure.translation.shapes import knows, shape_of
from bep.providers.bodies import Container, Shown, Wish
from bep.schemas.address import Address, kind_of, names_of
from bep.schemas.kinds.kind import load_kind
from bep.schemas.secrets.secret import is_sealed

SCHEDULE: Final = "schedule"
"""A kind of which the Azure world of bep has no objects, though its service has."""
STATES: Final[Mapping[Condition, str]] = {
    Condition.READY: "Succeeded",
    Condition.PROGRESSING: "Updating",
    Condition.FAILED: "Failed",
}


@dataclass(frozen=True, slots=True)
class AzureBodies:
    """Those of the objects of one workspace, by the id that it has for whoever asks."""

    place: Place

    def has(self, kind: str) -> bool:
        """Whether the service has objects of a kind; traffic is a member of its endpoint."""
        return kind == SCHEDULE or (kind != "traffic" and knows(kind))

    def has_versions(self, kind: str) -> bool:
        """Whether objects of a kind are versions of a name."""
        return load_kind(kind).registered

    def name_of(self, shown: Shown) -> str:
        """The name that an object is a version of, or its own."""
        return names_of(shown.address)[0]

    def is_default(self, shown: Shown) -> bool:
        """Whether it is the datastore that every workspace has."""
        return names_of(shown.address)[-1] == DEFAULT_STORE

    def id_of(self, below: str = "") -> str:
        """The id of something below the workspace, or its own."""
        return f"{self.place.root}/{below}" if below else self.place.root

    def body(self, shown: Shown) -> dict[str, Any]:
        """The whole body, from what is there; what nobody said is filled in."""
        kind, names = kind_of(shown.address), names_of(shown.address)
        if kind == SCHEDULE:
            head = self._head(self.place.id_of(shown.address), schedules.TYPE, names[-1])
            told = schedules.schedule_properties(_presentable(shown.observed.attributes))
            return {**head, "properties": told, **_times([shown])}
        shape, attributes = shape_of(kind), _presentable(shown.observed.attributes)
        own, sort = _in_words_of_the_service(kind, attributes)
        found = body_of(shape, stored(kind, own), self.place, LOCATION)
        put(found, shape.tags, {**(attributes.get("tags") or {}), **({TYPE: sort} if sort else {})})
        if kind == "component":
            found["properties"]["componentSpec"] = {"version": names[-1], "name": names[0], **_spec(found)}
        whole = overlaid(copy.deepcopy(dict(_unsaid(kind, found))), _said(found))
        if kind not in WITHOUT_STATE:
            put(whole, ("properties", "provisioningState"), STATES[shown.observed.condition])
        if kind == "endpoint":
            whole["properties"] |= {
                "defaults": {"deploymentName": shown.default or None},
                "scoringUri": shown.scoring_uri or None,
            }
        if kind == "datastore":
            whole["properties"] |= _in_container(names[-1], shown.container)
        if kind == "compute" and shown.observed.why:
            whole["properties"]["provisioningErrors"] = [{"error": {"code": "Failed", "message": shown.observed.why}}]
        return {**self._head(self.place.id_of(shown.address), shape.type, names[-1]), **whole, **_times([shown])}

    def wish(self, address: Address, body: Mapping[str, Any], there: Shown | None) -> Wish:
        """What a body that was sent asks for. Raises `BodyRefused`."""
        return wish_of(address, body, there, self.place)

    def merged(self, there: Shown, patch: Mapping[str, Any]) -> dict[str, Any]:
        """The body of an object as it is, with a part of one over it; null takes a member away."""
        return _said(overlaid(self.body(there), patch))  # type: ignore[no-any-return]

    def name_of_all(self, kind: str, name: str, versions: Sequence[Shown]) -> dict[str, Any]:
        """The container of the versions of a name, the newest of which is the one that was made last."""
        known = [names_of(one.address)[-1] for one in versions]
        numbers = [int(version) for version in known if version.isascii() and version.isdigit()]
        found = overlaid(
            copy.deepcopy(dict(CONTAINER)),
            {"properties": {"latestVersion": known[-1], "nextVersion": str(max(numbers, default=0) + 1)}},
        )
        if kind not in WITHOUT_STATE:
            found["properties"]["provisioningState"] = "Succeeded"
        if kind == "data":
            found["properties"]["dataType"] = self.body(versions[-1])["properties"]["dataType"]
        collection = load_kind(kind).collection
        return {**self._head(self.id_of(f"{collection}/{name}"), f"workspaces/{collection}", name), **found}

    def workspace(self, name: str, facts: Mapping[str, Any]) -> dict[str, Any]:
        """The workspace itself."""
        told = {"friendlyName": name, "provisioningState": "Succeeded", "publicNetworkAccess": "Disabled", **facts}
        head = self._head(self.id_of(), "workspaces", name)
        return {**head, "location": LOCATION, "tags": {}, "identity": {"type": "None"}, "properties": told}

    def _head(self, id: str, type: str, name: str) -> dict[str, Any]:
        return {"id": id, "name": name, "type": f"{PROVIDER}/{type}"}


def _times(versions: Sequence[Shown]) -> dict[str, Any]:
    made, changed = versions[0].observed.created_at, versions[-1].observed.changed_at
    if not changed:
        return {"systemData": None}
    by = versions[-1].changed_by or versions[-1].observed.changed_by
    told = {"createdAt": made or changed, "lastModifiedAt": changed, "lastModifiedBy": by, "createdBy": ""}
    return {"systemData": {name: text for name, text in told.items() if text}}


def _presentable(value: Any) -> Any:
    """The attributes without what is secret."""
    if is_sealed(value):
        return MASKED
    if isinstance(value, Mapping):
        return {name: _presentable(below) for name, below in value.items()}
    return [_presentable(below) for below in value] if isinstance(value, list | tuple) else value


def _in_words_of_the_service(kind: str, attributes: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """The attributes with a type that the service publishes, and bep's own word for it where that is another."""
    own = {name: value for name, value in attributes.items() if name != "credentials"}
    if kind not in ("compute", "datastore"):
        return own, ""
    member = "computeType" if kind == "compute" else "datastoreType"
    sort = str(attributes.get("type"))
    published = [word.casefold() for word in words(f"workspaces/{kind}s", ("properties", member))]
    if sort.replace("_", "").casefold() in published:
        return own, ""
    return {**own, "type": "amlcompute" if kind == "compute" else "azure_blob"}, sort


def _unsaid(kind: str, found: Mapping[str, Any]) -> Mapping[str, Any]:
    """What is filled in: only a cluster has the inside of one."""
    if kind == "compute" and found["properties"]["computeType"] != "AmlCompute":
        inner = {name: value for name, value in UNSAID[kind]["properties"].items() if name != "properties"}
        return {**UNSAID[kind], "properties": inner}
    return UNSAID[kind]


def _said(found: Any) -> Any:
    """A body without nulls: where nothing is said the default counts."""
    if isinstance(found, Mapping):
        return {name: _said(value) for name, value in found.items() if value is not None}
    return found


def _spec(found: Mapping[str, Any]) -> dict[str, Any]:
    return dict(found["properties"].get("componentSpec") or {})


def _in_container(name: str, container: Container | None) -> dict[str, Any]:
    """What leads clients to the bytes of a datastore; the secret for it is told to whoever asks for that alone."""
    default = {"isDefault": name == DEFAULT_STORE}
    if container is None:
        return default
    return {
        **default,
        "accountName": container.account,
        "containerName": container.name,
        "endpoint": container.endpoint,
        "protocol": container.protocol,
        "credentials": {"credentialsType": "Sas"},
    }
