"""The facts of Azure's published types that bep needs: `python -m tests.azure.published_facts FOLDER`.

FOLDER is a checkout of github.com/Azure/bicep-types-az, or a folder with its `bicep-types/VERSION/types.json` and a
README.md that names repository and commit. Writes providers/azure/translation/published_types.json: which members a
resource's body has, what each holds, which words it takes and who may write it. Facts alone: no description is copied.

    source       where the facts are from
    resources    resource type -> the name of its body's type
    actions      resource type -> action -> what is sent and what is answered
    types        name -> members, each {type, flags, ...}; `variants` by the word of the `discriminator`

A `type` is string (with pattern, min_length, max_length), integer (with minimum, maximum), boolean, any, words (`open`:
others are taken, too), list (of `items`), map (of `values`), object (`of` a name in types). Flags: required, read_only,
write_only, constant (as it was deployed, for good), identifier, sensitive. A variant that is null is published without
its members here: bep makes none.
"""

import argparse
import json
import re
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

API_VERSION = "2024-10-01"
REPOSITORY = "Azure/bicep-types-az"
PUBLISHED = "generated/machinelearningservices/microsoft.machinelearningservices/{version}/types.json"
GATHERED = "bicep-types/{version}/types.json"
TARGET = Path(__file__).resolve().parents[2] / "providers" / "azure" / "translation" / "published_types.json"

NAMESPACE = "Microsoft.MachineLearningServices/workspaces"
RESOURCES = (
    "batchEndpoints",
    "batchEndpoints/deployments",
    "codes",
    "codes/versions",
    "components",
    "components/versions",
    "computes",
    "data",
    "data/versions",
    "datastores",
    "environments",
    "environments/versions",
    "jobs",
    "models",
    "models/versions",
)
ACTIONS = {("codes/versions", "startPendingUpload"), ("datastores", "listSecrets"), ("batchEndpoints", "listkeys")}
VARIANTS = {"Compute": {"AmlCompute"}, "JobBaseProperties": {"Pipeline"}}
"""Of these types bep makes, or reads whole, the variants named here; of every other type all of them."""

FLAGS = {1: "required", 2: "read_only", 4: "write_only", 8: "constant", 16: "identifier"}
LIMITS = {"minLength": "min_length", "maxLength": "max_length", "minValue": "minimum", "maxValue": "maximum"}
Type = dict[str, Any]


class Facts:
    """The types reached so far, under names of their own: two published types may share one."""

    def __init__(self, published: list[Type]) -> None:
        self.published = published
        self.types: dict[str, Type] = {}
        self._names: dict[int, str] = {}

    def at(self, reference: Mapping[str, str]) -> tuple[int, Type]:
        """What a reference leads to, in the same file.

        Raises:
            ValueError: it leads to another file.
        """
        found = re.fullmatch(r"#/(\d+)", reference["$ref"])
        if not found:
            raise ValueError(f"{reference['$ref']} leads out of types.json; this command reads that file alone")
        return int(found[1]), self.published[int(found[1])]

    def value(self, reference: Mapping[str, str]) -> Type:
        """What a member holds."""
        index, found = self.at(reference)
        match found["$type"]:
            case "StringType" | "IntegerType" | "BooleanType" | "AnyType":
                kept = {ours: found[theirs] for theirs, ours in LIMITS.items() if theirs in found}
                pattern = {"pattern": found["pattern"]} if "pattern" in found else {}
                return {"type": found["$type"].removesuffix("Type").lower(), **pattern, **kept}
            case "StringLiteralType":
                return {"type": "words", "words": [found["value"]], "open": False}
            case "UnionType":
                return self._words(found)
            case "ArrayType":
                return {"type": "list", "items": self.value(found["itemType"])}
            case "ObjectType" if not found["properties"] and "additionalProperties" in found:
                return {"type": "map", "values": self.value(found["additionalProperties"])}
            case "ObjectType" | "DiscriminatedObjectType":
                return {"type": "object", "of": self.named(index, found)}
        raise ValueError(f"{found['$type']} is a sort of type that this command does not know")

    def _words(self, found: Type) -> Type:
        elements = [self.at(element)[1] for element in found["elements"]]
        words = [element["value"] for element in elements if element["$type"] == "StringLiteralType"]
        others = {element["$type"] for element in elements} - {"StringLiteralType"}
        if not others <= {"StringType"}:
            raise ValueError(f"a union of {', '.join(sorted(others))}: only unions of words are known")
        return {"type": "words", "words": sorted(words), "open": bool(others)}

    def named(self, index: int, found: Type) -> str:
        """The name under which an object's type is kept, which is its own or, where that is taken, a numbered one."""
        if index not in self._names:
            own = found["name"].removeprefix("Microsoft.MachineLearningServices/")
            taken = {name for name in self._names.values() if re.fullmatch(re.escape(own) + r"(\.\d+)?", name)}
            self._names[index] = f"{own}.{len(taken) + 1}" if taken else own
            self.types[self._names[index]] = {}  # its place, in the order in which types are reached
            self.types[self._names[index]].update(self._body(found))
        return self._names[index]

    def _body(self, found: Type) -> Type:
        own: dict[str, Any] = found.get("properties") or found.get("baseProperties") or {}
        body: Type = {"members": {name: self._member(own[name]) for name in sorted(own)}}
        if "additionalProperties" in found:
            body["values"] = self.value(found["additionalProperties"])
        if "discriminator" in found:
            elements: dict[str, Any] = found["elements"]
            wanted = VARIANTS.get(found["name"], set(elements))
            body["discriminator"] = found["discriminator"]
            body["variants"] = {
                word: self.named(*self.at(elements[word])) if word in wanted else None for word in sorted(elements)
            }
        return body

    def _member(self, member: Type) -> Type:
        flags = [word for bit, word in FLAGS.items() if member["flags"] & bit]
        if self.at(member["type"])[1].get("sensitive"):
            flags.append("sensitive")
        return {**self.value(member["type"]), **({"flags": flags} if flags else {})}


