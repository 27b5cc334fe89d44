"""Fields and members that do not stand in pairs. Pure; each knows one corner of one kind."""

import re
from collections.abc import Mapping
from typing import Any, Final

from bep.lazy_dataclasses import dataclass
from bep.lazy_patterns import lazy_pattern
from bep.providers.azure.forms import CODES, NAMES, clear, folded
from bep.providers.azure.place import Place
from bep.providers.azure.shape import Path, at
from bep.schemas.kinds.kind import load_kind

_SUBNET = lazy_pattern(r"/subscriptions/[^/]+/resourcegroups/[^/]+/providers/Microsoft.Network/.*", re.IGNORECASE)


class Identity:
    """Managed identities of a compute: a list here, the keys of a mapping there."""

    members: tuple[Path, ...] = (("identity",),)

    def there(self, attributes: Mapping[str, Any], place: Place) -> dict[str, Any]:
        """`identity` with the published word and the ids as keys."""
        asked = attributes.get("identity")
        if not asked:
            return {}
        words = {"systemassigned": "SystemAssigned", "userassigned": "UserAssigned", "none": "None"}
        parts = [words.get(folded(word), word) for word in str(asked.get("type", "none")).split(",")]
        users: dict[str, Any] = {
            one["resource_id"]: {} for one in asked.get("user_assigned_identities", ()) if one.get("resource_id")
        }
        return {"identity": {"type": ",".join(parts), **({"userAssignedIdentities": users} if users else {})}}

    def here(self, body: Mapping[str, Any], place: Place) -> dict[str, Any]:
        """Nothing where there is none: the service says `None` then."""
        found = body.get("identity") or {}
        words = {"systemassigned": "system_assigned", "userassigned": "user_assigned"}
        parts = [words[folded(word)] for word in str(found.get("type")).split(",") if folded(word) in words]
        users = [{"resource_id": name} for name in sorted(found.get("userAssignedIdentities") or ())]
        if not parts:
            return {}
        return {"identity": {"type": ",".join(parts), **({"user_assigned_identities": users} if users else {})}}


class Subnet:
    """A subnet: two names or an id here, an id there. Two names are of the workspace's resource group."""

    members: tuple[Path, ...] = (("properties", "properties", "subnet"),)

    def there(self, attributes: Mapping[str, Any], place: Place) -> dict[str, Any]:
        """The id."""
        asked = attributes.get("network_settings") or {}
        subnet, network = asked.get("subnet"), asked.get("vnet_name")
        if not subnet:
            return {}
        if not _SUBNET.fullmatch(subnet):
            subnet = f"{place.group_id}/providers/Microsoft.Network/virtualNetworks/{network}/subnets/{subnet}"
        return {"properties": {"properties": {"subnet": {"id": subnet}}}}

    def here(self, body: Mapping[str, Any], place: Place) -> dict[str, Any]:
        """The names, where it is in the workspace's resource group; else the id."""
        id = at(body, ("properties", "properties", "subnet", "id"))
        if not id:
            return {}
        prefix = f"{place.group_id}/providers/Microsoft.Network/virtualNetworks/"
        if id.casefold().startswith(prefix.casefold()):
            network, _, subnet = id[len(prefix) :].partition("/subnets/")
            return {"network_settings": {"vnet_name": network, "subnet": subnet}}
        return {"network_settings": {"subnet": id}}


PIPELINE_SETTINGS: Final = ("default_compute", "default_datastore", "continue_on_step_failure", "force_rerun")

_SORTS: Final[Mapping[str, tuple[str, Mapping[str, str]]]] = {
    "account_key": ("AccountKey", {"account_key": "key"}),
    "sas_token": ("Sas", {"sas_token": "sasToken"}),
    "client_secret": ("ServicePrincipal", {"client_secret": "clientSecret"}),
    "certificate": ("Certificate", {"certificate": "certificate"}),
}
_PRINCIPAL: Final = {
    "tenant_id": "tenantId",
    "client_id": "clientId",
    "authority_url": "authorityUrl",
    "resource_url": "resourceUrl",
    "thumbprint": "thumbprint",
}


class Credentials:
    """A datastore's credentials: the field that is there says which sort. What is secret is never given back."""

    members: tuple[Path, ...] = (("properties", "credentials"),)

    def there(self, attributes: Mapping[str, Any], place: Place) -> dict[str, Any]:
        """The sort and its secrets; `None`, which is access by identity, where nothing is asked for."""
        asked = clear(attributes.get("credentials") or {})
        name = next((name for name in _SORTS if name in asked), "")
        if not name:
            return {"properties": {"credentials": {"credentialsType": "None"}}}
        sort, secret = _SORTS[name]
        plain = {there: asked[here] for here, there in _PRINCIPAL.items() if here in asked}
        secrets = {"secretsType": sort, **{there: asked[here] for here, there in secret.items()}}
        return {"properties": {"credentials": {"credentialsType": sort, **plain, "secrets": secrets}}}

    def here(self, body: Mapping[str, Any], place: Place) -> dict[str, Any]:
        """What of them is no secret."""
        found = at(body, ("properties", "credentials")) or {}
        plain = {here: found[there] for here, there in _PRINCIPAL.items() if found.get(there)}
        return {"credentials": plain} if plain else {}


