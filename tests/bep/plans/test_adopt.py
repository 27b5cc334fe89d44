"""`bep adopt`: what someone changed in the world goes into the spec, and nothing else in the file moves."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bep.planner.fields import with_value
from bep.providers.local.provider import LocalProvider
from bep.schemas.address import Address
from bep.schemas.mark import Mark
from bep.schemas.resource import Resource
from bep.schemas.yaml.editing import added, exchanged, taken_out
from tests.bep.conftest import FILES, Workspace, write

Golden = Callable[[str, str], None]

SPECS = """\
# who scores
kind: compute
name: cpu-cluster
type: amlcompute
max_instances: 2   # as the quota allows
---
name: letters
description: 'counts letters'
auth_mode: aad_token
defaults: {deployment_name: blue}
---
name: blue
endpoint_name: letters   # the only one
type: model
model: {name: alphabet, version: 1, path: model}
code_configuration: {code: code, scoring_script: score.py}
environment: {name: plain, version: 1, image: python}
compute: azureml:cpu-cluster
resources: {instance_count: 2}
settings:
  # small, for a demonstration
  mini_batch_size: 2
  retry_settings: {max_retries: 1}   # flow
tags:
  team: "words"
  owner: someone
---
name: green
endpoint_name: letters
type: model
model: azureml:alphabet:1
code_configuration: {code: code, scoring_script: score.py}
environment: azureml:plain:1
compute: azureml:cpu-cluster
"""


@contextmanager
def world(workspace: Workspace) -> Iterator[LocalProvider]:
    """The world of an applied workspace, as someone else would reach it."""
    key = json.loads((workspace.folder / ".bep/state.json").read_text())["secret_key"]
    provider = LocalProvider(workspace.folder, secret_key=key, clock=lambda: "2026-01-01T00:00:00Z")
    yield provider
    provider.close()


def drift(workspace: Workspace, address: str, changes: Mapping[tuple[str, ...], Any]) -> None:
    """Change fields of an object behind bep's back."""
    name = Address(address)
    with world(workspace) as provider:
        there = provider.read([name])[name]
        attributes = there.attributes
        for path, value in changes.items():
            attributes = with_value(attributes, path, value)
        provider.update(Resource(name, attributes, Mark("x", 1, 1)), operation="someone", etag=there.etag)


@pytest.fixture(scope="module")
def applied_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two deployments, applied; what `applied` copies here."""
    folder = tmp_path_factory.mktemp("applied")
    write(folder, {**FILES, "specs.yml": SPECS})
    Workspace(folder).bep("apply", "-y")
    return folder


def test_values_are_exchanged_where_they_stand_and_the_next_plan_is_empty(applied: Workspace, golden: Golden) -> None:
    drift(applied, "compute/cpu-cluster", {("max_instances",): 4})
    drift(applied, "endpoint/letters", {("description",): "it's letters: 100%"})
    changed = {
        ("settings", "mini_batch_size"): 50,
        ("settings", "retry_settings", "max_retries"): 5,
        ("settings", "retry_settings", "timeout"): 60,
        ("settings", "error_threshold"): 3,
        ("tags", "team"): "numbers",
    }
    drift(applied, "deployment/letters/blue", changed)
    drift(applied, "traffic/letters", {("split",): {"green": 100}})
    before = (applied.folder / "specs.yml").read_text()
    applied.bep("adopt", "--dry-run", "deployment/letters/blue")
    assert (applied.folder / "specs.yml").read_text() == before
    names = ("compute/cpu-cluster", "endpoint/letters", "deployment/letters/blue", "traffic/letters")
    said = applied.bep("adopt", *names).stdout
    golden("bep/adopted.txt", said)
    golden("bep/adopted.yml", (applied.folder / "specs.yml").read_text())
    assert "Nothing to do" in applied.bep("plan", "--detailed-exitcode").stdout


def test_one_field_alone_and_a_field_taken_out(applied: Workspace) -> None:
    fields = {("settings", "mini_batch_size"): 50, ("tags",): {"team": "words"}}
    drift(applied, "deployment/letters/blue", fields)
    applied.bep("adopt", "deployment/letters/blue:tags")
    assert (applied.folder / "specs.yml").read_text() == SPECS.replace("  owner: someone\n", "")
    [change] = json.loads(applied.bep("plan", "--json").stdout)["changes"]
    assert [diff["path"] for diff in change["diffs"]] == [["settings", "mini_batch_size"]]


def test_what_cannot_be_written_is_shown_with_its_place(applied: Workspace) -> None:
    applied.edit("specs.yml", "max_instances: 2   # as", "max_instances: ${{ var.most }}  # as")
    applied.edit("bep.yml", "specs:", "variables: {most: {type: integer, default: 2}}\nspecs:")
    drift(applied, "compute/cpu-cluster", {("max_instances",): 4})
    before = (applied.folder / "specs.yml").read_text()
    said = applied.bep("adopt", "compute/cpu-cluster", expect=1)
    assert "specs.yml:5:16: compute/cpu-cluster: max_instances: write it yourself" in said.stdout
    assert "${{ var.most }}" in said.stdout
    assert (applied.folder / "specs.yml").read_text() == before
    assert "has not drifted; drifted are compute/cpu-cluster" in applied.bep("adopt", "endpoint/x", expect=1).stderr


@pytest.mark.parametrize(
    ("text", "mark", "value", "expected"),
    [
        ("a: 1 # one\nb: 2\n", (1, 4), 3, "a: 3 # one\nb: 2\n"),
        ("a: 'x'\n", (1, 4), "y: z", "a: 'y: z'\n"),
        ("a: x\n", (1, 4), "y: z", "a: 'y: z'\n"),
        ("a: |\n  long\n  text\nb: 1\n", (1, 4), "short", "a: short\nb: 1\n"),
        ("a: [1, 2] # two\n", (1, 4), [3], "a: [3] # two\n"),
        ("a:\r\n  b: 1\r\n", (2, 6), 2, "a:\r\n  b: 2\r\n"),
        ("a: {b: 1, c: [x, y]}\n", (1, 15), "z", "a: {b: 1, c: [z, y]}\n"),
        ("é: ü\n---\nb: 1\n", (3, 4), 2, "é: ü\n---\nb: 2\n"),
        ("a:\n- 1\n", (2, 1), [2], None),
        ("a: 1\n", (9, 9), 2, None),
    ],
)
def test_one_value_is_exchanged(text: str, mark: tuple[int, int], value: Any, expected: str | None) -> None:
    assert exchanged(text, Mark("f", *mark), value) == expected


def test_a_field_is_added_and_taken_out() -> None:
    block, flow = "a:\n  # first\n  b: 1\n", "a: {b: 1}\n"
    assert added(block, Mark("f", 3, 3), "c", {"d": 2}) == "a:\n  # first\n  c: {d: 2}\n  b: 1\n"
    assert added(flow, Mark("f", 1, 4), "c", "x") == "a: {c: x, b: 1}\n"
    assert added("a: {}\n", Mark("f", 1, 4), "c", 1) == "a: {c: 1}\n"
    assert added(flow, Mark("f", 1, 4), "b", 2) is None
    assert taken_out("a: 1 # x\nb: |\n  long\nc: 2\n", Mark("f", 2, 4)) == "a: 1 # x\nc: 2\n"
    assert taken_out("a: 1 # x\nb: 2", Mark("f", 1, 4)) == "b: 2"
    assert taken_out(flow, Mark("f", 1, 8)) is None
    assert taken_out("a: 1\n", Mark("f", 1, 4)) is None
