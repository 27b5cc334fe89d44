"""Spelling: older spellings moved, values respelt, defaults filled in, by the words of a kind alone."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from bep.lazy_dataclasses import dataclass, field
from bep.schemas.drafts.draft import Draft
from bep.schemas.findings.finding import Finding, mistake
from bep.schemas.kinds.kind import fields, load_kind
from bep.schemas.kinds.published import followed
from bep.schemas.resource import FieldPath
from bep.schemas.yaml.node import Node


@dataclass(slots=True)
class Shape:
    """What one schema node asks of a value: which fields go, which are filled, how a scalar is spelt."""

    fields: dict[str, "Shape"] = field(default_factory=dict)
    items: "Shape | None" = None
    dropped: frozenset[str] = frozenset()
    defaults: tuple[tuple[str, Any], ...] = ()
    conditions: tuple[tuple[str, frozenset[str], tuple[tuple[str, Any], ...]], ...] = ()
    spellings: Mapping[str, str] = field(default_factory=dict)
    keeps_text: bool = False


NO_SHAPE = Shape()
_OF_JOBS = "job.schema.json#"
"""What a schedule says of its jobs: defaults are filled in by each job, from its deployment."""


@cache
def shape(kind: str) -> Shape:
    """The shape of a kind's documents."""
    return _shape_of(load_kind(kind).schema, kind)


def _shape_of(schema: Mapping[str, Any], name: str) -> Shape:
    if schema.get("$ref", "").startswith(_OF_JOBS):
        return NO_SHAPE
    schema, name = followed(schema, name)
    properties = {k: followed(node, name)[0] for k, node in schema.get("properties", {}).items()}
    below = schema.get("items", schema.get("additionalProperties"))
    types = schema.get("type", ())
    return Shape(
        fields={k: _shape_of(schema["properties"][k], name) for k, node in properties.items() if not _leaves(node)},
        items=_shape_of(below, name) if isinstance(below, Mapping) else None,
        dropped=frozenset(k for k, node in properties.items() if _leaves(node)),
        defaults=tuple((k, n["default"]) for k, n in properties.items() if "default" in n and not n.get("deprecated")),
        conditions=tuple(_condition(node) for node in schema.get("allOf", ()) if "properties" in node.get("then", {})),
        spellings=schema.get("x-bep-spellings", {}),
        keeps_text=isinstance(types, list) and "string" in types and "number" in types,
    )


def _leaves(node: Mapping[str, Any]) -> bool:
    return bool(node.get("x-bep-frame") or node.get("x-bep-server-filled"))


def _condition(node: Mapping[str, Any]) -> tuple[str, frozenset[str], tuple[tuple[str, Any], ...]]:
    [(name, when)] = node["if"]["properties"].items()
    then = node["then"]["properties"]
    texts = frozenset(when.get("enum", [when.get("const")]))
    return name, texts, tuple((k, n["default"]) for k, n in then.items() if "default" in n)


@cache
def moves(kind: str) -> tuple[tuple[FieldPath, FieldPath, Mapping[str, str]], ...]:
    """From where to where older spellings move, and how their values are spelt today.

    The deepest come first, so that a moved mapping is already mended inside.
    """
    found = [
        (path, tuple(node["x-bep-becomes"].split(".")), node.get("x-bep-spellings", {}))
        for path, node in fields(load_kind(kind).schema)
        if "x-bep-becomes" in node
    ]
    return tuple(sorted(found, key=lambda move: (-len(move[0]), move[0])))


def respell(draft: Draft) -> None:
    """Move every older spelling to where it belongs, in place. A value written in both places is a finding."""
    node = draft.node
    for source, target, spellings in moves(draft.kind):
        if draft.doubts and draft.doubts.touch(*source):
            draft.doubts.add(target)
        if source[0] in node.value and (found := node.at(source)) is not None:
            _take(node, source)
            if isinstance(found.value, str):
                found.value = found.text = spellings.get(found.value, found.value)
            if found.value is not None:
                draft.findings += put(node, target, found, draft.label)


def _take(root: Node, path: FieldPath) -> None:
    """Remove a field, and the mappings that are empty without it."""
    for depth in range(len(path), 0, -1):
        parent = root.at(path[: depth - 1])
        if parent is None or (depth < len(path) and parent.value[path[depth - 1]].value):
            return
        del parent.value[path[depth - 1]]


def put(root: Node, target: FieldPath, node: Node, address: str) -> list[Finding]:
    """Set the field at `target`, making the mappings on the way; what is there already is a finding."""
    parent = root
    for step in target[:-1]:
        below = parent.value.get(step)
        if below is None or below.value is None:
            below = parent.value[step] = node.beside({})
        parent = below
    there = parent.value.get(target[-1])
    if there is None or there.value is None:
        parent.value[target[-1]] = node
        return []
    if isinstance(there.value, dict) and isinstance(node.value, dict):
        return [f for name, below in node.value.items() for f in put(root, (*target, name), below, address)]
    return [_twice(target, there, node, address)]


def _twice(target: FieldPath, there: Node, node: Node, address: str) -> Finding:
    name = ".".join(str(step) for step in target)
    message = f"{name} is already given in line {there.key_mark.line}, in another spelling"
    return mistake("written-twice", address, message, "Keep one of the two.", node.key_mark)


def settle(node: Node, form: Shape) -> None:
    """Make a value canonical in place: no nulls, nothing that is not the resource's own, defaults filled in."""
    value = node.value
    if type(value) is dict:
        _settle_fields(node, form)
    elif type(value) is list:
        for below in value:
            settle(below, form.items or NO_SHAPE)
    elif form.keeps_text and type(value) is not str:
        node.value = node.text
    elif form.spellings and value in form.spellings:
        node.value = node.text = form.spellings[value]


def _settle_fields(node: Node, form: Shape) -> None:
    value = node.value
    for name in [n for n, below in value.items() if below.value is None or n in form.dropped]:
        del value[name]
    _fill(node, form.defaults)
    for name, texts, defaults in form.conditions:
        if name in value and value[name].value in texts:
            _fill(node, defaults)
    for name, below in value.items():
        known = form.fields.get(name, form.items)
        if known is not None:
            settle(below, known)


def _fill(node: Node, defaults: tuple[tuple[str, Any], ...]) -> None:
    for name, default in defaults:
        if name not in node.value:
            node.value[name] = node.beside({} if default == {} else default)


def respell_value(value: Any, path: FieldPath, kind: str) -> Any:
    """The canonical spelling of a scalar that stands where a kind has the field at `path`."""
    form = shape(kind)
    for step in path:
        form = form.fields.get(str(step), NO_SHAPE)
    return form.spellings.get(value, value) if form.spellings else value
