import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bep.planner.facts import GivenValue, JobsEffect, Level, OutputDiff, Since
from bep.planner.formats.planfile import PlanInvalid, decode, distrust, encode, key_name, signed
from bep.planner.plan import FORMAT_VERSION, PlanFinding
from tests.planner.scenes import Scene, article
from tests.worlds import KEY

FIXTURES = Path(__file__).parents[2] / "fixtures"

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
    assert reason(altered(format_version=9, bep_version="9.9")) == (
        f"it has format 9, written by bep 9.9; this bep reads up to {FORMAT_VERSION}"
    )


@given(
    st.sampled_from(sorted(set(json.loads(TEXT)) - {"format_version", "signature"})),
    st.none() | st.text() | st.integers(),
)
def test_an_altered_member_is_refused(name: str, value: object) -> None:
    if json.loads(TEXT)[name] != value:
        assert reason(altered(**{name: value})) == (
            "it was altered since bep wrote it: its digest does not match; plan again"
        )


def test_one_changed_letter_deep_inside_is_refused() -> None:
    assert "altered" in reason(TEXT.replace("predictions.csv", "predictionz.csv", 1))


def test_only_the_holder_of_the_key_can_have_signed_a_plan() -> None:
    made = signed(PLAN, "key")
    assert distrust(decode(encode(made)), "key") == ""
    assert distrust(made.model_copy(update={"signature": ""}), "key") == "it is not signed: plan again"
    assert distrust(made, "other") == (
        f"it is signed with another state's key ({key_name('key')}; this state's is {key_name('other')}): plan again"
    )
    for name in set(type(PLAN).model_fields) - {"digest", "signature"}:
        if getattr(made, name) == CHANGED.get(name, "changed"):
            continue
        other = signed(made.model_copy(update={name: CHANGED.get(name, "changed")}), "anybody's")
        forged = other.model_copy(update={"signature": made.signature})
        assert distrust(forged, "key") == "it was altered since bep signed it: plan again", name
    assert "a-secret-of-the-state" not in encode(signed(PLAN, "a-secret-of-the-state"))


def test_a_plan_of_the_earlier_format_is_read_written_and_trusted_as_it_was_signed() -> None:
    text = (FIXTURES / "plan_format_2.json").read_text()
    earlier = decode(text)
    assert (earlier.format_version, earlier.risks, earlier.since) == (2, (), None)
    assert encode(earlier) == text
    assert distrust(earlier, KEY) == ""
    assert "altered" in distrust(earlier.model_copy(update={"unchanged": 99}), KEY)


CHANGED: dict[str, Any] = {
    "changes": (),
    "findings": (PlanFinding(severity="error", code="x", address="a", message="m"),),
    "serial": 99,
    "unchanged": 99,
    "format_version": 0,
    "notes": ("n",),
    "drift": (),
    "rollback": (),
    "risk": Level.HIGH,
    "risks": (),
    "comparisons": (),
    "jobs": JobsEffect(unfinished=99),
    "outputs": (OutputDiff(name="o"),),
    "values": (GivenValue(name="v", value="1", source="default"),),
    "since": Since(digest="sha256:x"),
}
