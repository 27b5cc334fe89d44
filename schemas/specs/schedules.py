"""Schedules: a trigger brought to one spelling, and what is wrong with it or with the job it starts. Knows no clock."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from bep.schemas.address import Address, address_of, names_of
from bep.schemas.drafts.contents import beside
from bep.schemas.drafts.draft import Draft
from bep.schemas.drafts.literal_secrets import IN_ADDRESS
from bep.schemas.drafts.references import Addresses, is_remote, parse
from bep.schemas.findings.did_you_mean import did_you_mean, listed
from bep.schemas.resource import FieldPath, Reference
from bep.schemas.schedules.cron import CronInvalid, read_cron
from bep.schemas.schedules.expressions import EXPRESSION, PLACES
from bep.schemas.schedules.time_zones import canonical_name, known_names
from bep.schemas.schedules.times import next_time
from bep.schemas.schedules.triggers import FIRST_MONDAY, WEEK_DAYS, moment_of, read_trigger
from bep.schemas.specs.job_inputs import check_ports, refuse_tables
from bep.schemas.specs.resolving import UNRESOLVED
from bep.schemas.specs.rules import file_name_trouble
from bep.schemas.yaml.masking import in_address
from bep.schemas.yaml.node import Node, plain, scalars

TRIGGER: Final = ("trigger",)
_YEARS: Final = (1970, 9000)
JOB: Final = ("create_job",)
_ENDPOINT: Final = (*JOB, "endpoint")
_ONLY: Final = {"cron": ("expression",), "recurrence": ("frequency", "interval", "schedule")}
"""The fields that one type of trigger has, and the other has not."""
_DAY_FIELDS: Final = {
    "minute": (),
    "hour": (),
    "day": ("hours", "minutes"),
    "week": ("hours", "minutes", "week_days"),
    "month": ("hours", "minutes", "week_days", "month_days"),
}
"""What of a pattern a frequency has (Azure ML docs: reference-yaml-schedule, recurrence schedule)."""


def complete_schedule(draft: Draft) -> None:
    """Bring a schedule to one spelling, in place: lists sorted, moments whole, the zone by its usual name, local paths
    relative to the workspace.
    """
    trigger, job = draft.node.get("trigger"), draft.node.get("create_job")
    if trigger is not None and isinstance(trigger.value, dict):
        _complete_trigger(trigger)
    for path in _paths(job) if job is not None else ():
        if path.file and isinstance(path.value, str) and not _is_elsewhere(path.value):
            path.value = beside(path.file, path.value)


def _complete_trigger(trigger: Node) -> None:
    pattern = trigger.get("schedule")
    for name, below in (pattern.value if pattern is not None and isinstance(pattern.value, dict) else {}).items():
        items = [item.value for item in (below.value if isinstance(below.value, list) else [below])]
        below.value = [below.beside(value) for value in (_days if name == "week_days" else _numbers)(items)]
    for name in ("start_time", "end_time"):
        moment = trigger.get(name)
        if moment is not None and (found := _moment(moment)) is not None:
            moment.value = found.isoformat()
    zone = trigger.get("time_zone")
    if zone is not None and isinstance(zone.value, str):
        zone.value = canonical_name(zone.value) or zone.value


def _days(items: Sequence[Any]) -> Sequence[str]:
    """Days of the week, each once, in their order; what is none is in doubt already."""
    named = {item.lower() for item in items if isinstance(item, str)}
    return [day for day in WEEK_DAYS if day in named]


def _numbers(items: Sequence[Any]) -> Sequence[int]:
    return sorted({item for item in items if type(item) is int})


def _moment(node: Node) -> datetime | None:
    """The moment that a text names; None for none, and for those so far away that no zone has them."""
    try:
        found = datetime.fromisoformat(str(node.value))
    except ValueError:
        return None
    return found if _YEARS[0] <= found.year <= _YEARS[1] else None


def _paths(job: Node) -> Iterator[Node]:
    """Every path of an input or an output."""
    for place in PLACES:
        ports = job.get(place)
        for port in ports.value.values() if ports is not None and isinstance(ports.value, dict) else ():
            path = port.get("path") if isinstance(port.value, dict) else port
            if path is not None:
                yield from path.value if isinstance(path.value, list) else [path]


def with_paths(job: Mapping[str, Any], seen: Callable[[str], str]) -> dict[str, Any]:
    """A scheduled job whose local paths are as `seen` gives them."""

    def port_of(port: Any) -> Any:
        if isinstance(port, Mapping):
            return {name: port_of(below) if name == "path" else below for name, below in port.items()}
        if isinstance(port, list):
            return [port_of(item) for item in port]
        return seen(port) if isinstance(port, str) and not _is_elsewhere(port) else port

    ports = {place: {name: port_of(port) for name, port in job[place].items()} for place in PLACES if place in job}
    return {**job, **ports}


def _is_elsewhere(path: str) -> bool:
    return is_remote(path) or path.startswith(("azureml:", "file://", "/"))


def check_schedule(draft: Draft, drafts: Mapping[Address, Draft], addresses: Addresses) -> None:
    """Everything that must hold for one schedule whose endpoint is resolved."""
    _check_expressions(draft)
    trigger, job = draft.node.get("trigger"), draft.node.get("create_job")
    if trigger is not None and isinstance(trigger.value, dict):
        _check_trigger(draft, trigger)
    if job is not None and isinstance(job.value, dict):
        _check_job(draft, job)
        _check_deployment(draft, job, drafts, addresses)
        _refer_to_data(draft, job, addresses)


def _check_expressions(draft: Draft) -> None:
    """The service puts values for its expressions in paths alone; anywhere else they would stay text."""
    paths = {id(node) for node in _paths(draft.node.get("create_job") or draft.node.beside({}))}
    for path, node in scalars(draft.node):
        if isinstance(node.value, str) and (found := EXPRESSION.search(node.value)) and id(node) not in paths:
            message = f"'{found[1]}' has a value only in the paths of a scheduled job's inputs and outputs"
            draft.error("unknown-expression", path, message, "Take it out here.", node.mark)


def _check_trigger(draft: Draft, trigger: Node) -> None:
    kind, before = trigger.texts("type"), len(draft.findings)
    kind = str(trigger.value["type"].value) if kind else ""
    for other, names in _ONLY.items():
        for name in names if kind and other != kind else ():
            if (found := trigger.get(name)) is not None:
                message = f"'{name}' is of a trigger of type {other}, and this is a {kind}"
                fix = f"Take it out, or write type: {other}."
                draft.error("other-trigger", (*TRIGGER, name), message, fix, found.key_mark)
    _check_zone(draft, trigger)
    _check_cron(draft, trigger)
    _check_pattern(draft, trigger)
    _check_moments(draft, trigger)
    if len(draft.findings) == before and not draft.broken:
        _check_some_time(draft, trigger)


def _check_zone(draft: Draft, trigger: Node) -> None:
    zone = trigger.get("time_zone")
    if zone is None or not isinstance(zone.value, str) or canonical_name(zone.value) is not None:
        return
    names = "Write a name of Windows such as Romance Standard Time, or of the IANA database such as Europe/Paris."
    fix = did_you_mean(zone.value, known_names()) or names
    draft.error("unknown-time-zone", (*TRIGGER, "time_zone"), f"there is no time zone '{zone.value}'", fix, zone.mark)


def _check_cron(draft: Draft, trigger: Node) -> None:
    expression = trigger.get("expression")
    if expression is None or not isinstance(expression.value, str):
        return
    try:
        read_cron(expression.value)
    except CronInvalid as error:
        draft.error("cron-expression", (*TRIGGER, "expression"), str(error), error.fix, expression.mark)


def _check_pattern(draft: Draft, trigger: Node) -> None:
    pattern, unit = trigger.get("schedule"), trigger.get("frequency")
    if pattern is None or unit is None or not isinstance(pattern.value, dict):
        return
    taken = _DAY_FIELDS.get(str(unit.value), ())
    if not taken:
        message = f"a trigger of every so many {unit.value}s has no times of the day"
        fix = "Take schedule out, or write frequency: day."
        draft.error("recurrence-pattern", (*TRIGGER, "schedule"), message, fix, pattern.key_mark)
        return
    for name, below in pattern.value.items():
        if name not in taken:
            needed = "month" if name == "month_days" else "week"
            message = f"{name} is not for frequency: {unit.value}"
            path = (*TRIGGER, "schedule", name)
            draft.error("recurrence-pattern", path, message, f"Write frequency: {needed}.", below.key_mark)
    days = [below for name, below in pattern.value.items() if name in ("week_days", "month_days") and name in taken]
    if len(days) > 1:
        message = "week_days and month_days exclude each other: it cannot be told whether both are to fit, or one"
        draft.error("recurrence-pattern", (*TRIGGER, "schedule"), message, "Keep one of the two.", days[1].key_mark)


def _check_moments(draft: Draft, trigger: Node) -> None:
    found = {name: node for name in ("start_time", "end_time") if (node := trigger.get(name)) is not None}
    for name, node in found.items():
        if _moment(node) is None and not draft.doubts.touch(*TRIGGER, name):
            message = f"{name}: there is no such moment as '{node.text}'"
            draft.error(
                "no-such-moment", (*TRIGGER, name), message, "Write one such as 2026-01-31T02:00:00.", node.mark
            )
    start, end = (_moment(found[name]) if name in found else None for name in ("start_time", "end_time"))
    if start is not None and end is not None and end < start:
        message = f"end_time {found['end_time'].text} is before start_time {found['start_time'].text}"
        fix = "Exchange them, or leave one out."
        draft.error("end-before-start", (*TRIGGER, "end_time"), message, fix, found["end_time"].mark)


def _check_some_time(draft: Draft, trigger: Node) -> None:
    """A trigger that is right in each of its fields may still have no time at all."""
    if draft.doubts.touch(*TRIGGER):
        return
    read = read_trigger(plain(trigger))
    if next_time(read, read.start or moment_of(FIRST_MONDAY, read.zone)) is None:
        message = "this trigger never comes: no day that it may be on has one of its times"
        draft.error("never-comes", TRIGGER, message, "Look at its days, its interval and its end.", trigger.key_mark)


def _check_job(draft: Draft, job: Node) -> None:
    if not draft.doubts.touch(*JOB, "inputs"):
        draft.findings += check_ports(job, draft.label)
        draft.findings += refuse_tables(job, draft.label)
    for path in _paths(job):
        if in_address(path.value):
            message = "the path has a password or a signature in it, which would be kept where addresses are kept"
            draft.error(IN_ADDRESS, JOB, message, "Leave it out, and let the store's client find it.", path.mark)
    name = job.at(("settings", "output_file_name"))
    if name is not None and (trouble := file_name_trouble(name.text)):
        place = (*JOB, "settings", "output_file_name")
        draft.error("output-file-name", place, trouble, "Write a name such as predictions.csv.", name.mark)


def _check_deployment(draft: Draft, job: Node, drafts: Mapping[Address, Draft], addresses: Addresses) -> None:
    """A deployment is named without its endpoint, so it is looked for there. Without one it is that which has the
    traffic, which is to be there first.
    """
    node, endpoint = job.get("deployment"), next((r.address for r in draft.references if r.path == _ENDPOINT), None)
    if endpoint is None:
        return
    name = names_of(endpoint)[0]
    if node is None:
        traffic = address_of("traffic", name)
        draft.references += [Reference(_ENDPOINT, traffic)] if traffic in drafts else []
        return
    address = address_of("deployment", name, str(node.value))
    if addresses.has(address):
        draft.references.append(Reference((*JOB, "deployment"), address))
        return
    if addresses.may_have(str(node.value)) or addresses.may_be_misnamed("deployment", str(node.value), within=name):
        return
    there = [names_of(each)[1] for each in addresses.every("deployment") if names_of(each)[0] == name]
    message = f"{name} has no deployment '{node.value}'; it has {listed(there) or 'none'}"
    fix = did_you_mean(str(node.value), there) or "Declare the deployment, or leave deployment out."
    say = draft.warn if addresses.alone else draft.error
    say(UNRESOLVED, (*JOB, "deployment"), message, fix, node.mark)


def _refer_to_data(draft: Draft, job: Node, addresses: Addresses) -> None:
    """Data that is declared is there before the schedule is. What `@latest` means is looked up by each job."""
    for place in PLACES:
        ports = job.get(place)
        for path, node in scalars(ports, (*JOB, place)) if ports is not None else ():
            named = parse(node.value, "data") if isinstance(node.value, str) and _is_asset(path, node.value) else None
            if named is None or not named.version or named.kind != "data":
                continue
            address = address_of("data", named.name, named.version)
            if address in addresses.declared:
                draft.references.append(Reference(path, address))


def _is_asset(path: FieldPath, text: str) -> bool:
    return text.startswith("azureml:") and not text.startswith("azureml://") and path[-1] != "type"
