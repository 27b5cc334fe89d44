"""What the command keeps of published types, tried on types of our own making, and what it kept of Azure's."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.azure.published_facts import PUBLISHED, TARGET, Facts, rendered, source_of

KEPT: dict[str, Any] = json.loads(TARGET.read_text())

SMALL: list[dict[str, Any]] = [
    {"$type": "StringType", "pattern": "^a", "minLength": 1},
    {"$type": "StringType", "sensitive": True},
    {"$type": "StringLiteralType", "value": "on"},
    {"$type": "StringLiteralType", "value": "off"},
    {"$type": "UnionType", "elements": [{"$ref": "#/2"}, {"$ref": "#/3"}]},
    {"$type": "UnionType", "elements": [{"$ref": "#/2"}, {"$ref": "#/0"}]},
    {"$type": "IntegerType", "minValue": 0, "maxValue": 9},
    {"$type": "ArrayType", "itemType": {"$ref": "#/9"}},
    {"$type": "ObjectType", "name": "Tags", "properties": {}, "additionalProperties": {"$ref": "#/0"}},
    {
        "$type": "ObjectType",
        "name": "Lamp",
        "properties": {
            "state": {"type": {"$ref": "#/4"}, "flags": 1, "description": "prose"},
            "colour": {"type": {"$ref": "#/5"}, "flags": 2},
            "key": {"type": {"$ref": "#/1"}, "flags": 4},
            "level": {"type": {"$ref": "#/6"}, "flags": 24},
            "tags": {"type": {"$ref": "#/8"}, "flags": 0},
            "next": {"type": {"$ref": "#/7"}, "flags": 0},
            "other": {"type": {"$ref": "#/10"}, "flags": 0},
        },
    },
    {
        "$type": "DiscriminatedObjectType",
        "name": "Lamp",
        "discriminator": "sort",
        "baseProperties": {"size": {"type": {"$ref": "#/6"}, "flags": 0}},
        "elements": {"plain": {"$ref": "#/9"}},
    },
    {"$type": "UnionType", "elements": [{"$ref": "#/2"}, {"$ref": "#/6"}]},
    {"$type": "NullType"},
]


def test_members_words_flags_and_variants_are_kept_and_no_prose() -> None:
    gathered = Facts(SMALL)
    assert gathered.value({"$ref": "#/9"}) == {"type": "object", "of": "Lamp"}
    assert gathered.types["Lamp"]["members"] == {
        "colour": {"type": "words", "words": ["on"], "open": True, "flags": ["read_only"]},
        "key": {"type": "string", "flags": ["write_only", "sensitive"]},
        "level": {"type": "integer", "minimum": 0, "maximum": 9, "flags": ["constant", "identifier"]},
        "next": {"type": "list", "items": {"type": "object", "of": "Lamp"}},
        "other": {"type": "object", "of": "Lamp.2"},
        "state": {"type": "words", "words": ["off", "on"], "open": False, "flags": ["required"]},
        "tags": {"type": "map", "values": {"type": "string", "pattern": "^a", "min_length": 1}},
    }
    assert gathered.types["Lamp.2"] == {
        "members": {"size": {"type": "integer", "minimum": 0, "maximum": 9}},
        "discriminator": "sort",
        "variants": {"plain": "Lamp"},
    }
    found = {"source": {"from": "here"}, "resources": {}, "actions": {}, "types": gathered.types}
    assert json.loads(rendered(found)) == found


@pytest.mark.parametrize("reference", ["#/11", "#/12", "../common/types.json#/3"])
def test_what_the_command_does_not_know_ends_it(reference: str) -> None:
    with pytest.raises(ValueError, match=r"IntegerType|NullType|leads out"):
        Facts(SMALL).value({"$ref": reference})


def test_both_sorts_of_folder_are_read_and_another_is_refused(tmp_path: Path) -> None:
    published = tmp_path / "checkout" / PUBLISHED.format(version="2024-10-01")
    published.parent.mkdir(parents=True)
    published.write_text("[]")
    git = ["git", "-C", str(tmp_path / "checkout"), "-c", "user.name=n", "-c", "user.email=e"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "all"]):
        subprocess.run([*git, *words], check=True)
    file, source = source_of(tmp_path / "checkout", "2024-10-01")
    assert (file, len(source["commit"])) == (published, 40)
    gathered = tmp_path / "gathered" / "bicep-types" / "2024-10-01" / "types.json"
    gathered.parent.mkdir(parents=True)
    gathered.write_text("[]")
    (tmp_path / "gathered" / "README.md").write_text(
        f"| bicep-types | types | Azure/bicep-types-az {'a' * 40}, generated |"
    )
    assert source_of(tmp_path / "gathered", "2024-10-01")[1]["commit"] == "a" * 40
    with pytest.raises(ValueError, match="has neither"):
        source_of(tmp_path, "2024-10-01")


def _types(found: object) -> Iterator[dict[str, Any]]:
    if isinstance(found, dict):
        if isinstance(found.get("type"), str):
            yield found
        for value in found.values():
            yield from _types(value)


def test_what_is_packaged_is_whole() -> None:
    types = KEPT["types"]
    assert set(KEPT["resources"].values()) <= set(types)
    for body in types.values():
        assert {name for name in body.get("variants", {}).values() if name} <= set(types)
        for member in body["members"].values():
            assert {each["of"] for each in _types(member) if each["type"] == "object"} <= set(types)
    assert 'description": "' not in TARGET.read_text()


def test_what_is_packaged_says_what_the_service_refuses_by() -> None:
    types = KEPT["types"]
    endpoint, deployment = types["BatchEndpointProperties"]["members"], types["BatchDeploymentProperties"]["members"]
    assert endpoint["authMode"]["flags"] == ["required"]
    assert endpoint["authMode"]["words"] == ["AADToken", "AMLToken", "Key"]
    assert endpoint["scoringUri"]["flags"] == ["read_only"]
    assert endpoint["keys"]["flags"] == ["write_only"]
    assert types[deployment["model"]["of"]]["discriminator"] == "referenceType"
    assert types["workspaces/batchEndpoints"]["members"]["location"]["flags"] == ["required"]
    assert set(KEPT["source"]) == {"repository", "path", "commit", "api_version"}
