"""Values of bep's own formats: what the strict reader takes, and that it never takes what pydantic would refuse."""

import copy
import json
import pickle
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bep.planner.formats.journal import Intent, Outcome
from bep.planner.plan import Action, Change, FieldDiff, Plan, PlanFinding
from bep.planner.state import ContentRecord, Entry, Guards, State
from bep.runner.cluster.lines import Doing, Piece, Settled
from bep.runner.folder.record import Counts, JobRecord, Status
from bep.runner.request import ScoringTarget, Settings
from bep.schemas.address import Address
from bep.schemas.resource import Retries, Timeouts
from bep.schemas.values.modelling import model_of
from bep.schemas.values.written import Invalid, Written

CPU = Address("compute/cpu")
GUARDS = Guards(ignore_changes=("tags",), retry=Retries(2, 0.5), timeouts=Timeouts(create=9.0))
ENTRY = Entry(
    address=CPU,
    attributes={"name": "cpu", "sizes": [1, 2.5, None, True, {"a": "é"}]},
    observed={"name": "cpu"},
    etag="1",
    references=(Address("model/m/1"),),
    contents={"path": ContentRecord(sha256="sha256:0", files={"a.py": "1"}, rule=2)},
    guards=GUARDS,
)
STATE = State(lineage="l", serial=3, secret_key="k", entries={CPU: ENTRY}, applied_plans=("sha256:1",))
DIFF = FieldDiff(path=("tags", 0), before={"a": 1}, files=("+ new.py",))
CHANGE = Change(id="1", address=CPU, action=Action.CREATE, after={"name": "cpu"}, diffs=(DIFF,), prior_guards=GUARDS)
FINDING = PlanFinding(severity="error", code="c", address=CPU, message="no")
PLAN = Plan(lineage="l", serial=1, changes=(CHANGE,), findings=(FINDING,))
RECORD = JobRecord(
    name="job",
    status=Status.RUNNING,
    target=ScoringTarget(endpoint="e", deployment="d", deployment_digest="x", interpreter=("python",)),
    settings=Settings(mini_batch_size=2, worker_memory="2GB"),
    inputs=("a",),
    input_text="a",
    folder=Path("/jobs/job"),
    output_folder=Path("/out"),
    output_text="out",
    created=datetime(2026, 1, 2, 3, 4, 5, 6, UTC),
    counts=Counts(items=3),
)
SETTLED = Settled(
    key=1, pieces=(Piece(first=0, end=2, scored=1, failed=1, segment="s"),), returned=((2, 4, 2), (9, 1, 1))
)
DOING = Doing(scored=2, items_per_second=0.5, workers=(("process000", "scoring", 1.5, 3, None),))
SAMPLES: tuple[Written, ...] = (
    SETTLED,
    DOING,
    STATE,
    PLAN,
    RECORD,
    Intent(lineage="l", serial=1, operation="o", address=CPU, action=Action.DELETE),
    Outcome(lineage="l", serial=1, operation="o", address=CPU, status="done", entry=ENTRY),
)


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where anything stands in a JSON value, itself included."""
    yield at
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in items:
        yield from places(item, (*at, name))


def other_at(value: Any, at: tuple[Any, ...], new: Any) -> Any:
    """The same with another value at one place."""
    if not at:
        return new
    changed = copy.deepcopy(value)
    inner = changed
    for name in at[:-1]:
        inner = inner[name]
    inner[at[-1]] = new
    return changed


def members(value: Any) -> Any:
    """Every field, those not given as well."""
    if hasattr(value, "model_dump"):
        return {name: members(item) for name, item in vars(value).items()}
    if isinstance(value, dict):
        return {name: members(item) for name, item in value.items()}
    return type(value)(map(members, value)) if isinstance(value, tuple | list) else value


def verdict(reader: Any, value: Any) -> str:
    """What a reader makes of a value, types and all, or what it says of it."""
    try:
        return repr(members(reader.model_validate(value))).replace("TzInfo(0)", "datetime.timezone.utc")
    except Invalid as refused:
        return refused.reason
    except pydantic.ValidationError as refused:
        return str(refused.errors()[0]["msg"])


ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([2**53, 2**70, 0.5, 1.0, "", "1", "true", "done", "create", "2026-01-02", "GB", "info", "info\n"]),
    st.sampled_from([[], {}, ["a"], [1], {"a": 1}, {"name": "x"}, {"attempts": 1}, [["tags", "x"]]]),
)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: type(sample).__name__)
def test_what_is_written_is_read_back(sample: Written) -> None:
    text = sample.model_dump_json()
    assert type(sample).model_validate_json(text) == sample
    assert type(sample).model_validate(json.loads(text)) == sample
    assert sample.model_dump(mode="json") == model_of(type(sample)).model_validate_json(text).model_dump(mode="json")
    assert copy.deepcopy(sample) == pickle.loads(pickle.dumps(sample)) == sample.model_copy() == sample


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: type(sample).__name__)
@given(data=st.data())
def test_whatever_else_comes_is_taken_or_refused_as_pydantic_does(sample: Written, data: st.DataObject) -> None:
    written = json.loads(sample.model_dump_json())
    at = data.draw(st.sampled_from([place for place in places(written) if place]))
    if data.draw(st.booleans()) and isinstance(at[-1], str):
        at = (*at[:-1], data.draw(st.sampled_from(["unknown", at[-1]])))
    changed = other_at(written, at, data.draw(ANYTHING))
    assert verdict(type(sample), changed) == verdict(model_of(type(sample)), changed)


@pytest.mark.parametrize(
    "text", ["", "[]", "null", "{", '{"lineage":"\\ud800"}', '{"lineage":"\udc80"}', "[" * 100_000, "1" * 5000]
)
def test_what_is_no_sound_text_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        State.model_validate_json(text)


def test_a_value_is_made_as_it_is_read_and_stays_as_it_is() -> None:
    made = Guards(ignore_changes=["tags"])  # type: ignore[arg-type]
    assert made == Guards(ignore_changes=("tags",))
    assert {made: 1}[Guards(ignore_changes=("tags",))] == 1
    with pytest.raises(AttributeError, match="Guards is frozen"):
        made.prevent_destroy = True  # type: ignore[misc]
    with pytest.raises(Invalid, match="mini_batch_size"):
        Settings(mini_batch_size=0)
    with pytest.raises(Invalid, match="Extra inputs"):
        Settings(mini_batch=1)  # type: ignore[call-arg]
    assert "canary" not in repr(RECORD.target.model_copy(update={"environment_variables": {"A": "canary"}}))


def test_what_is_only_for_a_reader_of_this_program_is_never_written() -> None:
    with pytest.raises(TypeError, match="object is nothing that is written"):
        ENTRY.model_copy(update={"attributes": {"a": object()}}).model_dump_json()
    assert "sync_seconds" not in Settings().model_dump()
    assert Guards().model_dump(exclude_defaults=True) == {}


def test_sound_values_are_read_without_pydantic() -> None:
    script = """
import sys
from bep.planner.formats.journal import decode, encode
from bep.planner.formats import statefile
from bep.runner.folder.record import JobRecord
state = statefile.decode(statefile.encode(statefile.State.model_validate_json(sys.argv[1])))
record = JobRecord.model_validate_json(sys.argv[2])
sys.exit("pydantic" in sys.modules)
"""
    texts = [STATE.model_dump_json(), RECORD.model_dump_json()]
    assert subprocess.run([sys.executable, "-c", script, *texts], check=False).returncode == 0
