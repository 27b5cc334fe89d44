"""Kind: all that bep knows of one sort of resource, read from its one JSON Schema. Knows no instance of it."""

import json
import math
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from bep.lazy_dataclasses import dataclass
from bep.schemas.resource import FieldPath


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind, as its schema declares it. Paths are tuples; a `*` stands for any key or index.

    `order` is its place among the others; one without it is the last. `content` are the fields whose bytes belong to a
    resource, and `folders` those of them that name a folder. `registered` is whether it has versions, each of which
    never changes its content. `collection` is what the service's long identifiers call it, `schema_names` are what a
    `$schema` ends in, in small letters. `written_as` is what is written instead of a document of this kind, if none
    declares it.
    """

    name: str
    order: float
    schema: Mapping[str, Any]
    identity: tuple[str, ...]
    summary: str
    summary_by_type: Mapping[str, str]
    references: Mapping[FieldPath, str]
    immutable: frozenset[FieldPath]
    sensitive: frozenset[FieldPath]
    content: frozenset[FieldPath]
    folders: frozenset[FieldPath]
    set_like: frozenset[FieldPath]
    server_filled: frozenset[FieldPath]
    not_content: frozenset[FieldPath]
    any_case: frozenset[FieldPath]
    registered: bool
    shift: bool
    collection: str
    schema_names: tuple[str, ...]
    written_as: str


def read_kind(text: str) -> Kind:
    """A kind from the text of its schema."""
    schema = json.loads(text)
    found: dict[str, set[FieldPath]] = {}
    references: dict[FieldPath, str] = {}
    for path, node in fields(schema):
        if "x-bep-refers-to" in node:
            references[path] = node["x-bep-refers-to"]
        for word in ("immutable", "sensitive", "content", "set-like", "server-filled", "not-content", "any-case"):
            if node.get(f"x-bep-{word}"):
                found.setdefault(word, set()).add(path)
        if node.get("x-bep-content") == "folder":
            found.setdefault("folder", set()).add(path)
    return Kind(
        name=schema["x-bep-kind"],
        order=schema.get("x-bep-order", math.inf),
        schema=schema,
        identity=tuple(schema["x-bep-identity"]),
        summary=schema["x-bep-summary"],
        summary_by_type=schema.get("x-bep-summary-by-type", {}),
        references=references,
        immutable=frozenset(found.get("immutable", ())),
        sensitive=frozenset(found.get("sensitive", ())),
        content=frozenset(found.get("content", ())),
        folders=frozenset(found.get("folder", ())),
        set_like=frozenset(found.get("set-like", ())),
        server_filled=frozenset(found.get("server-filled", ())),
        not_content=frozenset(found.get("not-content", ())),
        any_case=frozenset(found.get("any-case", ())),
        registered=bool(schema.get("x-bep-registered")),
        shift=bool(schema.get("x-bep-shift")),
        collection=schema.get("x-bep-collection", ""),
        schema_names=tuple(name.lower() for name in (schema["x-bep-kind"], *schema.get("x-bep-schema-names", ()))),
        written_as=schema.get("x-bep-written-as", ""),
    )


def fields(schema: Mapping[str, Any], path: FieldPath = ()) -> Iterator[tuple[FieldPath, Mapping[str, Any]]]:
    """Every field a schema declares, with its path: properties, then `*` for list items and open keys."""
    for name, node in schema.get("properties", {}).items():
        yield (*path, name), node
        yield from fields(node, (*path, name))
    for word in ("items", "additionalProperties"):
        node = schema.get(word)
        if isinstance(node, Mapping):
            yield (*path, "*"), node
            yield from fields(node, (*path, "*"))


def fields_of_type(kind: str, sort: str) -> tuple[str, ...]:
    """The fields that mean something only where the `type` of a resource is this one."""
    properties = load_kind(kind).schema["properties"]
    return tuple(name for name, node in properties.items() if node.get("x-bep-of-types") == [sort])


_ENDING = ".schema.json"
_FOLDER = Path(__file__).parent  # not importlib.resources, which brings thirty modules along


@cache
def _listed() -> frozenset[str]:
    return frozenset(file.name.removesuffix(_ENDING) for file in _FOLDER.iterdir() if file.name.endswith(_ENDING))


def is_kind(name: str) -> bool:
    """Whether there is a kind of this name. Reads no schema."""
    return name in _listed()


def is_registered(name: str) -> bool:
    """Whether this is a kind with versions, each of which never changes its content."""
    return is_kind(name) and load_kind(name).registered


@cache
def kind_names() -> tuple[str, ...]:
    """Every kind of resource, in the order documents list them. A kind is one file: its schema."""
    return tuple(sorted(_listed(), key=lambda name: (load_kind(name).order, name)))


@cache
def load_kind(name: str) -> Kind:
    """The kind of this name, from the package's own data. Read once a process, and only when asked for."""
    return read_kind((_FOLDER / f"{name}{_ENDING}").read_text(encoding="utf-8"))


def load_kinds() -> Mapping[str, Kind]:
    """Every kind, by name."""
    return {name: load_kind(name) for name in kind_names()}
