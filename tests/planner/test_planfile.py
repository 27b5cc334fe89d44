import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bep.planner.planfile import PlanInvalid, decode, encode
from tests.planner.scenes import Scene, article

PLAN = Scene().plan(article())
TEXT = encode(PLAN)


def reason(text: str) -> str:
    with pytest.raises(PlanInvalid) as caught:
        decode(text)
    return caught.value.reason


def altered(**members: Any) -> str:
    return json.dumps({**json.loads(TEXT), **members})


def test_a_plan_comes_back_as_it_was() -> None:
    assert decode(TEXT) == PLAN
    assert PLAN.digest.startswith("sha256:")


def test_another_layout_of_the_same_plan_is_the_same_plan() -> None:
    assert decode(json.dumps(json.loads(TEXT), sort_keys=True)) == PLAN


def test_what_is_not_a_plan_is_refused_with_a_reason() -> None:
    assert reason("") == "it is empty"
    assert reason(TEXT[:-9]).startswith("it is not JSON: ")
    assert reason("[1]") == "it is JSON, but not a plan of bep"
    assert reason("{}") == "it is JSON, but not a plan of bep: it has no format_version"
    assert reason("[" * 100_000).startswith("it is not JSON")
    assert reason(altered(format_version=2, bep_version="9.9")) == (
        "it has format 2, written by bep 9.9; this bep reads up to 1"
    )


@given(st.sampled_from(sorted(set(json.loads(TEXT)) - {"format_version"})), st.none() | st.text() | st.integers())
def test_an_altered_member_is_refused(name: str, value: object) -> None:
    if json.loads(TEXT)[name] != value:
        assert reason(altered(**{name: value})) == (
            "it was altered since bep wrote it: its digest does not match; plan again"
        )


def test_one_changed_letter_deep_inside_is_refused() -> None:
    assert "altered" in reason(TEXT.replace("predictions.csv", "predictionz.csv", 1))
