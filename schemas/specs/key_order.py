"""The order of keys in a document of bep's, which is that of its schema. Says nothing of what is wrong in it."""

from collections.abc import Mapping, Sequence
from typing import Any

from bep.schemas.kinds.published import followed, schema_of
from bep.schemas.resource import FieldPath
from bep.schemas.specs.documents.detecting import detect
from bep.schemas.workspace.workspace import FILE, JOB_FILE
from bep.schemas.yaml.node import Node

_LAST = "x-bep"


def schema_name(document: Node, path: str) -> str | None:
    """The schema that a document of the file at `path` is written by; None if it is none of bep's."""
    name = path.rpartition("/")[2]
    if not isinstance(document.value, dict):
        return None
    if name == FILE:
        return "workspace"
    if document.texts("kind") == "job" or name == JOB_FILE:
        return "job"
    return detect(document)[0]


def keys_in_order(name: str, path: FieldPath) -> Sequence[str]:
    """The keys of the mapping at a path of a document by the schema `name`; none where they are the user's own."""
    node: Mapping[str, Any] = schema_of(name)
    for step in path:
        node, name = followed(node, name)
        node = node.get("properties", {}).get(step, {})
    node, name = followed(node, name)
    keys = [key for key in node.get("properties", ()) if key != _LAST]
    return [*keys, _LAST] if keys else ()
