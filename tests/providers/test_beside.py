"""What somebody does through the server: planned alone, recorded beside what the specs asked, seen by the next plan."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bep.lazy_dataclasses import replace
from bep.planner.formats.journal import Intent, Outcome, decode, encode
from bep.planner.options import Options
from bep.planner.plan import Action, Plan
from bep.planner.planning.beside import OnlyReplaced, plan_beside
from bep.planner.state import Beside
from bep.providers.applying.entries import entry_beside
from bep.providers.applying.recovery import resolve
from bep.schemas.address import Address
from bep.schemas.kinds.kind import load_kinds
from bep.schemas.resource import Lifecycle, Resource
from tests.faults.scene import address, compute
from tests.providers.workshop import Workshop, chain

ONE, TWO = address(1), address(2)


def asked(
    shop: Workshop, wishes: Mapping[Address, Resource | None], *declared: Resource, by: str = "ci", **options: object
) -> Plan:
    """Carry out what somebody asks for, and give its plan."""
    observed = shop.world.read({*wishes, *shop.state.entries})
    made = plan_beside(wishes, declared, shop.state, observed, load_kinds(), Options())
    if made:
        resources = [one for one in wishes.values() if one is not None]
        assert shop.apply(made, *resources, by=by).ok
    return made


def test_a_change_leaves_what_was_applied_and_is_drift_with_a_name(tmp_path: Path) -> None:
    shop, spec = Workshop(tmp_path), compute(1, size="S")
    shop.make(spec)
    before = shop.state.entries[ONE]
    made = asked(shop, {ONE: compute(1, size="S", max_instances=9)}, spec)
    assert [one.action for one in made.changes] == [Action.UPDATE]
    after = shop.state.entries[ONE]
    assert after.model_copy(update={"beside": None}) == before
    assert after.beside is not None
    assert (after.beside.by, after.beside.made) == ("ci", False)
    [drift] = shop.plan(spec).drift
    assert (drift.changed_by, drift.changed_at) == ("ci through the server", after.beside.at)
    shop.make(spec)
    assert shop.state.entries[ONE].beside is None
    assert not shop.plan(spec).changes
    assert not shop.plan(spec).drift


def test_the_same_again_is_nothing_to_do(tmp_path: Path) -> None:
    shop, spec = Workshop(tmp_path), compute(1, size="S")
    shop.make(spec)
    serial = shop.state.serial
    assert not asked(shop, {ONE: spec}, spec)
    assert not asked(shop, {TWO: None}, spec)
    assert shop.state.serial == serial


def test_what_nobody_declares_is_told_and_left(tmp_path: Path) -> None:
    shop, spec, other = Workshop(tmp_path), compute(1, size="S"), compute(2, size="S")
    shop.make(spec)
    asked(shop, {TWO: other}, spec)
    assert shop.state.entries[TWO].is_made_beside
    made = shop.plan(spec)
    assert not made.changes
    assert [(one.address, one.answer, one.changed_by) for one in made.drift] == [
        (TWO, "kept: no spec declares it", "ci through the server")
    ]
    assert [one.action for one in shop.plan(spec, other).changes] == [Action.ADOPT]
    assert [one.address for one in shop.plan(spec, destroy=True).changes if one.action is Action.DELETE] == [TWO, ONE]
    shop.make(spec, other)
    assert not shop.state.entries[TWO].is_made_beside
    assert not shop.plan(spec, other).drift


def test_what_was_made_and_deleted_the_same_way_is_forgotten(tmp_path: Path) -> None:
    shop, spec = Workshop(tmp_path), compute(1, size="S")
    shop.make(spec)
    asked(shop, {TWO: compute(2, size="S")}, spec)
    asked(shop, {TWO: compute(2, size="S", max_instances=7)}, spec, by="other")
    assert shop.state.entries[TWO].beside == Beside(by="other", at=shop.state.entries[TWO].applied_at, made=True)
    asked(shop, {TWO: None}, spec)
    assert set(shop.state.entries) == {ONE}
    asked(shop, {TWO: compute(2, size="S")}, spec)
    gone = shop.world.objects.pop(TWO)
    assert [one.action for one in shop.plan(spec).changes] == [Action.FORGET]
    assert [one.action for one in shop.plan(spec, compute(2, size="S")).changes] == [Action.CREATE]
    assert [one.action for one in shop.plan(spec, compute(2, size="S"), refresh_only=True).changes] == [Action.FORGET]
    shop.world.objects[TWO] = gone
    assert not shop.plan(spec, compute(2, size="S"), refresh_only=True).changes


@pytest.mark.parametrize(("seconds", "by"), [(-1, "ci through the server"), (0, "ci through the server"), (1, "ops")])
def test_who_changed_it_last_is_told(tmp_path: Path, seconds: int, by: str) -> None:
    shop, spec = Workshop(tmp_path), compute(1, size="S")
    shop.make(spec)
    asked(shop, {ONE: compute(1, size="S", max_instances=7)}, spec)
    beside = shop.state.entries[ONE].beside
    assert beside is not None
    moment = (datetime.fromisoformat(beside.at) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
    shop.world.objects[ONE] = replace(shop.world.objects[ONE], changed_at=moment, changed_by="ops")
    [drift] = shop.plan(spec).drift
    assert drift.changed_by == by


def test_what_was_deleted_is_missed_by_name(tmp_path: Path) -> None:
    shop, spec = Workshop(tmp_path), compute(1, size="S")
    shop.make(spec)
    asked(shop, {ONE: None}, spec)
    made = shop.plan(spec)
    assert [one.action for one in made.changes] == [Action.CREATE]
    assert [(one.gone, one.changed_by) for one in made.drift] == [(True, "ci through the server")]
    asked(shop, {ONE: spec}, spec)
    assert not shop.state.entries[ONE].is_made_beside


def test_what_others_refer_to_and_what_is_guarded_is_not_deleted(tmp_path: Path) -> None:
    shop, specs = Workshop(tmp_path), chain(1, 2)
    shop.make(*specs)
    observed = shop.world.read(shop.state.entries)
    made = plan_beside({ONE: None}, specs, shop.state, observed, load_kinds(), Options())
    assert [one.code for one in made.blocking] == ["still-referenced"]
    guarded = replace(compute(2, size="S"), lifecycle=Lifecycle(prevent_destroy=True))
    made = plan_beside({TWO: None}, [guarded], shop.state, observed, load_kinds(), Options())
    assert [one.code for one in made.blocking] == ["protected"]
    with pytest.raises(OnlyReplaced, match="size cannot be changed in place"):
        plan_beside({ONE: compute(1, size="M")}, specs, shop.state, observed, load_kinds(), Options())


def test_the_plan_that_was_applied_last_stays_the_one_that_is_kept(tmp_path: Path) -> None:
    shop, spec = Workshop(tmp_path), compute(1, size="S")
    shop.make(spec)
    kept = shop.store.kept_plan()
    known = shop.state.applied_plans
    asked(shop, {ONE: compute(1, size="S", max_instances=9)}, spec)
    assert shop.store.kept_plan() == kept
    assert shop.state.applied_plans == known


@pytest.mark.parametrize("removes", [False, True])
@pytest.mark.parametrize("is_done", [False, True])
def test_an_interrupted_one_is_found_again(tmp_path: Path, is_done: bool, removes: bool) -> None:
    shop, spec = Workshop(tmp_path), compute(1, size="S")
    shop.make(spec)
    wish = compute(1, size="S", max_instances=9)
    if is_done and removes:
        shop.world.objects.pop(ONE)
    elif is_done:
        shop.world.update(wish, operation="op", etag=shop.world.objects[ONE].etag)
    action = Action.DELETE if removes else Action.UPDATE
    state = shop.state
    intent = Intent(
        lineage=state.lineage, serial=state.serial, operation="op", address=ONE, action=action, by="ci", removes=removes
    )  # fmt: skip
    assert decode(encode(intent)).records == (intent,)
    found = resolve(state, [intent], None, shop.world, shop.clock)
    [outcome] = found.outcomes
    assert outcome.status == ("done" if is_done else "failed")
    assert "ci had asked for it through the server" in found.notes[0]
    if is_done:
        assert outcome.entry is not None
        assert outcome.entry.beside == Beside(by="ci", at=intent.at)
        assert decode(encode(outcome)).records == (outcome,)


def test_nothing_more_is_written_where_nobody_wrote_beside_the_specs(tmp_path: Path) -> None:
    shop = Workshop(tmp_path)
    shop.make(compute(1, size="S"))
    entry = shop.state.entries[ONE]
    assert b"beside" not in (tmp_path / "state.json").read_bytes()
    done = Outcome(lineage="here", serial=1, operation="o", address=ONE, status="done", entry=entry)
    assert b"beside" not in encode(done)
    assert b'"by"' not in encode(Intent(lineage="l", serial=1, operation="o", address=ONE, action=Action.CREATE))
    assert entry_beside(TWO, None, None, "ci", "now") is None
