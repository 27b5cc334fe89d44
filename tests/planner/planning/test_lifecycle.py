"""What must hold of every history of worlds, whatever their kinds are called and however their provider behaves."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bep.planner.fields import value_at
from bep.planner.options import Options
from bep.planner.plan import Action, Plan
from bep.planner.planning.diffing import comparable
from bep.planner.planning.planning import plan
from bep.planner.planning.rollback import inverse
from bep.planner.state import State
from bep.schemas.address import Address, kind_of
from bep.schemas.kinds.kind import Kind
from bep.schemas.resource import Resource
from bep.schemas.secrets.secret import seal
from tests.worlds import EMPTY, Memory, apply, assert_whole, kind_sets, step, worlds

MOODS = st.lists(st.sampled_from(["works", "works", "fails before", "fails after"]), max_size=12)


def named(kinds: Mapping[str, Kind]) -> dict[str, Kind]:
    return {kind.name: kind for kind in kinds.values()}


def planned(wished: list[Resource], state: State, memory: Memory, kinds: Mapping[str, Kind], **options: Any) -> Plan:
    return plan(wished, state, dict(memory.objects), named(kinds), Options(**options))


def assert_as_wished(wished: list[Resource], memory: Memory, kinds: Mapping[str, Kind]) -> None:
    """Every field that was asked for is in the world as asked. Secrets go in and never come out."""
    asked = {resource.address: seal(resource.attributes, EMPTY.secret_key) for resource in wished}
    there = shown(memory, kinds)
    assert set(there) == set(asked)
    for address, fields in plain(asked, kinds).items():
        fields.pop("token", None)
        assert {name: there[address].get(name) for name in fields} == fields


def meddled(data: st.DataObject, memory: Memory, kinds: Mapping[str, Kind]) -> None:
    """Other people change, add to, and remove a few objects. What is registered they only remove."""
    for address in data.draw(st.lists(st.sampled_from(sorted(memory.objects)), max_size=3, unique=True)):
        registered = named(kinds)[kind_of(address)].registered
        deed = data.draw(st.sampled_from(["lose"] if registered else ["lose", "change", "add", "fill", "drop"]))
        match deed:
            case "lose":
                memory.lose(address)
            case "change":
                memory.meddle(address, lambda found: found.update(size=99))
            case "add":
                memory.meddle(address, lambda found: found.update(tags={**found.get("tags", {}), "added": "by hand"}))
            case "fill":
                memory.meddle(address, lambda found: found.update(filled="otherwise", stamp=-1))
            case _:
                memory.meddle(address, lambda found: found.pop("size", None))


def by_address(wished: list[Resource]) -> dict[Address, Resource]:
    return {resource.address: resource for resource in wished}


def plain(found: Mapping[Address, Mapping[str, Any]], kinds: Mapping[str, Kind]) -> dict[Address, Any]:
    """Attributes as they count: sets in one order, nothing the service fills in, no empty mapping."""
    return {
        address: {
            name: value for name, value in comparable(attributes, named(kinds)[kind_of(address)]).items() if value != {}
        }
        for address, attributes in found.items()
    }


def shown(memory: Memory, kinds: Mapping[str, Kind]) -> dict[Address, Any]:
    return plain({address: seen.attributes for address, seen in memory.objects.items()}, kinds)


@given(st.data())
def test_a_plan_after_its_apply_is_empty(data: st.DataObject) -> None:
    kinds = data.draw(kind_sets())
    state, memory = EMPTY, Memory()
    for wished in data.draw(st.lists(worlds(kinds), min_size=1, max_size=4)):
        first = planned(wished, state, memory, kinds)
        state = apply(first, state, memory)
        again = planned(wished, state, memory, kinds)
        assert not again.changes
        assert again.unchanged == len(wished) == len(memory.objects)
        assert set(memory.objects) == set(state.entries)
        assert_as_wished(wished, memory, kinds)
        for resource in wished:
            assert {*shown(memory, kinds)[resource.address]} <= {"filled", *resource.attributes}
        if memory.objects:
            meddled(data, memory, kinds)
    state = apply(planned([], state, memory, kinds, destroy=True), state, memory)
    assert not memory.objects
    assert not state.entries


def rewritten(resource: Resource) -> Resource:
    """The same wish in other words: a set the other way round, the same bytes elsewhere."""
    attributes = dict(resource.attributes)
    if "zones" in attributes:
        attributes["zones"] = attributes["zones"][::-1]
    if "path" in attributes:
        attributes["path"] = {**attributes["path"], "local": "moved elsewhere"}
    return replace(resource, attributes=attributes)


@given(st.data())
def test_noise_is_no_change(data: st.DataObject) -> None:
    kinds = data.draw(kind_sets())
    wished, memory = data.draw(worlds(kinds)), Memory()
    state = apply(planned(wished, EMPTY, memory, kinds), EMPTY, memory)
    for address in memory.objects:
        memory.meddle(address, lambda found: found.update(filled="otherwise", stamp=-1))
    again = planned([rewritten(resource) for resource in wished], state, memory, kinds)
    assert not again.changes
    assert again.drift == ()


@given(st.data())
def test_apply_does_what_the_plan_said_and_nothing_else(data: st.DataObject) -> None:
    kinds = data.draw(kind_sets())
    state, memory = EMPTY, Memory()
    for wished in data.draw(st.lists(worlds(kinds), min_size=2, max_size=3)):
        memory.calls.clear()
        before = dict(memory.objects)
        chosen = tuple(data.draw(st.sets(st.sampled_from(sorted(state.entries)), max_size=1))) if state.entries else ()
        found = planned(wished, state, memory, kinds, replace=chosen)
        state = apply(found, state, memory)
        written = [c for c in found.changes if c.action not in (Action.ADOPT, Action.FORGET, Action.RETAIN)]
        assert memory.calls == [change.id for change in written]
        touched = {change.address for change in written}
        assert {a: o for a, o in memory.objects.items() if a not in touched} == {
            a: o for a, o in before.items() if a not in touched
        }
        for change in written:
            for diff in change.diffs if change.after is not None else ():
                now = value_at(memory.objects[change.address].attributes, diff.path)
                assert diff.path == ("token",) or diff.after in (now, None)


@given(st.data())
def test_a_provider_that_fails_leaves_a_state_from_which_plan_and_apply_finish(data: st.DataObject) -> None:
    kinds = data.draw(kind_sets())
    state, memory = EMPTY, Memory()
    for wished in data.draw(st.lists(worlds(kinds), min_size=1, max_size=3)):
        memory.moods = data.draw(MOODS)
        state = apply(planned(wished, state, memory, kinds), state, memory)
        assert_whole(state, memory)
    memory.moods = []
    found = planned(wished, state, memory, kinds)
    assert "already-exists" not in {finding.code for finding in found.findings}
    state = apply(found, state, memory)
    assert not planned(wished, state, memory, kinds)
    assert_as_wished(wished, memory, kinds)


@given(st.data())
def test_what_bep_made_and_could_not_note_is_taken_in_by_the_next_plan(data: st.DataObject) -> None:
    kinds = data.draw(kind_sets())
    state, memory = EMPTY, Memory()
    wished = data.draw(worlds(kinds).filter(bool))
    found = planned(wished, state, memory, kinds)
    for number, change in enumerate(found.changes[: data.draw(st.integers(1, len(found.changes)))]):
        step(change, state, memory, f"operation {number}")
    ours = frozenset(seen.operation for seen in memory.objects.values())
    changed = data.draw(worlds(kinds).map(lambda other: {**by_address(wished), **by_address(other)}))
    wished = list(changed.values())
    again = planned(wished, state, memory, kinds, operations=ours)
    assert not again.findings
    state = apply(again, state, memory)
    assert not planned(wished, state, memory, kinds)
    assert_as_wished(wished, memory, kinds)


@given(st.data())
def test_a_rollback_restores_all_but_what_it_said_it_could_not(data: st.DataObject) -> None:
    kinds = data.draw(kind_sets())
    memory = Memory()
    first, second = data.draw(worlds(kinds)), data.draw(worlds(kinds))
    state = apply(planned(first, EMPTY, memory, kinds), EMPTY, memory)
    before, entries = shown(memory, kinds), plain({a: e.attributes for a, e in state.entries.items()}, kinds)
    forward = planned(second, state, memory, kinds)
    state = apply(forward, state, memory)
    back, left = inverse(forward, state)
    assert [undo for undo in forward.rollback if undo.obstacle] == list(left)
    state = apply(back, state, memory)
    lost = {undo.address for undo in left}
    assert {a: o for a, o in shown(memory, kinds).items() if a not in lost} == {
        a: o for a, o in before.items() if a not in lost
    }
    kept = plain({a: e.attributes for a, e in state.entries.items() if a not in lost}, kinds)
    assert kept == {a: e for a, e in entries.items() if a not in lost}


@given(st.data())
def test_forget_touches_nothing(data: st.DataObject) -> None:
    kinds = data.draw(kind_sets())
    memory = Memory()
    wished = data.draw(worlds(kinds).filter(bool))
    state = apply(planned(wished, EMPTY, memory, kinds), EMPTY, memory)
    chosen = data.draw(st.sampled_from(sorted(state.entries)))
    before = dict(memory.objects)
    found = planned(wished, state, memory, kinds, forget=(chosen,))
    assert [(change.action, change.address) for change in found.changes] == [(Action.FORGET, chosen)]
    memory.calls.clear()
    state = step(found.changes[0], state, memory, "none")
    assert chosen not in state.entries
    assert memory.objects == before
    assert not memory.calls


@given(st.data())
def test_refresh_only_writes_to_state_alone_and_the_next_plan_still_knows_the_wish(data: st.DataObject) -> None:
    kinds = data.draw(kind_sets())
    memory = Memory()
    wished = data.draw(worlds(kinds).filter(bool))
    state = apply(planned(wished, EMPTY, memory, kinds), EMPTY, memory)
    meddled(data, memory, kinds)
    straight = planned(wished, state, memory, kinds)
    before = dict(memory.objects)
    found = planned(wished, state, memory, kinds, refresh_only=True)
    assert {change.action for change in found.changes} <= {Action.ADOPT, Action.FORGET}
    for change in found.changes:
        entries = dict(state.entries)
        if change.action is Action.FORGET:
            del entries[change.address]
        else:
            seen = memory.objects[change.address]
            fresh = {"attributes": change.after, "observed": seen.attributes, "etag": seen.etag}
            entries[change.address] = entries[change.address].model_copy(update=fresh)
        state = state.model_copy(update={"entries": entries})
    assert memory.objects == before
    assert not planned(wished, state, memory, kinds, refresh_only=True)
    after = planned(wished, state, memory, kinds)
    assert {(c.id, c.action) for c in after.changes} == {(c.id, c.action) for c in straight.changes}


@given(st.data())
def test_a_plan_of_a_part_is_whole_in_itself(data: st.DataObject) -> None:
    kinds = data.draw(kind_sets())
    memory = Memory()
    first, second = data.draw(worlds(kinds)), data.draw(worlds(kinds))
    state = apply(planned(first, EMPTY, memory, kinds), EMPTY, memory)
    whole = planned(second, state, memory, kinds)
    names = st.sampled_from(sorted({change.address for change in whole.changes})) if whole else st.nothing()
    chosen = data.draw(st.lists(names, min_size=1, max_size=2)) if whole else []
    part = planned(second, state, memory, kinds, targets=tuple(chosen))
    assert {change.address for change in part.changes} >= set(chosen)
    assert {change.id for change in part.changes} <= {change.id for change in whole.changes}
    rest = planned(second, state, memory, kinds, excludes=tuple(chosen))
    assert not {change.address for change in rest.changes} & set(chosen)
    apply(part, state, Memory(dict(memory.objects), dict(memory.references)))
    apply(rest, state, memory)
