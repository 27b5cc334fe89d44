"""One valid document of every published schema, and the same with each of its fields made wrong in turn."""

import copy
import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from bep.schemas.kinds.published import followed, schema_of
from bep.schemas.resource import FieldPath

WRONG: Mapping[str, Any] = {
    "null": None,
    "text": "text",
    "empty text": "",
    "whole number": 7,
    "negative": -1,
    "decimal": 1.5,
    "true": True,
    "list": [],
    "list of null": [None],
    "mapping": {},
    "mapping of null": {"a": None},
    "unresolved": "${{ var.undefined }}",
    "secret": "${{ env.UNDEFINED }}",
}
"""What is put in the place of every field: nothing, each type, and expressions that have no value."""

BASES: Mapping[str, Mapping[str, Any]] = {
    "compute": {"name": "cpu-cluster", "type": "amlcompute", "max_instances": 4},
    "datastore": {"name": "blob", "type": "azure_blob", "account_name": "account", "container_name": "box"},
    "data": {"kind": "data", "name": "pictures", "version": "1", "path": "texts"},
    "model": {"kind": "model", "name": "alphabet", "version": "1", "path": "model"},
    "environment": {"kind": "environment", "name": "plain", "version": "1", "conda_file": "conda.yml"},
    "endpoint": {
        "name": "letters",
        "auth_mode": "aad_token",
        "deployments": [
            {
                "name": "red",
                "model": "azureml:alphabet:1",
                "environment": "azureml:plain:1",
                "code_configuration": {"code": {"local_path": "code"}, "scoring_script": "score.py"},
                "compute": {"target": "azureml:cpu-cluster", "instance_count": 1},
            }
        ],
    },
    "deployment": {
        "name": "blue",
        "endpoint_name": "letters",
        "model": {"name": "inside", "version": "1", "path": "model"},
        "environment": {"name": "around", "version": "1", "image": "python"},
        "code_configuration": {"code": "code", "scoring_script": "score.py"},
        "compute": "azureml:cpu-cluster",
    },
    "job": {"kind": "job", "endpoint": "letters", "deployment": "blue", "inputs": {"texts": {"path": "texts"}}},
    "workspace": {"workspace": "letters", "specs": ["*.json"]},
}
"""Together a workspace. Every field that is not here may be set in them, for what an answer says of it."""

CONDA = {
    "name": "letters",
    "channels": ["conda-forge"],
    "dependencies": ["python=3.11", {"pip": ["idna==3.7"]}],
    "variables": {"A": "b"},
    "prefix": "/somewhere",
}
CONDA_FIELDS: tuple[FieldPath, ...] = (
    *((name,) for name in CONDA),
    ("channels", 0),
    ("dependencies", 0),
    ("dependencies", 1),
    ("dependencies", 1, "pip"),
    ("dependencies", 1, "pip", 0),
    ("variables", "A"),
    ("unknown",),
)
FREE = "free"
"""The key that stands for any key of a mapping whose keys are free."""


def files() -> dict[str, str]:
    """The workspace of all of `BASES`, a file each."""
    laid = {f"{name}.json": json.dumps(base) for name, base in BASES.items() if name not in ("job", "workspace")}
    return {
        **laid,
        "bep.yml": json.dumps(BASES["workspace"]),
        "job.yml": json.dumps(BASES["job"]),
        "conda.yml": json.dumps(CONDA),
        "model/letters.txt": "abc\n",
        "code/score.py": "def run(mini_batch):\n    return [1 for _ in mini_batch]\n",
        "texts/a.txt": "a",
        "texts/b.txt": "b",
    }


def file_of(name: str) -> str:
    """The file of `files` that the document called `name` is in."""
    return {"workspace": "bep.yml", "job": "job.yml", "conda": "conda.yml"}.get(name, f"{name}.json")


def fields(name: str) -> list[FieldPath]:
    """Every field that the schema called `name` has, with its path: items at 0, free keys as `free`."""
    return list(dict.fromkeys(_fields(schema_of(name), name, ())))


def _fields(node: Any, name: str, path: FieldPath) -> Iterator[FieldPath]:
    if not isinstance(node, Mapping):
        return
    node, name = followed(node, name)
    for branch in (*node.get("anyOf", ()), *(rule.get("then", {}) for rule in node.get("allOf", ()))):
        yield from _fields(branch, name, path)
    below = [(key, value) for key, value in node.get("properties", {}).items()]
    below += [(0, node["items"])] if "items" in node else []
    below += [(FREE, node["additionalProperties"])] if isinstance(node.get("additionalProperties"), Mapping) else []
    for step, value in below:
        yield (*path, step)
        yield from _fields(value, name, (*path, step))


def variants(name: str, wrong: Collection[str] = tuple(WRONG)) -> Iterator[tuple[str, Any]]:
    """The document called `name` with one field wrong at a time, in the ways of `wrong`, each with words for it.

    What stands in every document alike is gone through in one of them; elsewhere it is only left empty.
    """
    base = CONDA if name == "conda" else BASES[name]
    for path in CONDA_FIELDS if name == "conda" else fields(name):
        again = (path[0] == "deployments" and len(path) > 2) or (path[0] == "x-bep" and name != "compute")
        for words in wrong if not again else ["null"]:
            yield f"{name}: {'.'.join(map(str, path))} is {words}", changed(base, path, WRONG[words])


def changed(base: Mapping[str, Any], path: FieldPath, value: Any) -> Any:
    """A copy of a document in which a field has another value; mappings and lists on the way are made."""
    root = [copy.deepcopy(base)]
    around: Any = root
    step: str | int = 0
    for below in path:
        if not isinstance(around[step], dict if isinstance(below, str) else list):
            around[step] = {} if isinstance(below, str) else []
        around = around[step]
        if isinstance(below, int):
            around += [None] * (below + 1 - len(around))
        else:
            around.setdefault(below, None)
        step = below
    around[step] = value
    return root[0]
