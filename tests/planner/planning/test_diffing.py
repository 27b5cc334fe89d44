import json
import subprocess
import sys
from collections.abc import Iterable
from typing import Any

import pytest
from deepdiff import DeepDiff
from hypothesis import given
from hypothesis import strategies as st

from bep.planner.fields import value_at
from bep.planner.plan import FieldDiff, Origin
from bep.planner.planning.diffing import Comparison, Sides, _changed, _leaves, compare
from bep.schemas.kinds.kind import Kind, read_kind
from bep.schemas.resource import FieldPath

KIND: Kind = read_kind(
    json.dumps(
        {
            "x-bep-kind": "thing",
            "x-bep-order": 1,
            "x-bep-identity": ["name"],
            "x-bep-summary": "",
            "properties": {
                "name": {"x-bep-immutable": True},
                "frame": {"x-bep-immutable": True, "properties": {"inner": {}}},
                "zones": {"x-bep-set-like": True},
                "code": {"x-bep-content": True},
                "stamp": {"x-bep-server-filled": True},
                "parts": {"items": {"properties": {"seen": {"x-bep-server-filled": True}}}},
                "split": {"additionalProperties": {"default": 0}},
            },
        }
    )
)
SEALED_A, SEALED_B = {"x-bep-sealed": "hmac-sha256:a"}, {"x-bep-sealed": "hmac-sha256:b"}


def compared(wanted: Any, applied: Any, returned: Any, now: Any, *ignore: str) -> Comparison:
    return compare(Sides(wanted, applied, returned, now), KIND, ignore)


def only(found: Comparison) -> FieldDiff:
    (diff,) = found.diffs
    return diff


@pytest.mark.parametrize(
    ("wanted", "applied", "returned", "now", "origin"),
    [
        (2, 1, 1, 1, Origin.SPEC),
        (1, 1, 1, 9, Origin.DRIFT),
        (2, 1, 1, 9, Origin.BOTH),
    ],
)
def test_each_difference_says_who_made_it(wanted: int, applied: int, returned: int, now: int, origin: Origin) -> None:
    diff = only(compared({"n": wanted}, {"n": applied}, {"n": returned}, {"n": now}))
    assert (diff.origin, diff.before, diff.after, diff.last_applied) == (origin, now, wanted, applied)


def test_a_world_that_already_is_as_the_specs_now_ask_needs_no_change() -> None:
    found = compared({"n": 2}, {"n": 1}, {"n": 1}, {"n": 2})
    assert not found.diffs
    assert found.settled == (("n",),)
    assert [diff.path for diff in found.drifted] == [("n",)]


def test_what_a_service_spells_its_own_way_or_fills_in_is_no_difference() -> None:
    same = {"size": "standard_ds3", "tags": {"a": "1"}}
    returned = {"size": "STANDARD_DS3", "tags": {"a": "1"}, "priority": "dedicated", "stamp": 1}
    assert compared(same, same, returned, {**returned, "stamp": 2, "priority": "low"}) == Comparison()


def test_a_field_that_someone_added_is_drift_and_goes() -> None:
    diff = only(compared({"tags": {}}, {"tags": {}}, {"tags": {}}, {"tags": {"owner": "ops"}}))
    assert (diff.path, diff.before, diff.after, diff.origin) == (("tags", "owner"), "ops", None, Origin.DRIFT)


def test_a_field_taken_out_of_the_spec_goes() -> None:
    diff = only(compared({}, {"n": 1}, {"n": 1}, {"n": 1}))
    assert (diff.before, diff.after, diff.origin) == (1, None, Origin.SPEC)


def test_sets_have_no_order_and_lists_have() -> None:
    assert compared({"zones": ["b", "a"]}, {"zones": ["a", "b"]}, {}, {}) == Comparison()
    diff = only(compared({"steps": ["b", "a"]}, {"steps": ["a", "b"]}, {}, {}))
    assert (diff.path, diff.before, diff.after) == (("steps",), ["a", "b"], ["b", "a"])


def test_content_is_its_digest_and_not_its_place() -> None:
    old, moved = {"code": {"local": "src", "sha256": "1"}}, {"code": {"local": "elsewhere", "sha256": "1"}}
    assert compared(moved, old, old, old) == Comparison()
    changed = {"code": {"local": "src", "sha256": "2"}}
    assert only(compared(changed, old, old, old)).path == ("code",)
    assert only(compared({"code": "azureml://x"}, old, old, old)).after == "azureml://x"


def test_a_server_filled_field_inside_a_list_does_not_count() -> None:
    now = {"parts": [{"n": 1, "seen": 2}]}
    assert compared({"parts": [{"n": 1}]}, {"parts": [{"n": 1}]}, {"parts": [{"n": 1, "seen": 1}]}, now) == Comparison()


def test_a_secret_that_never_comes_back_is_compared_with_what_was_last_applied() -> None:
    diff = only(compared({"key": SEALED_B}, {"key": SEALED_A}, {}, {}))
    assert (diff.before, diff.after, diff.origin) == (SEALED_A, SEALED_B, Origin.SPEC)
    assert compared({"key": SEALED_A}, {"key": SEALED_A}, {}, {}) == Comparison()


def test_what_cannot_be_changed_in_place_forces_replacement_wherever_it_stands() -> None:
    found = compared({"frame": {"inner": 2}, "n": 2}, {"frame": {"inner": 1}, "n": 1}, {}, {})
    assert {diff.path: diff.forces_replacement for diff in found.diffs} == {("frame", "inner"): True, ("n",): False}


