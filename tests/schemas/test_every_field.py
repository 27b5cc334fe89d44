"""Every field of every kind left empty, of each wrong type, and without a value: a finding or a resource, always."""

import json
from collections.abc import Mapping, Sequence
from fnmatch import fnmatch

import pytest

from bep.schemas.findings.finding import Finding, errors
from bep.schemas.job.job import load_job
from bep.schemas.resource import Content
from bep.schemas.specs.loading import Loaded, load
from tests.fuzz.documents import BASES, file_of, files, variants
from tests.schemas.conftest import Workbench

WRONG = ("null", "text", "whole number", "list", "mapping", "unresolved")
FREE_TO_CHANGE = ("name", "version", "deployments", "specs")
"""Fields of which another value is another resource, or one fewer, as it says."""
MEANT = ("workspace: provider.local is null",)
"""Where nothing after the colon is how it is written."""


class Tree:
    """`Files` over a mapping of texts."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.texts = texts

    def read(self, path: str) -> bytes:
        if path not in self.texts:
            raise FileNotFoundError(2, "No such file or directory", path)
        return self.texts[path].encode()

    def exists(self, path: str) -> bool:
        return path in self.texts or self.is_folder(path)

    def is_folder(self, path: str) -> bool:
        return path == "." or any(name.startswith(f"{path}/") for name in self.texts)

    def glob(self, pattern: str) -> list[str]:
        return sorted(name for name in self.texts if fnmatch(name, pattern))

    def content(self, path: str) -> Content:
        found = [name.removeprefix(f"{path}/") for name in self.texts if name == path or name.startswith(f"{path}/")]
        return Content(path, "0" * 64, dict.fromkeys(found, "1"), path)

    def names(self, folder: str) -> list[str]:
        return sorted(self.texts)


def load_all(texts: Mapping[str, str]) -> Loaded:
    """Everything of a workspace, with nothing given and nothing there."""
    return load(Tree(texts), paths=(), variables={}, environment={}, known=lambda kind: ())


def said_empty(findings: Sequence[Finding], words: str) -> bool:
    """Whether it is said of the very field that is empty."""
    field = words.split()[1]
    return any(finding.code == "empty-field" and f"'{field}'" in finding.message for finding in findings)


@pytest.mark.no_cover  # it takes three times as long while lines are counted, and runs none that nothing else runs
@pytest.mark.parametrize("kind", [name for name in (*BASES, "conda") if name != "job"])
def test_a_document_ends_as_a_resource_or_as_a_finding(kind: str) -> None:
    whole = files()
    declared = {r.address for r in load_all(whole).resources}
    for words, document in variants(kind, WRONG):
        loaded = load_all({**whole, file_of(kind): json.dumps(document)})
        lost = declared - {resource.address for resource in loaded.resources}
        meant = words.split()[1].split(".")[-1] in FREE_TO_CHANGE and not words.endswith("null")
        assert errors(loaded.findings) or not lost or meant or said_empty(loaded.findings, words), words
        if words.endswith("null") and words not in MEANT:
            assert loaded.findings, words


@pytest.mark.parametrize("wrong", WRONG)
def test_a_job_is_asked_for_or_refused(wrong: str) -> None:
    for words, document in variants("job", (wrong,)):
        laid = Tree({**files(), "job.yml": json.dumps(document)})
        loaded = load_job(laid, "job.yml", changes={}, variables={}, environment={})
        assert (loaded.job is None) == bool(errors(loaded.findings)), words
        assert wrong != "null" or loaded.findings, words


@pytest.mark.parametrize(
    "line",
    [
        "endpoint_name:",
        "endpoint_name: ~",
        "name:",
        "model:",
        "model: {}",
        "model: {name: , version: 1, path: model}",
        "model: {name: m, version: , path: model}",
        "model: {name: m, version: 1, path: }",
        "model: {name: m, version: 1}",
        "environment: {name: , image: python}",
        "compute:",
        "compute: {target: }",
        "code_configuration: {code: , scoring_script: score.py}",
    ],
)
def test_what_names_a_deployment_or_what_it_needs_must_have_a_value(bench: Workbench, line: str) -> None:
    field = line.partition(":")[0]
    fields = {key: json.dumps(value) for key, value in BASES["deployment"].items()}
    text = "\n".join([line, *(f"{key}: {value}" for key, value in fields.items() if key != field)])
    for name, content in files().items():
        bench.write(name, content)
    bench.write("deployment.json", text)
    wrong = errors(bench.load().findings)
    assert [finding.code for finding in wrong] == ["missing-field"]
    assert field in wrong[0].message
    assert wrong[0].mark is not None
    assert wrong[0].mark.line == 1


def test_an_empty_field_that_may_be_left_out_is_said_at_its_key(bench: Workbench) -> None:
    bench.write("bep.yml", "workspace: w\nspecs: [a.yml]\n")
    bench.write("a.yml", "name: cpu\ntype: amlcompute\nmax_instances:\ntags: {team: }\n")
    loaded = bench.load()
    assert [r.attributes["max_instances"] for r in loaded.resources] == [4]
    assert [(f.code, f.mark.line if f.mark else 0) for f in loaded.findings] == [("empty-field", 3), ("empty-field", 4)]


def test_a_file_that_holds_nothing_is_said(bench: Workbench) -> None:
    bench.write("bep.yml", "workspace: w\nspecs: [a.yml]\n")
    bench.write("a.yml", "# name: cpu\n")
    assert [(f.code, f.severity) for f in bench.load().findings] == [("empty-file", "warning")]


def test_the_first_delay_is_not_longer_than_the_longest(bench: Workbench) -> None:
    bench.write("bep.yml", "workspace: w\nspecs: [a.yml]\n")
    spec = "name: cpu\ntype: amlcompute\nx-bep: {retry: {first_delay: %s, longest_delay: 5}}\n"
    bench.write("a.yml", spec % 5)
    assert bench.load().findings == ()
    bench.write("a.yml", spec % 6)
    assert [finding.message for finding in bench.load().findings] == ["first_delay is 6, but longest_delay is 5"]
