"""`x-bep: {for_each: ...}`: one document, a resource an entry; the same resources as written-out documents."""

import pytest

from bep.schemas.specs.loading import Loaded
from tests.schemas.conftest import Workbench

WRITTEN_OUT = """\
name: cpu-north
type: amlcompute
size: STANDARD_DS3_V2
max_instances: 2
tags: {region: north, owner: vision}
---
name: cpu-south
type: amlcompute
size: STANDARD_DS4_V2
max_instances: 8
tags: {region: south, owner: vision}
"""
ONCE = """\
name: cpu-${{ each.key }}
type: amlcompute
size: ${{ each.value.size }}
max_instances: ${{ each.value.nodes }}
tags: {region: "${{ each.key }}", owner: "${{ var.owner }}"}
x-bep:
  for_each:
    south: {size: STANDARD_DS4_V2, nodes: 8}
    north: {size: "STANDARD_${{ var.size }}_V2", nodes: 2}
"""
NAMED = "name: ${{ each.key }}\ntype: amlcompute\n"
BEP = "workspace: w\nspecs: [specs.yml]\nvariables: {owner: {default: vision}, size: {default: DS3}}\n"


def loaded(bench: Workbench, text: str, bep: str = BEP, **given: object) -> Loaded:
    bench.write("bep.yml", bep)
    bench.write("specs.yml", text)
    return bench.load(**given)  # type: ignore[arg-type]


def attributes(found: Loaded) -> dict[str, object]:
    assert found.findings == ()
    return {resource.address: dict(resource.attributes) for resource in found.resources}


def told(found: Loaded) -> list[tuple[str, str]]:
    return [(finding.code, finding.message) for finding in found.findings]


def test_it_declares_what_written_out_documents_declare(bench: Workbench) -> None:
    written_out = attributes(loaded(bench, WRITTEN_OUT))
    assert attributes(loaded(bench, ONCE)) == written_out
    assert set(written_out) == {"compute/cpu-north", "compute/cpu-south"}


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("[north, south]", {}),
        ("[south, north]", {}),
        ("['${{ var.first }}', south]", {}),
        ("${{ var.names }}", {}),
        ("${{ var.names }}", {"variables": {"names": "[north, south]"}}),
        ("${{ var.names }}", {"environment": {"BEP_VAR_names": "- south\n- north"}}),
    ],
)
def test_a_list_is_its_own_keys_in_any_order_and_may_be_a_variable(
    bench: Workbench, asked: str, given: dict[str, object]
) -> None:
    default = "" if given else "default: [north, south], "
    bep = (
        f"workspace: w\nspecs: [specs.yml]\nvariables: {{first: {{default: north}}, names: {{{default}type: list}}}}\n"
    )
    text = NAMED + f"description: of ${{{{ each.value }}}}\nx-bep:\n  for_each: {asked}\n"
    found = attributes(loaded(bench, text, bep, **given))
    assert {name: value["description"] for name, value in found.items()} == {  # type: ignore[index]
        "compute/north": "of north",
        "compute/south": "of south",
    }


def test_values_keep_their_types_and_a_whole_mapping_can_be_put_in(bench: Workbench) -> None:
    text = """\
name: ${{ each.key }}
type: amlcompute
max_instances: ${{ each.value.nodes }}
tags: ${{ each.value.tags }}
x-bep:
  for_each: "${{ var.clusters }}"
  lifecycle: {prevent_destroy: "${{ each.value.kept }}"}
"""
    bep = """\
workspace: w
specs: [specs.yml]
variables:
  clusters:
    type: map
    default:
      one: {nodes: 3, tags: {a: x}, kept: true}
      two: {nodes: 4, tags: {a: y, b: z}, kept: false}
"""
    found = loaded(bench, text, bep)
    assert {n: (a["max_instances"], a["tags"]) for n, a in attributes(found).items()} == {  # type: ignore[index]
        "compute/one": (3, {"a": "x"}),
        "compute/two": (4, {"a": "y", "b": "z"}),
    }
    assert [resource.lifecycle.prevent_destroy for resource in found.resources] == [True, False]