def test_an_absent_share_stands_for_its_default() -> None:
    found = compared({"split": {"b": 100}}, {"split": {"a": 100}}, {"split": {"a": 100}}, {"split": {"a": 100}})
    assert [(diff.path[1], diff.before, diff.after, diff.default) for diff in found.diffs] == [
        ("a", 100, None, 0),
        ("b", None, 100, 0),
    ]


def test_ignored_fields_are_said_and_nothing_else_is_hidden() -> None:
    found = compared({"n": 2, "tags": {"a": "2"}}, {"n": 1, "tags": {"a": "1"}}, {}, {}, "tags")
    assert [diff.path for diff in found.diffs] == [("n",)]
    assert found.ignored == (("tags", "a"),)
    assert compared({"n": 1}, {"n": 1}, {}, {}, "tags").ignored == ()
    assert compared({"n": 2, "tags": {"a": "1"}}, {"n": 1, "tags": {"a": "1"}}, {}, {}, "tags").ignored == ()


def test_of_a_mapping_a_field_alone_may_be_ignored() -> None:
    found = compared({"tags": {"a": "2", "b": "2"}}, {"tags": {"a": "1", "b": "1"}}, {}, {}, "tags.a")
    assert [diff.path for diff in found.diffs] == [("tags", "b")]
    assert found.ignored == (("tags", "a"),)


def test_a_value_that_changes_its_shape_is_one_difference() -> None:
    diff = only(compared({"x": {"a": 1}}, {"x": "a"}, {"x": "a"}, {"x": "a"}))
    assert (diff.path, diff.before, diff.after) == (("x",), "a", {"a": 1})


def test_a_value_that_the_specs_change_in_shape_and_the_world_inside_is_one_difference_of_both() -> None:
    diff = only(compared({"x": "a"}, {"x": {"a": 1}}, {"x": {"a": 1}}, {"x": {"a": 2}}))
    assert (diff.path, diff.before, diff.after, diff.origin) == (("x",), {"a": 2}, "a", Origin.BOTH)


def test_of_a_mapping_that_a_service_did_not_return_only_what_someone_added_goes() -> None:
    mine = {"tags": {"a": "1"}}
    diff = only(compared(mine, mine, {}, {"tags": {"owner": "ops"}}))
    assert (diff.path, diff.before, diff.after, diff.origin) == (("tags", "owner"), "ops", None, Origin.DRIFT)


def test_what_stands_beside_a_digest_that_is_no_content_of_its_kind_counts() -> None:
    before, after = {"tags": {"sha256": "1", "owner": "ann"}}, {"tags": {"sha256": "1", "owner": "bob"}}
    assert only(compared(after, before, before, before)).path == ("tags", "owner")


def test_a_tree_differs_in_its_leaves_however_deep_they_lie() -> None:
    before = {"x": {"a": {"b": {"same": 1, "other": 1, "gone": {"y": 1}}, "c": {"d": 1}}}}
    after = {"x": {"a": {"b": {"same": 1, "other": 2, "new": {"z": 1}}, "c": "d"}}}
    found = compared(after, before, before, before)
    assert {diff.path: (diff.before, diff.after) for diff in found.diffs} == {
        ("x", "a", "b", "gone", "y"): (1, None),
        ("x", "a", "b", "new", "z"): (None, 1),
        ("x", "a", "b", "other"): (1, 2),
        ("x", "a", "c"): ({"d": 1}, "d"),
    }


def test_true_is_not_one_and_thirty_is_thirty() -> None:
    assert only(compared({"x": True, "y": 2}, {"x": 1, "y": 2}, {}, {})).path == ("x",)
    assert compared({"x": 30}, {"x": 30.0}, {}, {}) == Comparison()


def test_equal_sides_do_not_load_what_finds_differences() -> None:
    program = (
        "import sys; from bep.planner.planning import planning; from bep.planner.state import State;"
        "found = planning.plan([], State(lineage='l', secret_key='k'), {}, {}, planning.Options());"
        "sys.exit(bool(found) or 'deepdiff' in sys.modules or 'networkx' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


TREES = st.recursive(
    st.sampled_from([None, 0, 1, 2.5, "", "a", "list [1]"]),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from("abc"), TREES), st.dictionaries(st.sampled_from("abc"), TREES))
def test_what_differs_is_what_deepdiff_finds(first: dict[str, Any], second: dict[str, Any]) -> None:
    """By their leaves: of mappings that have little in common it says that they differ, and no more."""

    def leaves(roots: Iterable[FieldPath]) -> set[FieldPath]:
        sides = Sides(first, second, {}, {})
        every = {leaf for root in roots for leaf in _leaves(root, sides)}
        return {leaf for leaf in every if value_at(first, leaf) != value_at(second, leaf)}

    levels = DeepDiff(first, second, view="tree").values()
    assert leaves(_changed(first, second)) == leaves(
        tuple(each.path(output_format="list")) for level in levels for each in level
    )


def test_fields_are_compared_in_the_order_of_their_names() -> None:
    found = compared({"tags": 1, "name": 1, "frame": 1}, {}, {}, {})
    assert [diff.path for diff in found.diffs] == [("frame",), ("name",), ("tags",)]
