"""Writes `published.json`: what KubeRay publishes of a RayJob's fields, and Ray of the file that its autoscaler reads.

    python -m tests.cluster.published_facts KUBERAY

KUBERAY is a clone of github.com/ray-project/kuberay. Ray's schema comes with Ray itself: that of the tests' nodes is
read (`python -m tests.services.ray_environment`), which says of which commit it was built. Without descriptions; pods
are objects of Kubernetes, whose schemas are published elsewhere: of them is said that they are pods.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from tests.services.places import ray_python

PLACE: Final = Path(__file__).with_name("published.json")
CRD: Final = "helm-chart/kuberay-operator/crds/ray.io_rayjobs.yaml"
SCHEMA: Final = "autoscaler/ray-schema.json"
VERSION: Final = "v1"
KEPT: Final = ("type", "enum", "required", "minimum", "maximum", "nullable", "$ref")
GROUPS: Final = ("headGroupSpec", "workerGroupSpecs")
OPENED: Final = {"spec": ("rayClusterSpec",), "rayClusterSpec": ("authOptions", *GROUPS)}
"""Of which fields of a RayJob the fields are kept, too."""
PODS: Final = ("template", "submitterPodTemplate")


def rayjob(resource: Mapping[str, Any]) -> dict[str, Any]:
    """A JSON Schema of the `spec` of a RayJob: every field that the operator knows, and no other."""
    (version,) = (one for one in resource["spec"]["versions"] if one["name"] == VERSION)
    return _fields("spec", version["schema"]["openAPIV3Schema"]["properties"]["spec"])


def _fields(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {key: schema[key] for key in KEPT if key in schema}
    if name in PODS:
        return {**found, "pod": True}
    if schema.get("type") == "array":
        return {**found, "items": _fields(name, schema["items"]) if name in GROUPS else {}}
    if name in OPENED or name in (*GROUPS, "authOptions"):
        opened = OPENED.get(name, tuple(schema["properties"]))
        found["properties"] = {
            field: _fields(field, below) if field in (*opened, *PODS) else {k: below[k] for k in KEPT if k in below}
            for field, below in schema["properties"].items()
        }
        found["additionalProperties"] = False
    return found


def autoscaler(schema: Any) -> Any:
    """Ray's JSON Schema of a cluster's file, without words for people."""
    if isinstance(schema, Mapping):
        named = {"properties", "patternProperties", "definitions"}
        return {
            key: {name: autoscaler(below) for name, below in value.items()} if key in named else autoscaler(value)
            for key, value in schema.items()
            if key in {*KEPT, *named, "items", "additionalProperties"}
        }
    return schema


def main() -> int:
    """Write them, each with the repository, the file and the commit that it is from."""
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    git = ["git", "-C", sys.argv[1]]
    at = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    crd = subprocess.run([*git, "show", f"HEAD:{CRD}"], check=True, capture_output=True, text=True).stdout
    (ray,) = (ray_python().parent.parent / "lib").glob("python*/site-packages/ray")
    built: dict[str, Any] = {}
    exec((ray / "_version.py").read_text(), built)
    found = {
        "rayjob": {"repository": "ray-project/kuberay", "path": CRD, "commit": at, "spec": rayjob(yaml.safe_load(crd))},
        "autoscaler": {
            "repository": "ray-project/ray",
            "path": f"python/ray/{SCHEMA}",
            "commit": built["commit"],
            "schema": autoscaler(json.loads((ray / SCHEMA).read_text())),
        },
    }
    PLACE.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