class ModelReference:
    """The model of a deployment: by its id, as bep writes it; by a path, as others may have."""

    members: tuple[Path, ...] = (("properties", "model"),)

    def there(self, attributes: Mapping[str, Any], place: Place) -> dict[str, Any]:
        """By id."""
        asked = attributes.get("model")
        if asked is None:
            return {}
        return {"properties": {"model": {"referenceType": "Id", "assetId": NAMES.there(asked, place)}}}

    def here(self, body: Mapping[str, Any], place: Place) -> dict[str, Any]:
        """The address of the model; a path as a URI."""
        found = at(body, ("properties", "model")) or {}
        if found.get("assetId"):
            return {"model": NAMES.here(found["assetId"], place)}
        store = place.address_of(str(found.get("datastoreId")))
        if store is None:
            return {}
        return {"model": f"azureml://datastores/{store.partition('/')[2]}/paths/{found.get('path') or ''}"}


class Pipeline:
    """Whether a deployment runs a model or a pipeline component, and all that the latter is told.

    The service has text for every setting, and shows some of them among the deployment's properties instead.
    """

    members: tuple[Path, ...] = (("properties", "deploymentConfiguration"),)

    def there(self, attributes: Mapping[str, Any], place: Place) -> dict[str, Any]:
        """Nothing for a model: its other members say it."""
        if attributes.get("type") != "pipeline":
            return {}
        asked = {name: value for name, value in (attributes.get("settings") or {}).items() if name in PIPELINE_SETTINGS}
        named = {"referenceType": "Id", "assetId": NAMES.there(attributes.get("component"), place)}
        told = {
            "deploymentConfigurationType": "PipelineComponent",
            "componentId": named,
            "settings": {name: _text(value) for name, value in asked.items()},
        }
        return {"properties": {"deploymentConfiguration": told}}

    def here(self, body: Mapping[str, Any], place: Place) -> dict[str, Any]:
        """The sort; of a pipeline the component and its settings."""
        inner = at(body, ("properties", "deploymentConfiguration")) or {}
        added = at(body, ("properties", "properties")) or {}
        sort = inner.get("deploymentConfigurationType") or added.get("deployment_configuration_type")
        if folded(str(sort)) != "pipelinecomponent":
            return {"type": "model"}
        id = at(inner, ("componentId", "assetId")) or (body.get("tags") or {}).get("PipelineDeployment.ComponentId")
        told = dict(inner.get("settings") or {})
        for name in PIPELINE_SETTINGS:
            told.setdefault(name, added.get(f"componentDeployment.Settings.{name}") or added.get(name))
        settings = {name: _value(name, told[name], place) for name in PIPELINE_SETTINGS if told.get(name) is not None}
        return {"type": "pipeline", "component": NAMES.here(id, place) if id else None, "settings": settings}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value).rpartition("/")[2]


def _value(name: str, text: Any, place: Place) -> Any:
    """A setting as bep has it: an address for what is one, true or false for the others."""
    kind = {"default_compute": "compute", "default_datastore": "datastore"}.get(name)
    if kind is None:
        return str(text).casefold() == "true"
    return place.address_of(str(text)) or f"{kind}/{str(text).removeprefix('azureml:')}"


class ComponentSpec:
    """A component is one member there: its YAML as a mapping, whose references are whole ids.

    How the service spells bindings inside a pipeline's jobs has not been recorded; they are sent as they are written.
    """

    members: tuple[Path, ...] = (("properties", "componentSpec"),)

    def there(self, attributes: Mapping[str, Any], place: Place) -> dict[str, Any]:
        """The whole of it, but for what stands beside it."""
        asked = {name: clear(value) for name, value in attributes.items() if name not in ("tags", "properties")}
        if "code" in asked:
            asked["code"] = _whole(CODES.there(asked["code"], place))
        if "environment" in asked:
            asked["environment"] = _whole(NAMES.there(asked["environment"], place))
        for name, job in (asked.get("jobs") or {}).items():
            if isinstance(job, Mapping) and "component" in job:
                asked["jobs"] = {
                    **asked["jobs"],
                    name: {**job, "component": _whole(NAMES.there(job["component"], place))},
                }
        return {"properties": {"componentSpec": asked}}

    def here(self, body: Mapping[str, Any], place: Place) -> dict[str, Any]:
        """What bep has fields for."""
        found = at(body, ("properties", "componentSpec")) or {}
        known = load_kind("component").schema["properties"]
        here = {name: value for name, value in found.items() if name in known and value is not None and name[0] != "$"}
        if "code" in here:
            here["code"] = CODES.here(_bare(here["code"]), place)
        if "environment" in here:
            here["environment"] = NAMES.here(_bare(here["environment"]), place)
        for name, job in (here.get("jobs") or {}).items():
            if isinstance(job, Mapping) and isinstance(job.get("component"), str):
                named = NAMES.here(_bare(job["component"]), place)
                here["jobs"] = {**here["jobs"], name: {**job, "component": named}}
        return here


def _whole(id: Any) -> Any:
    return f"azureml:{id}" if isinstance(id, str) and id.startswith("/") else id


def _bare(id: Any) -> Any:
    return id.removeprefix("azureml:") if isinstance(id, str) and id.startswith("azureml:/") else id


@dataclass(frozen=True, slots=True)
class AlwaysNamed:
    """A name that only counts beside another word: an output file has none where each script writes its own."""

    field: Path
    member: Path
    unless: tuple[Path, str]

    @property
    def members(self) -> tuple[Path, ...]:
        """The one."""
        return (self.member,)

    def there(self, attributes: Mapping[str, Any], place: Place) -> dict[str, Any]:
        """The name where one is asked for."""
        return _nested(self.member, at(attributes, self.field))

    def here(self, body: Mapping[str, Any], place: Place) -> dict[str, Any]:
        """The name where it counts."""
        word = folded(str(at(body, self.unless[0])))
        return {} if word == folded(self.unless[1]) else _nested(self.field, at(body, self.member))


def _nested(path: Path, value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    for name in reversed(path):
        value = {name: value}
    found: dict[str, Any] = value
    return found