def facts(published: list[Type], source: Mapping[str, str]) -> dict[str, Any]:
    """All facts of one published file, in an order that does not depend on the file's."""
    gathered = Facts(published)
    bodies = {each["name"]: each for each in published if each["$type"] == "ResourceType"}
    resources = {
        (name := f"{NAMESPACE}/{short}"): gathered.value(bodies[f"{name}@{source['api_version']}"]["body"])["of"]
        for short in RESOURCES
    }
    actions: dict[str, dict[str, Type]] = {}
    for each in sorted(
        (each for each in published if each["$type"] == "ResourceFunctionType"), key=lambda each: str(each["name"])
    ):
        kind, action = each["resourceType"], each["name"]
        if (kind.removeprefix(NAMESPACE + "/"), action) in ACTIONS:
            exchanged: Type = {way: gathered.value(each[way]) for way in ("input", "output") if way in each}
            actions.setdefault(kind, {})[action] = exchanged
    return {"source": dict(source), "resources": resources, "actions": actions, "types": gathered.types}


def rendered(found: Mapping[str, Any]) -> str:
    """JSON with a line for each member: what changes between two versions is seen in a diff."""

    def block(opened: str, lines: Iterable[str], closed: str) -> str:
        return opened + ",\n".join(lines) + closed

    def flat(value: object) -> str:
        return json.dumps(value, ensure_ascii=False)

    types = []
    for name, body in found["types"].items():
        members = block("{\n", (f"    {flat(key)}: {flat(value)}" for key, value in body["members"].items()), "}")
        rest = "".join(f",\n   {flat(key)}: {flat(value)}" for key, value in body.items() if key != "members")
        types.append(f'  {flat(name)}: {{"members": {members if body["members"] else "{}"}{rest}}}')
    heads = [
        block(f" {flat(head)}: {{\n", (f"  {flat(key)}: {flat(value)}" for key, value in found[head].items()), "}")
        for head in ("source", "resources", "actions")
    ]
    return block("{\n", [*heads, block(' "types": {\n', types, "}")], "}\n")


def source_of(folder: Path, version: str) -> tuple[Path, dict[str, str]]:
    """The published file in a folder, and where it is from.

    Raises:
        ValueError: the folder is neither of the two that this command reads.
    """
    head = {"repository": REPOSITORY, "path": PUBLISHED.format(version=version), "api_version": version}
    if (checkout := folder / PUBLISHED.format(version=version)).is_file():
        commit = subprocess.run(["git", "-C", folder, "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
        return checkout, {**head, "commit": commit.stdout.strip()}
    if (gathered := folder / GATHERED.format(version=version)).is_file():
        named = re.search(REPOSITORY + r" ([0-9a-f]{40})", (folder / "README.md").read_text())
        if named:
            return gathered, {**head, "commit": named[1]}
    raise ValueError(f"{folder} has neither {checkout.relative_to(folder)} nor {GATHERED.format(version=version)}")


def main() -> None:
    """Write the facts anew."""
    parser = argparse.ArgumentParser(prog="python -m tests.azure.published_facts", description=__doc__.split(":")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--api-version", default=API_VERSION)
    parser.add_argument("--output", type=Path, default=TARGET)
    asked = parser.parse_args()
    file, source = source_of(asked.folder, asked.api_version)
    found = facts(json.loads(file.read_text()), source)
    asked.output.write_text(rendered(found))
    print(f"{asked.output}: {len(found['resources'])} resources, {len(found['types'])} types")


if __name__ == "__main__":
    main()
