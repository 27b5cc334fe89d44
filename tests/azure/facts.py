"""The published types as the double reads them: a body taken member by member. It shares no code with the provider."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Document = dict[str, Any]
FILE = Path(__file__).resolve().parents[2] / "providers" / "azure" / "translation" / "published_types.json"
PREFIX = "Microsoft.MachineLearningServices/workspaces/"


class Types:
    """What providers/azure/translation/published_types.json says, by short names of resource types: codes/versions."""

    def __init__(self) -> None:
        read = json.loads(FILE.read_text())
        self.all: dict[str, Document] = read["types"]
        self.resources = {name.removeprefix(PREFIX): kept for name, kept in read["resources"].items()}
        self.actions = {name.removeprefix(PREFIX): kept for name, kept in read["actions"].items()}

    def root(self, resource: str) -> Document:
        """The type of a resource's whole body."""
        return {"type": "object", "of": self.resources[resource]}

    def members(self, kind: Document, value: object) -> tuple[dict[str, Document], str | None]:
        """The members an object may have, those of its variant too; and the discriminator where no variant fits.

        A variant that is published without its members here may have any: its members are {}, with "*".
        """
        body = self.all[kind["of"]]
        members: dict[str, Document] = dict(body["members"])
        if "discriminator" not in body:
            return members, None
        word = _get(value, body["discriminator"]) if isinstance(value, dict) else None
        chosen = {each.lower(): each for each in body["variants"]}.get(str(word).lower())
        if chosen is None:
            return members, str(body["discriminator"])
        if body["variants"][chosen] is None:
            return {**members, "*": {"type": "any"}, body["discriminator"]: {"type": "any"}}, None
        own = self.all[body["variants"][chosen]]["members"]
        return {**members, **own}, None

    def mapped(self, kind: Document, value: Any, change: Callable[[Document, Any], Any]) -> Any:
        """A copy of a value in which each leaf is what `change` makes of it, given what is published of it."""
        if value is None or kind["type"] == "any":
            return value
        if kind["type"] == "object" and isinstance(value, dict):
            members, _ = self.members(kind, value)
            return {
                name: self.mapped(members[name], each, change) if name in members else each
                for name, each in value.items()
            }
        if kind["type"] == "map" and isinstance(value, dict):
            return {name: self.mapped(kind["values"], each, change) for name, each in value.items()}
        if kind["type"] == "list" and isinstance(value, list):
            return [self.mapped(kind["items"], each, change) for each in value]
        return change(kind, value)

    def without(self, kind: Document, value: Any, flag: str) -> Any:
        """A copy of a value without the members that have a flag."""
        if kind["type"] == "object" and isinstance(value, dict):
            members, _ = self.members(kind, value)
            return {
                name: self.without(members[name], each, flag) if name in members else each
                for name, each in value.items()
                if flag not in members.get(name, {}).get("flags", ())
            }
        if kind["type"] == "map" and isinstance(value, dict):
            return {name: self.without(kind["values"], each, flag) for name, each in value.items()}
        return value


def _get(value: Document, name: str) -> object:
    return value.get(name)
