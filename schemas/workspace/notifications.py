"""Notifications: whom bep.yml says to tell of what, and how. Tells nobody, and has no URL: only where it is found."""

from collections.abc import Collection, Iterator, Mapping
from enum import StrEnum
from typing import Any

from bep.lazy_dataclasses import dataclass
from bep.lazy_patterns import lazy_pattern
from bep.schemas.findings.finding import Finding
from bep.schemas.yaml.node import Node, plain

PATIENCE = 30
_VARIABLE = lazy_pattern(r"\$\{\{\s*env\.([A-Za-z_][A-Za-z0-9_]*)\s*\}\}")


class Event(StrEnum):
    """What somebody is told of: a job that failed, one that completed, what was changed outside bep."""

    FAILED = "failed"
    COMPLETED = "completed"
    DRIFT = "drift"


class Shape(StrEnum):
    """What a webhook takes: all that there is as JSON, a message of Slack's, a card of Microsoft Teams'."""

    JSON = "json"
    SLACK = "slack"
    TEAMS = "teams"


@dataclass(frozen=True, slots=True)
class Target:
    """One that is told: a command, or the webhook whose URL is in a variable of the environment.

    `place` is where bep.yml says so, such as `notify.failed[0]`. The command starts in the workspace's folder. `stages`
    are those in which it is told; none: in all.
    """

    place: str
    variable: str = ""
    shape: Shape = Shape.JSON
    command: tuple[str, ...] = ()
    timeout: int = PATIENCE
    environment: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()


Targets = Mapping[Event, tuple[Target, ...]]


def read_notifications(root: Node) -> Targets:
    """Whom a bep.yml says to tell, as far as its shape is right."""
    node = root.get("notify")
    if node is None or not isinstance(node.value, dict):
        return {}
    found = {}
    for event in Event:
        items = node.get(event)
        told = items.value if items is not None and isinstance(items.value, list) else ()
        found[event] = tuple(_target(f"notify.{event}[{i}]", plain(item)) for i, item in enumerate(told) if item.value)
    return {event: targets for event, targets in found.items() if targets}


def _target(place: str, said: Mapping[str, Any]) -> Target:
    named = _VARIABLE.fullmatch(said.get("webhook", "").strip())
    return Target(
        place,
        named[1] if named else "",
        Shape(said.get("shape", Shape.JSON)),
        tuple(said.get("command", ())),
        said.get("timeout", PATIENCE),
        tuple(said.get("environment", ())),
        tuple(said.get("stages", ())),
    )


def check_notifications(root: Node, stages: Collection[str]) -> Iterator[Finding]:
    """Those who would never be told, as they are for a stage that there is not."""
    node = root.get("notify")
    if node is None or not isinstance(node.value, dict):
        return
    from bep.schemas.workspace.policies import unknown_stages

    for event, items in node.value.items():
        for number, item in enumerate(items.value if isinstance(items.value, list) else ()):
            what = f"notify.{event}[{number}]"
            yield from unknown_stages(item, stages, what, "nobody would ever be told", "workspace")
