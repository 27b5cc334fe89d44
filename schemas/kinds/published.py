"""The schemas as files: every published one by name, and what a `$ref` in one of them names."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from bep.schemas.kinds.kind import is_kind, load_kind
from bep.schemas.kinds.settings import with_settings

OTHERS = ("workspace", "job", "extension", "kind")
"""The published schemas that are no kind of resource."""
_SCHEMAS = Path(__file__).parents[1]


@cache
def schema_of(name: str) -> Mapping[str, Any]:
    """The schema called `name`, parsed once a process. A job's settings follow from its deployment's."""
    if is_kind(name):
        return load_kind(name).schema
    schema = json.loads((_SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8"))
    return with_settings(schema) if name == "job" else schema


def followed(node: Mapping[str, Any], name: str) -> tuple[Mapping[str, Any], str]:
    """What a schema node says once its `$ref`s are followed, and the schema it then stands in.

    Words beside the `$ref` (a description, `deprecated`) win over those of its target.
    """
    while "$ref" in node:
        target, name = pointed(node["$ref"], name)
        node = {**target, **{word: value for word, value in node.items() if word != "$ref"}}
    return node, name


def pointed(ref: str, name: str) -> tuple[Mapping[str, Any], str]:
    """The node a `$ref` in the schema `name` points at, and the schema that is in."""
    file, _, pointer = ref.partition("#")
    if file:
        name = file.removesuffix(".schema.json")
    node: Any = schema_of(name)
    for step in pointer.split("/")[1:]:
        node = node[step]
    return node, name


def in_python(pattern: str) -> str:
    """A pattern of a schema as `re` reads it: a `$` at its end means the end, and not a line break before it."""
    return f"{pattern[:-1]}\\Z" if pattern.endswith("$") and not pattern.endswith("\\$") else pattern


EXPRESSION = {"type": "string", "pattern": "\\$\\{\\{", "description": "A variable: ${{ var.NAME }}."}
NARROW = ("enum", "const", "pattern", "minimum", "minLength")


def editor_text(name: str) -> str:
    """The text of a schema for editors: the same, but every narrow field also takes `${{ ... }}`.

    bep checks a document after its variables are put in; an editor sees it before.
    """
    return json.dumps(_with_expressions(schema_of(name)), indent=2, ensure_ascii=False) + "\n"


def _with_expressions(node: Any) -> Any:
    if not isinstance(node, Mapping):
        return node
    found = {word: _below(word, value) for word, value in node.items()}
    types = node.get("type", "string")
    scalar = "properties" not in node and types not in ("object", "array")
    if not scalar or not (set(NARROW) & set(node) or types in ("integer", "number", "boolean")):
        return found
    outside = {w: found.pop(w) for w in ("description", "deprecated", "default", "readOnly") if w in found}
    words = {w: found.pop(w) for w in list(found) if w.startswith("x-bep-")}
    return {**outside, **words, "anyOf": [found, EXPRESSION]}


def _below(word: str, value: Any) -> Any:
    if word in ("properties", "$defs"):
        return {name: node if name == "kind" else _with_expressions(node) for name, node in value.items()}
    if word in ("items", "additionalProperties"):
        return _with_expressions(value)
    if word == "anyOf":
        return [_with_expressions(node) for node in value]
    return value