def test_an_endpoint_with_its_deployments_is_written_once_for_several_regions(bench: Workbench) -> None:
    bench.write("code/score.py", "def run(mini_batch):\n    return mini_batch\n")
    bench.write("model/weights", "1")
    text = """\
name: letters-${{ each.key }}
auth_mode: aad_token
defaults: {deployment_name: blue}
deployments:
  - name: blue
    model: {name: "letters-${{ each.key }}", version: 1, path: model}
    code_configuration: {code: code, scoring_script: score.py}
    environment: {name: plain, version: 1, image: python}
    compute: azureml:cpu
x-bep: {for_each: [north, south]}
---
{name: cpu, type: amlcompute}
"""
    assert set(attributes(loaded(bench, text))) == {
        "compute/cpu",
        "environment/plain/1",
        *(f"{kind}/letters-{region}{rest}" for region in ("north", "south") for kind, rest in PARTS),
    }


PARTS = (("endpoint", ""), ("deployment", "/blue"), ("traffic", ""), ("model", "/1"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "name: cpu\ntype: amlcompute\nx-bep: {for_each: [a, b]}\n",
            [("for-each-one-name", "each entry of for_each would declare the same resource")],
        ),
        (
            NAMED + "x-bep: {for_each: 3}\n",
            [("for-each-shape", "for_each must be a list or a mapping")],
        ),
        (
            NAMED + "x-bep: {for_each: [north, {b: 1}, north]}\n",
            [
                ("for-each-key", "an entry of a list is its own key, so it must be text or a number"),
                ("for-each-key", "for_each has 'north' twice"),
            ],
        ),
        (
            NAMED + "size: ${{ each.value.sice }}\nx-bep: {for_each: {north: {size: x}}}\n",
            [("for-each-value", "each.value.sice: the entry has no 'sice' (for_each: north)")],
        ),
        (
            NAMED + "size: x${{ each.value }}\nx-bep: {for_each: {north: {size: x}}}\n",
            [("for-each-value", "each.value is a mapping, which cannot be part of a text (for_each: north)")],
        ),
        (
            NAMED + "max_instances: ${{ each.value }}\nx-bep: {for_each: {north: 1, south: -1}}\n",
            [("out-of-range", "max_instances must be at least 1, not -1 (for_each: south)")],
        ),
        (
            NAMED,
            [("unknown-expression", "'each.key' means nothing here")],
        ),
        (
            "name: ${{ each.value.of }}\ntype: amlcompute\nx-bep: {for_each: {north: {of: cpu}, south: {of: cpu}}}\n",
            [("duplicate-address", "declared twice; first at specs.yml:1:1")],
        ),
        (
            NAMED + "x-bep: {for_each: '${{ env.NAMES }}'}\n",
            [
                (
                    "secret-not-sensitive",
                    "a secret is only allowed in a sensitive field, such as account_key, or in environment_variables",
                )
            ],
        ),
    ],
)
def test_what_is_wrong_is_said_with_the_entry(bench: Workbench, text: str, expected: list[tuple[str, str]]) -> None:
    assert told(loaded(bench, text)) == expected


def test_a_variable_of_several_values_is_no_part_of_a_text(bench: Workbench) -> None:
    bep = "workspace: w\nspecs: [specs.yml]\nvariables: {names: {type: list, default: [a]}}\n"
    found = loaded(bench, "name: x-${{ var.names }}\ntype: amlcompute\n", bep)
    assert told(found) == [("variable-in-text", "'var.names' is a list or a mapping, which cannot be part of a text")]


def test_each_copy_of_a_variable_is_its_own(bench: Workbench) -> None:
    bep = "workspace: w\nspecs: [specs.yml]\nvariables: {tags: {type: map, default: {a: x}}}\n"
    text = (
        "name: one\ntype: amlcompute\ntags: ${{ var.tags }}\n---\nname: two\ntype: amlcompute\ntags: ${{ var.tags }}\n"
    )
    found = attributes(loaded(bench, text, bep))
    assert [value["tags"] for value in found.values()] == [{"a": "x"}, {"a": "x"}]  # type: ignore[index]
