"""One more kind is one file, one more setting the schema and the code that uses it: in a copy of the package."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

import bep
from tests.bep.conftest import FILES, Workspace, write

TEXT = {"description": "A text.", "type": "string", "minLength": 1}
LOOKUP = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": "lookup.schema.json",
    "title": "Lookup: a table that scripts read",
    "description": "A table with a name and a version.",
    "x-bep-kind": "lookup",
    "x-bep-identity": ["name", "version"],
    "x-bep-summary": "{path}",
    "x-bep-collection": "lookups",
    "x-bep-registered": True,
    "type": "object",
    "required": ["name", "path"],
    "properties": {
        "$schema": {**TEXT, "x-bep-frame": True},
        "kind": {"const": "lookup", "description": "The kind.", "x-bep-frame": True},
        "x-bep": {"$ref": "extension.schema.json"},
        "name": {**TEXT, "x-bep-immutable": True},
        "version": {"description": "A version.", "type": ["string", "integer"], "x-bep-immutable": True},
        "path": {**TEXT, "x-bep-content": "folder"},
        "endpoint": {**TEXT, "x-bep-refers-to": "endpoint"},
        "follows": {**TEXT, "x-bep-refers-to": "lookup"},
    },
    "additionalProperties": False,
}
"""With versions and bytes, referred to and referring: what a kind can have."""

SEED = {
    "description": "What the hashes of texts begin with.",
    "type": "integer",
    "minimum": 0,
    "x-bep-setting": "hash_seed",
    "x-bep-set-by": ["job", "retry"],
}
USE = """
_without = environment_of


def environment_of(request: JobRequest) -> dict[str, str]:
    return {**_without(request), "PYTHONHASHSEED": str(request.settings.hash_seed)}
"""
SCRIPT = """
import os

def run(mini_batch):
    seed = os.environ["PYTHONHASHSEED"]
    if seed == "7" and "b.txt" in mini_batch[0]:
        raise ValueError(seed)
    return [seed] * len(mini_batch)
"""
LONG = "azureml:/subscriptions/s/resourceGroups/r/providers/Microsoft.MachineLearningServices/workspaces/w/lookups"
SPECS = f"""\
---
name: words
version: 1
path: table
endpoint: letters
---
$schema: https://example.org/lookup.schema.json
name: more
path: table
follows: azureml:words@latest
---
name: most
version: 3
path: table
follows: {LONG}/words/versions/1
"""


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert text.count(old) == 1
    file.write_text(text.replace(old, new))


@pytest.fixture
def extended(tmp_path: Path) -> Workspace:
    """A workspace whose `bep` has one more kind and one more setting."""
    package, folder = tmp_path / "more/bep", tmp_path / "workspace"
    shutil.copytree(Path(bep.__file__).parent, package)
    (package / "schemas/kinds/lookup.schema.json").write_text(json.dumps(LOOKUP))
    deployment = package / "schemas/kinds/deployment.schema.json"
    schema = json.loads(deployment.read_text())
    schema["properties"]["settings"]["properties"]["hash_seed"] = SEED
    deployment.write_text(json.dumps(schema))
    edit(
        package / "runner/request.py", "    bisect: bool = True\n", "    bisect: bool = True\n    hash_seed: int = 0\n"
    )
    with (package / "runner/jobs/launching.py").open("a") as stream:
        stream.write(USE)
    write(folder, FILES)
    write(folder, {"table/a.csv": "a,1\n", "specs.yml": FILES["specs.yml"] + SPECS})
    (folder / "code/score.py").write_text(SCRIPT)
    (folder / "job.yml").write_text(FILES["job.yml"] + "settings: {hash_seed: 8}\n")
    extended = Workspace(folder, {"PYTHONPATH": str(package.parent)})
    extended.edit(
        "specs.yml", "{mini_batch_size: 2}", "{mini_batch_size: 1, hash_seed: 7, retry_settings: {max_retries: 0}}"
    )
    return extended


def settings(extended: Workspace, *arguments: str) -> Any:
    found = json.loads(extended.bep("run", "job.yml", "--dry-run", "--json", *arguments).stdout)
    return found["settings"]["hash_seed"]


def rows(extended: Workspace) -> list[str]:
    return [line.split()[-1] for line in (extended.folder / "out/predictions.csv").read_text().splitlines()]


def test_a_kind_and_a_setting_go_from_validate_to_run(extended: Workspace) -> None:
    assert "lookup" in extended.bep("schema", "list").stdout
    assert "hash_seed" in extended.bep("schema", "show", "job").stdout
    extended.bep("validate")
    extended.bep("apply", "--auto-approve")
    kinds = [address for address in extended.entries() if address.startswith("lookup/")]
    assert {address.split("/")[1] for address in kinds} == {"words", "more", "most"}
    entries = json.loads((extended.folder / ".bep/state.json").read_text())["entries"]
    assert entries["lookup/most/3"]["attributes"]["follows"] == "lookup/words/1"
    assert "Nothing to do" in extended.bep("plan").stdout

    assert settings(extended) == {"value": 8, "from": "job file"}
    assert settings(extended, "--set", "hash_seed=9") == {"value": 9, "from": "flag"}
    extended.edit("job.yml", "settings: {hash_seed: 8}\n", "")
    assert settings(extended) == {"value": 7, "from": "deployment"}
    extended.bep("run", "job.yml", "--name", "mine", "--output-path", "out")
    assert rows(extended) == 4 * ["7"]
    assert "hash_seed" in extended.bep("job", "retry", "--help").stdout
    extended.bep("job", "retry", "mine", "--set", "hash_seed=10")
    assert rows(extended) == ["7", "10", *3 * ["7"]]

    (extended.folder / "table/a.csv").write_text("a,2\n")
    assert "lookup/words/1" in extended.bep("plan", expect=3).stdout
    (extended.folder / "table/a.csv").write_text("a,1\n")
    extended.bep("destroy", "--auto-approve")
    assert extended.entries() == set()


def test_what_is_wrong_with_them_is_said(extended: Workspace) -> None:
    extended.edit("specs.yml", "hash_seed: 7", "hash_sed: 7")
    extended.edit("specs.yml", "endpoint: letters\n---", "endpoint: leters\n---")
    said = extended.bep("validate", expect=3).stdout
    assert "hash_seed" in said
    assert "there is no endpoint/leters" in said
    extended.edit("specs.yml", "azureml:words@latest", "words")
    assert "Write azureml:NAME:VERSION or azureml:NAME@latest." in extended.bep("validate", expect=3).stdout
    assert "a job cannot change 'hash_sed'" in extended.bep("run", "job.yml", "--set", "hash_sed=1", expect=3).stderr
