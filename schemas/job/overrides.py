"""Changes of a job from the command line, put over what its file says. Says which changes a job may ask for."""

from collections.abc import Mapping
from typing import Any

from bep.schemas.findings.did_you_mean import did_you_mean, listed
from bep.schemas.findings.finding import Finding, mistake
from bep.schemas.kinds.settings import set_by
from bep.schemas.yaml.node import Node
from bep.schemas.yaml.scalar import meaning

OWN: Mapping[str, tuple[str, ...]] = {
    "endpoint": ("endpoint",),
    "deployment": ("deployment",),
    "name": ("name",),
    "input": ("inputs", "input", "path"),
    "input_type": ("inputs", "input", "type"),
    "partition_format": ("inputs", "input", "partition_format"),
    "output_path": ("outputs", "score", "path"),
    "output_format": ("outputs", "score", "format"),
}
"""What a job says that is no setting of its deployment, and where; everything is text."""


def change(node: Node, key: str, value: Any) -> list[Finding]:
    """Put one change over a job, in place; the finding if it is none that a job may ask for."""
    if key in OWN:
        _say(node, key, value)
        return []
    settings = set_by("job")
    front, _, name = key.partition(".")
    setting, below = (settings[key], ()) if key in settings else (settings.get(front), (name,))
    if setting is None or (below and not setting.open):
        fix = did_you_mean(key, (*settings, *OWN)) or f"A job may change {listed(settings, most=20)}."
        return [mistake("not-overridable", "job", f"a job cannot change '{key}'", fix)]
    for older in setting.older:
        _drop(node, (*older, *below))
    _set(node, (*setting.path, *below), _given(value, is_text=setting.is_text))
    return []


def _say(node: Node, key: str, value: Any) -> None:
    place = OWN[key]
    if len(place) > 1:
        _one_port(node, place)
        place = (place[0], next(iter(node.value[place[0]].value)), place[2])
    _set(node, place, _given(value, is_text=True))
    if key == "input":
        _forget_type(node, place)


def _forget_type(node: Node, place: tuple[str, ...]) -> None:
    """The type in a job's file is that of the path there: it says nothing of a path that the command line gives."""
    port = node.value[place[0]].value[place[1]]
    kind = port.get("type")
    if kind is not None and kind.file:
        port.value.pop("type")


def _given(value: Any, *, is_text: bool) -> Node:
    """A value of the command line as a node; text is read as YAML reads a scalar, except where text is meant."""
    if isinstance(value, list | tuple):
        return Node([_given(item, is_text=is_text) for item in value], "", 1, 1)
    if isinstance(value, Mapping):
        return Node({str(key): _given(below, is_text=is_text) for key, below in value.items()}, "", 1, 1)
    if not is_text and isinstance(value, str | int) and not isinstance(value, bool):
        return Node(meaning(str(value)), "", 1, 1, str(value))  # a number of too many digits is text, as in a file
    return Node(value, "", 1, 1, str(value))


def as_node(value: Any) -> Node:
    """A value of JSON as a node, texts as they are: nobody's file, so no mark of it points anywhere."""
    if isinstance(value, Mapping):
        return Node({str(key): as_node(below) for key, below in value.items()}, "", 1, 1)
    if isinstance(value, list | tuple):
        return Node([as_node(below) for below in value], "", 1, 1)
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return Node(meaning(str(value)) if is_number else value, "", 1, 1, str(value))  # too many digits are text


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
