"""An object as the service gives it, as bep observes it: one canonical form, whatever the service adds. Pure.

What is dropped or folded, and who says that the service does so, is in docs/azure.md and in the tests of this module:
casing of words and ids, nulls, durations, conda files as JSON, members that only the service writes, keys that it adds
to properties, and the tags in which bep keeps what is its own.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from bep.planner.canonical import digest_of
from bep.planner.observed import Condition, Observed
from bep.providers.azure.content.contents import recognised, records_of
from bep.providers.azure.place import Place
from bep.providers.azure.translation.forms import folded
from bep.providers.azure.translation.published import is_server_key
from bep.providers.azure.translation.shape import at, attributes_of
from bep.providers.azure.translation.shapes import shape_of
from bep.schemas.address import Address, address_of, kind_of, names_of
from bep.schemas.secrets.recognising import secrets_sealed
from bep.schemas.secrets.secret import Secret, seal
from bep.schemas.specs.components import SETTINGS as PIPELINE_SETTINGS

OPERATION: Final = "bep.operation"
"""The tag with the id of the operation that last wrote an object. It tells what an interrupted apply has done."""
TRAFFIC: Final = "bep.traffic"
"""The same of an endpoint's default deployment, which is an object of its own for bep."""
SEALED: Final = "bep.sealed"
"""The tag that names the environment variables whose values are secrets: the service gives them back in clear."""
NOT_TAGS: Final = ("bep.", "PipelineDeployment.")
"""How tags begin that are bep's own, or the service's."""
ALL: Final = "*"
WORKING: Final = frozenset(("creating", "updating", "deleting", "scaling", "accepted", "running", "inprogress"))
FAILED: Final = frozenset(("failed", "canceled", "cancelled"))
VARIABLES: Final = ("settings", "environment_variables")
SHOWN: Final = frozenset(
    ("deployment_configuration_type", *(f"componentDeployment.Settings.{name}" for name in PIPELINE_SETTINGS))
).union(PIPELINE_SETTINGS)
"""Properties in which the service shows what a deployment of a pipeline was told."""
LEFT_OUT: Final = ("flavors",)
"""Fields of which an empty value says nothing: the service adds one."""
_LONGEST_TAG: Final = 250


def observed_of(address: Address, body: Mapping[str, Any], place: Place, secret_key: str) -> Observed | None:
    """The object of an address, from the body that has it; None for traffic that nothing has."""
    is_traffic = kind_of(address) == "traffic"
    attributes = _traffic(address, body) if is_traffic else _attributes(address, body, place, secret_key)
    if attributes is None:
        return None
    condition, why = condition_of(body)
    return Observed(
        attributes,
        digest_of([attributes, condition])[7:23],
        str(_tags(address, body).get(TRAFFIC if is_traffic else OPERATION, "")),
        records_of(kind_of(address), attributes) if not is_traffic else {},
        condition,
        why,
        _unread(body) if kind_of(address) == "datastore" else (),
        changed_at=str(at(body, ("systemData", "lastModifiedAt")) or ""),
        changed_by=str(at(body, ("systemData", "lastModifiedBy")) or ""),
        created_at=str(at(body, ("systemData", "createdAt")) or ""),
    )


def _unread(body: Mapping[str, Any]) -> tuple[str, ...]:
    """The credentials of a datastore that has some: their secrets are never given back."""
    sort = at(body, ("properties", "credentials", "credentialsType"))
    return () if sort is None or folded(str(sort)) == "none" else ("credentials",)


def condition_of(body: Mapping[str, Any]) -> tuple[Condition, str]:
    """Whether the service is at work on an object, and what it says of one that failed."""
    state = str(at(body, ("properties", "provisioningState")) or "")
    if state.casefold() in WORKING:
        return Condition.PROGRESSING, ""
    if state.casefold() not in FAILED:
        return Condition.READY, ""
    errors = at(body, ("properties", "provisioningErrors")) or ()
    told = (one.get("error", one).get("message", "") for one in errors if isinstance(one, Mapping))
    return Condition.FAILED, "; ".join(filter(None, told)) or f"its provisioning state is {state}"


def sealed_names(variables: Mapping[str, Any]) -> str:
    """The value of the tag that says which variables are secrets; nothing where none is."""
    names = ",".join(sorted(name for name, value in variables.items() if isinstance(value, Secret)))
    return names if len(names) <= _LONGEST_TAG else ALL


def _traffic(address: Address, body: Mapping[str, Any]) -> dict[str, Any] | None:
    chosen = at(body, ("properties", "defaults", "deploymentName"))
    endpoint = address_of("endpoint", *names_of(address))
    return {"endpoint": endpoint, "split": {chosen: 100}} if chosen else None


def clear_attributes(address: Address, body: Mapping[str, Any], place: Place) -> dict[str, Any]:
    """The canonical attributes with nothing sealed, for a body that is sent back: neither kept nor shown."""
    kind = kind_of(address)
    found = recognised(kind, attributes_of(shape_of(kind), address, body, place))
    tags = _tags(address, body)
    own = {name: text for name, text in tags.items() if not name.startswith(NOT_TAGS) and text is not None}
    if own:
        found["tags"] = own
    if isinstance(properties := found.get("properties"), Mapping):
        found["properties"] = {name: text for name, text in properties.items() if not is_server_key(name)}
    found = {name: value for name, value in found.items() if value != {} or name not in LEFT_OUT}
    if found.get("type") == "pipeline" and kind == "deployment":
        found = _of_pipeline(found)
    if isinstance(location := found.get("location"), str):
        found["location"] = "".join(location.split()).casefold()
    return found


def _attributes(address: Address, body: Mapping[str, Any], place: Place, secret_key: str) -> dict[str, Any]:
    found, tags = clear_attributes(address, body, place), _tags(address, body)
    _seal_variables(found, str(tags.get(SEALED, "")).split(","), secret_key)
    sealed: dict[str, Any] = secrets_sealed(found, (), secret_key)
    return sealed


def _of_pipeline(found: Mapping[str, Any]) -> dict[str, Any]:
    """A deployment of a pipeline without what only a model's has: the service fills that with zeros (read: the sample
    of ansible-collections/azure).
    """
    names = ("name", "endpoint_name", "type", "component", "description", "tags", "properties")
    own = {name: found[name] for name in names if found.get(name) is not None}
    settings = {name: value for name, value in (found.get("settings") or {}).items() if name in PIPELINE_SETTINGS}
    properties = {name: text for name, text in (own.pop("properties", {})).items() if name not in SHOWN}
    return {**own, **({"properties": properties} if properties else {}), **({"settings": settings} if settings else {})}


def _seal_variables(found: Mapping[str, Any], names: Iterable[str], secret_key: str) -> None:
    variables = at(found, VARIABLES)
    for name in variables if isinstance(variables, dict) else ():
        if name in names or ALL in names:
            variables[name] = seal(Secret(str(variables[name])), secret_key)


def _tags(address: Address, body: Mapping[str, Any]) -> Mapping[str, Any]:
    found = at(body, shape_of(kind_of(address)).tags)
    return found if isinstance(found, Mapping) else {}
