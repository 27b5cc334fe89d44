"""Changes of a job from the command line, put over what its file says. Says which changes a job may ask for."""

from collections.abc import Mapping
from typing import Any

from bep.schemas.findings.did_you_mean import did_you_mean, listed
from bep.schemas.findings.finding import Finding, mistake
from bep.schemas.yaml.node import Node
from bep.schemas.yaml.scalar import meaning

OVERRIDES = (
    "mini_batch_size",
    "instance_count",
    "max_concurrency_per_instance",
    "retry_settings.max_retries",
    "retry_settings.timeout",
    "error_threshold",
    "output_file_name",
    "logging_level",
    "environment_variables",
    "init_timeout",
    "bisect",
    "worker_memory",
    "worker_cpus",
)
"""What a job may change of its deployment; everything else belongs to the deployment."""
OTHERS = ("endpoint", "deployment", "name", "input", "input_type", "partition_format", "output_path", "output_format")
PLACES: Mapping[str, tuple[str, ...]] = {
    "instance_count": ("resources", "instance_count"),
    "worker_memory": ("resources", "properties", "worker_memory"),
    "worker_cpus": ("resources", "properties", "worker_cpus"),
    "input": ("inputs", "input", "path"),
    "input_type": ("inputs", "input", "type"),
    "partition_format": ("inputs", "input", "partition_format"),
    "output_path": ("outputs", "score", "path"),
    "output_format": ("outputs", "score", "format"),
}


def change(node: Node, key: str, value: Any) -> list[Finding]:
    """Put one change over a job, in place; the finding if it is none that a job may ask for."""
    if not _may_change(key):
        fix = did_you_mean(key, (*OVERRIDES, *OTHERS)) or f"A job may change {listed(OVERRIDES, most=20)}."
        return [mistake("not-overridable", "job", f"a job cannot change '{key}'", fix)]
    place = PLACES.get(key, (key,) if key in OTHERS else ("settings", *key.split(".", 1)))
    if place[0] in ("inputs", "outputs"):
        _one_port(node, place)
        place = (place[0], next(iter(node.value[place[0]].value)), place[2])
    elif place[0] == "settings":
        _drop(node, place[1:])
    elif key == "instance_count":
        for source in ((key,), ("settings", key)):
            _drop(node, source)
    _set(node, place, _given(value, key))
    if key == "input":
        _forget_type(node, place)
    return []


def _forget_type(node: Node, place: tuple[str, ...]) -> None:
    """The type in a job's file is that of the path there: it says nothing of a path that the command line gives."""
    port = node.value[place[0]].value[place[1]]
    kind = port.get("type")
    if kind is not None and kind.file:
        port.value.pop("type")


def _may_change(key: str) -> bool:
    return key in OVERRIDES or key in OTHERS or key.startswith("environment_variables.")


def _given(value: Any, key: str) -> Node:
    """A value of the command line as a node; text is read as YAML reads a scalar, except where text is meant."""
    if isinstance(value, list | tuple):
        return Node([_given(item, key) for item in value], "", 1, 1)
    if isinstance(value, Mapping):
        return Node({str(k): _given(v, key) for k, v in value.items()}, "", 1, 1)
    if isinstance(value, str) and key not in OTHERS and not key.startswith(("environment_variables", "output_")):
        return Node(meaning(value), "", 1, 1, value)
    return Node(value, "", 1, 1, str(value))


def _one_port(node: Node, place: tuple[str, ...]) -> None:
    """Make sure inputs, or outputs, has one entry that is a mapping."""
    ports = node.get(place[0])
    if ports is None or not isinstance(ports.value, dict) or not ports.value:
        ports = node.value[place[0]] = Node({place[1]: Node({}, "", 1, 1)}, "", 1, 1)
    name = next(iter(ports.value))
    if not isinstance(ports.value[name].value, dict):
        ports.value[name] = ports.value[name].beside({"path": ports.value[name]})


def _drop(node: Node, path: tuple[str, ...]) -> None:
    """Forget the flat spelling of a setting that the command line gives."""
    for step in path[:-1]:
        below = node.get(step)
        if below is None:
            return
        node = below
    if isinstance(node.value, dict):
        node.value.pop(path[-1], None)


def _set(node: Node, path: tuple[str, ...], value: Node) -> None:
    for step in path[:-1]:
        below = node.value.get(step)
        if below is None or not isinstance(below.value, dict):
            below = node.value[step] = Node({}, "", 1, 1)
        node = below
    node.value[path[-1]] = value
