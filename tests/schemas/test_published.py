"""The published schemas: sound, self-explaining, and the quick check says no more than they do."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from bep.schemas.checking.fast_path import ANNOTATIONS, OBJECT_WORDS, WORDS, accept_of, acceptor
from bep.schemas.kinds.kind import kind_names, load_kind, load_kinds
from bep.schemas.kinds.published import OTHERS, editor_text, followed, schema_of
from bep.schemas.yaml.node import plain
from bep.schemas.yaml.reading import read_text
from tests.schemas.test_anything import SPECS, mutated

EVERY = (*kind_names(), *OTHERS)
USERS = (*kind_names(), "workspace", "policies", "job")
REGISTRY: Registry[Any] = Registry().with_resources(
    [(f"{name}.schema.json", Resource.from_contents(schema_of(name))) for name in EVERY]
)


def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator({"$ref": f"{name}.schema.json"}, registry=REGISTRY)


def nodes(schema: Any) -> Iterator[Mapping[str, Any]]:
    """Every schema node that declares a field."""
    for node in schema.get("properties", {}).values():
        yield node
        yield from nodes(node)
    for word in ("items", "additionalProperties"):
        if isinstance(schema.get(word), Mapping):
            yield schema[word]
            yield from nodes(schema[word])
    for branch in schema.get("anyOf", ()):
        yield from nodes(branch)


@pytest.mark.parametrize("name", EVERY)
def test_each_is_a_schema_of_its_draft(name: str) -> None:
    Draft202012Validator.check_schema(schema_of(name))
    assert schema_of(name)["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema_of(name)["$id"] == f"{name}.schema.json"
    assert schema_of(name)["title"]


@pytest.mark.parametrize("name", [n for n in EVERY if n != "kind"])
def test_each_uses_only_the_words_of_the_meta_schema(name: str) -> None:
    assert [e.message for e in validator("kind").iter_errors(schema_of(name))] == []


def test_an_unknown_word_is_refused() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string", "x-bep-imutable": True}}}
    assert not validator("kind").is_valid(schema)
    assert validator("kind").is_valid({"properties": {"a": {"x-bep-immutable": True}}})


@pytest.mark.parametrize("name", [n for n in EVERY if n != "kind"])
def test_every_field_says_what_it_is(name: str) -> None:
    silent = [node for node in nodes(schema_of(name)) if not followed(node, name)[0].get("description")]
    assert [n for n in silent if n.get("minLength") != 1] == []


def test_what_a_summary_names_exists() -> None:
    for kind in load_kinds().values():
        for field in re.findall(r"\{([a-z_.]+)\}", kind.summary):
            node: Mapping[str, Any] = kind.schema
            for step in field.split("."):
                node = node["properties"][step]
            assert node


def test_what_a_kind_declares() -> None:
    deployment = load_kind("deployment")
    assert deployment.references == {
        ("endpoint_name",): "endpoint",
        ("model",): "model",
        ("environment",): "environment",
        ("compute",): "compute",
        ("component",): "component",
        ("settings", "default_compute"): "compute",
        ("settings", "default_datastore"): "datastore",
    }
    assert deployment.content == {("code_configuration", "code")}
    assert load_kind("datastore").sensitive >= {("credentials", "account_key"), ("credentials", "sas_token")}
    assert {name for name, kind in load_kinds().items() if kind.registered} == {
        "model",
        "data",
        "environment",
        "component",
    }
    assert load_kind("traffic").shift
    assert all(kind.name == name for name, kind in load_kinds().items())


@pytest.mark.parametrize("name", USERS)
@given(st.data())
def test_the_quick_check_accepts_nothing_that_is_refused(name: str, data: st.DataObject) -> None:
    for node in read_text(data.draw(mutated()), "a.yml").documents:
        value = plain(node)
        assert not acceptor(name)(value) or validator(name).is_valid(value)


SCALARS = st.sampled_from(
    [None, True, False, 0, 1, -1, 1.0, 2.5, "", "a", "ab", "append_row", "azure_blob", [], {}, [1], {"a": 1}]
)
SCHEMAS = st.recursive(
    st.sampled_from(
        [
            True,
            False,
            {},
            {"type": "string"},
            {"type": ["integer", "null"]},
            {"enum": [1, "a"]},
            {"const": True},
            {"const": 1},
            {"minimum": 1},
            {"maxLength": 1},
            {"pattern": "^a"},
            {"minItems": 1},
            {"not": {}},
            {"multipleOf": 2},
            {"enum": [1.0]},
        ]
    ),
    lambda inner: st.one_of(
        st.builds(lambda a, b: {"properties": {"a": a}, "additionalProperties": b, "required": ["a"]}, inner, inner),
        st.builds(lambda a: {"type": "object", "additionalProperties": a, "maxProperties": 1}, inner),
        st.builds(lambda a, b: {"anyOf": [a, b]}, inner, inner),
        st.builds(lambda a, b: {"allOf": [a, b]}, inner, inner),
        st.builds(lambda a: {"items": a, "type": "array"}, inner),
        st.builds(lambda a, b: {"if": {"properties": {"a": a}}, "then": b}, inner, inner),
        st.builds(lambda b: {"if": {"properties": {"a": {"const": "ab"}}, "required": ["a"]}, "then": b}, inner),
        st.builds(lambda b: {"if": {"properties": {"a": {"enum": ["a", "ab"]}}}, "then": b}, inner),
    ),
    max_leaves=6,
)
VALUES = st.recursive(
    SCALARS, lambda v: st.one_of(st.lists(v, max_size=2), st.dictionaries(st.sampled_from("ab"), v)), max_leaves=5
)


@given(SCHEMAS, VALUES)
def test_the_quick_check_is_right_for_any_schema(schema: Any, value: Any) -> None:
    assert not accept_of(schema)(value) or Draft202012Validator(schema).is_valid(value)


def test_the_quick_check_knows_every_valid_spec() -> None:
    """Otherwise it would be sound and useless."""
    for spec, name in zip(
        SPECS, ("endpoint", *["deployment"] * 1, "endpoint", "deployment", "deployment"), strict=False
    ):
        for node in read_text(spec, "a.yml").documents:
            assert acceptor(name)(plain(node))


@pytest.mark.parametrize("name", USERS)
def test_editors_take_variables_where_values_are_narrow(name: str) -> None:
    schemas = [(f"{n}.schema.json", Resource.from_contents(json.loads(editor_text(n)))) for n in EVERY]
    editor = Draft202012Validator({"$ref": f"{name}.schema.json"}, registry=Registry().with_resources(schemas))
    Draft202012Validator.check_schema(json.loads(editor_text(name)))
    for spec in SPECS:
        for node in read_text(spec, "a.yml").documents:
            assert editor.is_valid(plain(node)) or not validator(name).is_valid(plain(node))
    compute = {"name": "cpu-cluster", "type": "amlcompute", "max_instances": "${{ var.nodes }}"}
    assert editor.is_valid(compute) == (name == "compute")
    assert not validator(name).is_valid(compute)


def words_in(node: object) -> Iterator[str]:
    """Every word of JSON Schema in a node and below it."""
    if isinstance(node, Mapping):
        yield from node
        for word, below in node.items():
            if word in ("properties", "$defs"):
                for one in below.values():
                    yield from words_in(one)
            elif word not in ("default", "examples", "const", "enum", "required") and not word.startswith("x-bep-"):
                yield from words_in(below)
    elif isinstance(node, list):
        for one in node:
            yield from words_in(one)


@pytest.mark.parametrize("name", [*kind_names(), "workspace", "policies", "job", "extension"])
def test_every_word_of_our_schemas_is_known_to_the_quick_check(name: str) -> None:
    known = ANNOTATIONS | WORDS.keys() | {*OBJECT_WORDS, "then", "else"}
    strange = {word for word in words_in(schema_of(name)) if not word.startswith("x-bep-")} - known
    assert not strange, "a document with such a field would always be shown to jsonschema, which is slow"
