"""What Azure publishes of its bodies: words, read-only members, and whether a body may be sent. Pure; sends none.

The facts are in published_types.json, which names its source. A word is matched without regard to case: the service
takes `aadToken` for AADToken (recorded). Of a variant that is published without its members nothing is refused.
"""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from bep.lazy_dataclasses import dataclass

PROVIDER: Final = "Microsoft.MachineLearningServices"
SERVER_KEYS: Final = ("BatchEndpointCreationApiVersion", "AzureAsyncOperationUri")
"""Keys that the service adds to `properties.properties` (recorded); so are those that begin with `azureml.`."""
READ_ONLY: Final = "only the service writes it"
_FILE: Final = Path(__file__).with_name("published_types.json")
_PYTHON: Final[Mapping[str, tuple[type, ...]]] = {
    "string": (str,),
    "words": (str,),
    "integer": (int,),
    "boolean": (bool,),
    "list": (list, tuple),
    "map": (Mapping,),
    "object": (Mapping,),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a body: the member, dotted, and a sentence about it."""

    member: tuple[str, ...]
    message: str

    @property
    def said(self) -> str:
        """The sentence with the member that it is about."""
        return f"Azure would refuse {'.'.join(self.member)}: {self.message}"


@cache
def _facts() -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(_FILE.read_text(encoding="utf-8"))
    return found


def api_version() -> str:
    """The version of the API that the facts are of, which is the one that is asked for."""
    return str(_facts()["source"]["api_version"])


def is_server_key(name: str) -> bool:
    """Whether the service adds a key of this name to an object's properties."""
    return name in SERVER_KEYS or name.casefold().startswith("azureml.")


def words(resource: str, member: tuple[str, ...]) -> tuple[str, ...]:
    """The published words of a member of a body, in the casing in which the service gives them back."""
    found = _member(_body(resource), member)
    return tuple(found.get("words", ())) if found else ()


def _body(resource: str) -> Mapping[str, Any]:
    facts = _facts()
    found: Mapping[str, Any] = facts["types"][facts["resources"][f"{PROVIDER}/{resource}"]]
    return found


def _type(name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = _facts()["types"][name]
    return found


def _member(body: Mapping[str, Any], path: tuple[str, ...]) -> Mapping[str, Any] | None:
    """The fact about a member, looked for in every variant there is."""
    if path[0] == body.get("discriminator") and len(path) == 1:
        return {"type": "words", "words": list(body["variants"])}
    variants = (_type(name) for name in body.get("variants", {}).values() if name)
    for members in (body["members"], *(variant["members"] for variant in variants)):
        fact: Mapping[str, Any] | None = members.get(path[0])
        if fact is None:
            continue
        if len(path) == 1:
            return fact
        if fact["type"] == "object" and (found := _member(_type(fact["of"]), path[1:])):
            return found
    return None


def writable(resource: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """What of an object as it was read may be sent back: no read-only member, no null, none that is not published."""
    return _writable(_body(resource), body)


def _writable(kind: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
    if _is_unknown(kind, body):
        return dict(body)
    members = _members(kind, body)
    found: dict[str, Any] = {}
    for name, value in body.items():
        fact = members.get(name)
        if fact is None or value is None or "read_only" in fact.get("flags", ()):
            continue
        if name in ("id", "name", "type", "apiVersion") and "constant" in fact.get("flags", ()):
            continue
        is_object = fact["type"] == "object" and isinstance(value, Mapping)
        found[name] = _writable(_type(fact["of"]), value) if is_object else value
    return found


def _members(kind: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
    """The members that a body may have, by the variant that it says it is."""
    discriminator = kind.get("discriminator")
    if discriminator is None:
        return dict(kind["members"])
    variant = _variant(kind, body.get(discriminator))
    inner = _type(variant)["members"] if variant else {}
    word = {"type": "words", "words": list(kind["variants"]), "open": False, "flags": ["required"]}
    return {**kind["members"], discriminator: word, **inner}


def _is_unknown(kind: Mapping[str, Any], body: Mapping[str, Any]) -> bool:
    """Whether a body is of a variant whose members are not among the facts."""
    said = str(body.get(kind.get("discriminator", ""))).casefold()
    return said in {name.casefold() for name, variant in kind.get("variants", {}).items() if variant is None}


def _variant(kind: Mapping[str, Any], said: Any) -> str | None:
    known = {name.casefold(): variant for name, variant in kind["variants"].items()}
    return known.get(str(said).casefold())


def faults(resource: str, body: Mapping[str, Any]) -> Iterator[Fault]:
    """What the published types refuse of a body that is to be sent. Its name stands in the address, not in it."""
    yield from _object(_body(resource), body, ())


def _object(kind: Mapping[str, Any], body: Mapping[str, Any], at: tuple[str, ...]) -> Iterator[Fault]:
    if _is_unknown(kind, body):
        return
    members = _members(kind, body)
    for name, value in body.items():
        if name not in members:
            yield Fault((*at, name), "there is no such member")
        elif value is not None:
            yield from _value(members[name], value, (*at, name))
    for name, fact in members.items():
        flags = fact.get("flags", ())
        if "required" in flags and "constant" not in flags and body.get(name) is None:
            yield Fault((*at, name), "it is required")


def _value(fact: Mapping[str, Any], value: Any, at: tuple[str, ...]) -> Iterator[Fault]:
    if "read_only" in fact.get("flags", ()):
        yield Fault(at, READ_ONLY)
        return
    wanted = _PYTHON.get(fact["type"])
    if wanted and (not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted)):
        yield Fault(at, f"it must be {fact['type']}, not {type(value).__name__}")
    elif fact["type"] == "object":
        yield from _object(_type(fact["of"]), value, at)
    elif fact["type"] in ("list", "map"):
        inner = fact["items"] if fact["type"] == "list" else fact["values"]
        for name, below in enumerate(value) if fact["type"] == "list" else value.items():
            yield from _value(inner, below, (*at, str(name)))
    elif trouble := _scalar(fact, value):
        yield Fault(at, trouble)


def _scalar(fact: Mapping[str, Any], value: Any) -> str:
    if fact["type"] == "words":
        known = [word.casefold() for word in fact["words"]]
        return "" if fact["open"] or value.casefold() in known else f"{value!r} is none of {', '.join(fact['words'])}"
    if fact["type"] == "string":
        if "pattern" in fact and not re.search(fact["pattern"], value):
            return f"{value!r} does not match {fact['pattern']}"
        if len(value) < fact.get("min_length", 0) or len(value) > fact.get("max_length", len(value)):
            return f"it has {len(value)} characters"
    if fact["type"] == "integer" and not fact.get("minimum", value) <= value <= fact.get("maximum", value):
        return f"{value} is out of bounds"
    return ""
