"""A schedule as the service would answer it: a pipeline job, created at times, as batch endpoints run one. Pure.

Members: azure-rest-api-specs, machinelearningservices 2024-10-01, Schedule.
"""

from collections.abc import Mapping
from typing import Any, Final

from bep.schemas.address import names_of

TYPE: Final = "workspaces/schedules"
_TIMES: Final = {"start_time": "startTime", "end_time": "endTime", "time_zone": "timeZone"}
_PATTERN: Final = {"hours": "hours", "minutes": "minutes", "week_days": "weekDays", "month_days": "monthDays"}
_PORTS: Final = {"uri_folder": "uri_folder", "uri_file": "uri_file"}


def schedule_properties(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The properties of the resource, from bep's attributes."""
    return {
        "displayName": attributes.get("display_name"),
        "description": attributes.get("description"),
        "tags": attributes.get("tags") or {},
        "properties": attributes.get("properties") or {},
        "isEnabled": attributes.get("is_enabled", True),
        "trigger": _trigger(attributes["trigger"]),
        "action": {"actionType": "CreateJob", "jobDefinition": _job(attributes["create_job"])},
        "provisioningState": "Succeeded",
    }


def _trigger(told: Mapping[str, Any]) -> dict[str, Any]:
    times = {there: told[here] for here, there in _TIMES.items() if told.get(here) is not None}
    times.setdefault("timeZone", "UTC")
    if told["type"] == "cron":
        return {"triggerType": "Cron", "expression": told["expression"], **times}
    rhythm = {"frequency": str(told["frequency"]).capitalize(), "interval": told["interval"]}
    pattern = told.get("schedule") or {}
    found = {there: _listed(here, pattern[here]) for here, there in _PATTERN.items() if pattern.get(here) is not None}
    return {"triggerType": "Recurrence", **rhythm, **times, **({"schedule": found} if found else {})}


def _listed(name: str, value: Any) -> list[Any]:
    values = list(value) if isinstance(value, list | tuple) else [value]
    return [str(one).capitalize() for one in values] if name == "week_days" else values


def _job(told: Mapping[str, Any]) -> dict[str, Any]:
    """What is created. Which settings it has beside its deployment's the service has no words for."""
    endpoint = names_of(told["endpoint"])[-1] if "/" in str(told["endpoint"]) else told["endpoint"]
    named = {"azureml.deploymentname": told["deployment"]} if told.get("deployment") else {}
    return {
        "jobType": "Pipeline",
        "experimentName": endpoint,
        "description": f"Pipeline submission for endpoint: {endpoint}.",
        "tags": {"azureml.batchrun": "true", **named},
        "properties": {},
        "isArchived": False,
        "inputs": {name: _port(one, "jobInputType") for name, one in (told.get("inputs") or {}).items()},
        "outputs": {name: _port(one, "jobOutputType") for name, one in (told.get("outputs") or {}).items()},
        "jobs": {},
        "settings": {},
    }


def _port(told: Any, member: str) -> dict[str, Any]:
    port = told if isinstance(told, Mapping) else {"path": told}
    found = {member: _PORTS.get(str(port.get("type")), "uri_folder"), "uri": port.get("path")}
    return found if member == "jobInputType" else {**found, "mode": "Upload"}
