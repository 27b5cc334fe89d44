"""Templates that bep writes, judged by what Azure publishes: `python -m tests.azure.templates FOLDER [FILE...]`.

FOLDER has arm-template-schema/VERSION/Microsoft.MachineLearningServices.json and arm-template-schema/common/
definitions.json, as github.com/Azure/azure-resource-manager-schemas publishes them. Without a FILE the template of the
tests' own workspace is judged. Each resource is held against the schema of its type; exit code 1 when one is refused.

The schema has flaws, which `healthy` mends. A base type with variants says additionalProperties: false beside them in
one allOf, so that no member of a variant passes. A text or an expression is oneOf, and the pattern of many texts takes
an expression, too: then it is two of them, and no expression passes. It calls itself draft 4, and tells variants apart
by `const`, which draft 4 does not have.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
from referencing import Registry
from referencing.jsonschema import DRAFT7

NAMESPACE = "Microsoft.MachineLearningServices/"
EXPRESSION = "/definitions/expression"
DEPLOYMENTS = "Microsoft.Resources/deployments"
GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "azure" / "template.json"


def healthy(schema: Any) -> Any:
    """A copy in which no base of variants forbids the members of its variants, and an expression passes as a text."""
    if isinstance(schema, list):
        return [healthy(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: healthy(each) for name, each in schema.items()}
    if any("oneOf" in part for part in found.get("allOf", ())):
        found["allOf"] = [
            {name: each for name, each in part.items() if name != "additionalProperties"} for part in found["allOf"]
        ]
    if any(str(each.get("$ref", "")).endswith(EXPRESSION) for each in found.get("oneOf", ())):
        found["anyOf"] = found.pop("oneOf")
    return found


class Published:
    """The published schemas of templates of one API version."""

    def __init__(self, folder: Path, version: str) -> None:
        read = [
            json.loads((folder / "arm-template-schema" / name).read_text())
            for name in (f"{version}/{NAMESPACE[:-1]}.json", "common/definitions.json")
        ]
        whole = [(each["id"].rstrip("#"), DRAFT7.create_resource(healthy(each))) for each in read]
        self._registry: Registry[Any] = Registry[Any]().with_resources(whole)
        self._id, self._definitions = whole[0][0], read[0]["resourceDefinitions"]

    def faults(self, resource: dict[str, Any]) -> Iterator[str]:
        """What is wrong with a resource of a template."""
        name = resource["type"].removeprefix(NAMESPACE).replace("/", "_")
        if name not in self._definitions:
            yield f"no such type: {resource['type']}"
            return
        schema = {"$ref": f"{self._id}#/resourceDefinitions/{name}"}
        judge = jsonschema.Draft7Validator(schema, registry=self._registry)
        for error in judge.iter_errors(resource):
            yield f"{resource['type']}: {'.'.join(map(str, error.absolute_path))}: {error.message[:300]}"


def resources_of(template: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every resource of a template, those of the templates in it instead of what holds these."""
    for each in template["resources"]:
        if each["type"] == DEPLOYMENTS:
            yield from resources_of(each["properties"]["template"])
        else:
            yield each


def main() -> int:
    reading = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    reading.add_argument("folder", type=Path)
    reading.add_argument("files", type=Path, nargs="*", default=[GOLDEN])
    asked = reading.parse_args()
    judged, wrong = 0, 0
    for file in asked.files:
        for resource in resources_of(json.loads(file.read_text())):
            found = list(Published(asked.folder, resource["apiVersion"]).faults(resource))
            judged, wrong = judged + 1, wrong + bool(found)
            print("\n".join(f"{file.name}: {each}" for each in found), end="\n" if found else "")
    print(f"{judged} resources judged by the published template schema, {wrong} refused")
    return 1 if wrong or not judged else 0


if __name__ == "__main__":
    sys.exit(main())
