"""Fields and members that do not stand in pairs. Pure; each knows one corner of one kind."""

import re
from collections.abc import Mapping
from typing import Any, Final

from bep.lazy_dataclasses import dataclass
from bep.lazy_patterns import lazy_pattern
from bep.providers.azure.place import Place
from bep.providers.azure.translation.forms import NAMES, clear, folded
from bep.providers.azure.translation.shape import Path, at

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
