"""The schemas as files: every published one by name, and what a `$ref` in one of them names."""

import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from bep.schemas.kinds.kind import is_kind, load_kind
from bep.schemas.kinds.settings import with_settings

OTHERS = ("workspace", "policies", "job", "extension", "kind")
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


SPEC = "spec"
"""The schema of any spec, whichever kind it is of: one for all the files that bep.yml lists."""
_SHARES = {"type": "integer", "enum": [0, 100], "description": "0 or 100."}
"""What an endpoint's traffic takes, for editors; bep itself says in a rule's words why 50 is none."""


def spec_text() -> str:
    """The text of the schema of any spec, for editors: that of its `kind`, else of its `$schema`, else of what fits."""
    from bep.schemas.kinds.kind import load_kinds

    written = [kind for kind in load_kinds().values() if not kind.written_as]
    told = [_told(kind.name, kind.schema.get("x-bep-schema-names", ())) for kind in written]
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "spec: anything that bep.yml lists",
        "description": "A spec of bep, of the kind that its kind, its $schema or its fields say.",
        "type": "object",
        "allOf": [
            *({"if": when, "then": {"$ref": f"{name}.schema.json"}} for name, when in told),
            {
                "if": {"not": {"anyOf": [when for _, when in told]}},
                "then": {"anyOf": [{"$ref": f"{name}.schema.json"} for name, _ in told]},
            },
        ],
    }
    return json.dumps(schema, indent=2) + "\n"


def _told(name: str, names: Iterable[str]) -> tuple[str, Mapping[str, Any]]:
    """A kind, and when a document says that it is of it."""
    says = {"required": ["kind"], "properties": {"kind": {"const": name}}}
    if not names:
        return name, says
    files = {"type": "string", "pattern": f"/({'|'.join(names)})\\.schema\\.json$"}
    of_azure = {
        "required": ["$schema"],
        "properties": {"$schema": files},
        "not": {"required": ["kind"]},
    }
    return name, {"anyOf": [says, of_azure]}


def editor_text(name: str) -> str:
    """The text of a schema for editors: the same, but every narrow field also takes `${{ ... }}`.

    bep checks a document after its variables are put in; an editor sees it before.
    """
    if name == "endpoint":
        schema = schema_of(name)
        properties = {**schema["properties"]}
        properties["traffic"] = {**properties["traffic"], "additionalProperties": _SHARES}
        return json.dumps(_with_expressions({**schema, "properties": properties}), indent=2, ensure_ascii=False) + "\n"
    return json.dumps(_with_expressions(schema_of(name)), indent=2, ensure_ascii=False) + "\n"


def _with_expressions(node: Any) -> Any:
    if not isinstance(node, Mapping):
        return node
    found = {word: _below(word, value) for word, value in node.items()}
    types = node.get("type", "string")
    scalar = "properties" not in node and types not in ("object", "array")
    if not scalar or not (set(NARROW) & set(node) or types in ("integer", "number", "boolean")):
        return found
    outside = {w: found.pop(w) for w in ("description", "deprecated", "default", "examples", "readOnly") if w in found}
    words = {w: found.pop(w) for w in list(found) if w.startswith("x-bep-")}
    return {**outside, **words, "anyOf": [found, EXPRESSION]}


def _titled(name: str, node: Any) -> Any:
    """A field with its name in words, which an editor shows first, and a value to write where one can be told."""
    if not isinstance(node, Mapping) or "$ref" in node:
        return node
    title = name.removeprefix("$").removeprefix("x-").replace("_", " ")
    example = _example(node)
    return {
        "title": f"{title[:1].upper()}{title[1:]}",
        **({"examples": [example]} if example is not None else {}),
        **node,
    }


def _example(node: Mapping[str, Any]) -> Any:
    """A value that a field may have: its default, else one that its narrow form allows. None for free text."""
    narrow = next((form for form in node.get("anyOf", ()) if form is not EXPRESSION), node)
    types = narrow.get("type", "")
    if node.get("default") not in (None, {}, []):
        return node["default"]
    if "enum" in narrow:
        older = {**node, **narrow}.get("x-bep-spellings", {})
        return next((value for value in narrow["enum"] if value not in older), narrow["enum"][0])
    if "const" in narrow:
        return narrow["const"]
    if types in ("integer", "number"):
        return narrow.get("minimum", 1)
    if "x-bep-refers-to" in {**node, **narrow}:
        return "azureml:NAME:1" if load_kind({**node, **narrow}["x-bep-refers-to"]).registered else "azureml:NAME"
    return True if types == "boolean" else None


def _below(word: str, value: Any) -> Any:
    if word == "properties":
        return {
            name: _titled(name, node if name == "kind" else _with_expressions(node)) for name, node in value.items()
        }
    if word == "$defs":
        return {name: _with_expressions(node) for name, node in value.items()}
    if word in ("items", "additionalProperties"):
        return _with_expressions(value)
    if word == "anyOf":
        return [_with_expressions(node) for node in value]
    return value
