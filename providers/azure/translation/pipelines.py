"""Pipelines: a deployment that runs one, and components, whose whole YAML is one member there. Pure."""

from collections.abc import Mapping
from typing import Any

from bep.providers.azure.place import Place
from bep.providers.azure.translation.forms import CODES, NAMES, clear, folded, prefixed
from bep.providers.azure.translation.shape import Path, at
from bep.schemas.kinds.kind import load_kind
from bep.schemas.specs.components import SETTINGS as PIPELINE_SETTINGS


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
            asked["code"] = prefixed(CODES.there(asked["code"], place))
        if "environment" in asked:
            asked["environment"] = prefixed(NAMES.there(asked["environment"], place))
        for name, job in (asked.get("jobs") or {}).items():
            if isinstance(job, Mapping) and "component" in job:
                asked["jobs"] = {
                    **asked["jobs"],
                    name: {**job, "component": prefixed(NAMES.there(job["component"], place))},
                }
        return {"properties": {"componentSpec": asked}}

    def here(self, body: Mapping[str, Any], place: Place) -> dict[str, Any]:
        """What bep has fields for."""
        found = at(body, ("properties", "componentSpec")) or {}
        known = load_kind("component").schema["properties"]
        here = {name: value for name, value in found.items() if name in known and value is not None and name[0] != "$"}
        if "code" in here:
            here["code"] = CODES.here(here["code"], place)
        if "environment" in here:
            here["environment"] = NAMES.here(here["environment"], place)
        for name, job in (here.get("jobs") or {}).items():
            if isinstance(job, Mapping) and isinstance(job.get("component"), str):
                named = NAMES.here(job["component"], place)
                here["jobs"] = {**here["jobs"], name: {**job, "component": named}}
        return here
