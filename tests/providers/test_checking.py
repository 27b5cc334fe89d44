"""Why a plan is not applied: its signature, what is guarded by now, what the specs and the world say by now. Values."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bep.planner.formats.planfile import signed
from bep.planner.plan import Plan, PlanFinding
from bep.planner.state import State
from bep.providers.applying.checking import (
    PlanRefused,
    PlanStale,
    check_plan,
    check_safety,
    check_world,
    differences,
)
from bep.schemas.address import Address
from bep.schemas.resource import Lifecycle
from bep.schemas.secrets.secret import SEALED
from tests.planner.scenes import Scene, Wish, article, compute, deployment, model, wanted

COMPUTE, BLUE = Address("compute/cpu-cluster"), Address("deployment/mybatchedp/blue")
ONLY: Wish = {COMPUTE: compute()}
UNDECLARED = "no spec declares it any more"


def reasons(plan: Plan, state: State, wish: Wish) -> list[str]:
    try:
        check_plan(plan, state, wish)
    except PlanRefused as refused:
        return list(refused.reasons)
    return []


def guarded(state: State) -> State:
    """The same entries, each of which nothing may take away."""
    kept = {
        name: entry.model_copy(update={"guards": entry.guards.model_copy(update={"prevent_destroy": True})})
        for name, entry in state.entries.items()
    }
    return state.model_copy(update={"entries": kept})


def protecting(wish: Wish) -> Wish:
    return {name: replace(resource, lifecycle=Lifecycle(prevent_destroy=True)) for name, resource in wish.items()}


@pytest.mark.parametrize(
    "wish",
    [article(deployment("green")), article(compute(max_instances=9)), article(compute(size="other")), {}],
    ids=["create", "update", "replace", "delete"],
)
def test_a_plan_of_these_specs_and_this_state_is_applied(wish: Wish) -> None:
    scene = Scene().applied(article())
    plan = scene.plan(wish, allow=("delete-many", "delete-active"))
    assert plan.changes
    assert reasons(plan, scene.state, wish) == []
    check_world(plan, scene.state, scene.memory.objects)


def test_all_reasons_are_told_at_once() -> None:
    plan = Scene().plan({**ONLY, BLUE: deployment("blue")})
    with pytest.raises(PlanRefused) as refused:
        check_plan(plan, Scene().state, {})
    assert str(refused.value) == (
        "the plan is refused; nothing was changed\n"
        "  compute/cpu-cluster: the plan writes it, but the specs no longer declare it\n"
        "  deployment/mybatchedp/blue: the plan writes it, but the specs no longer declare it"
    )


@pytest.mark.parametrize(
    ("forge", "reason"),
    [
        (lambda plan: plan.model_copy(update={"signature": ""}), "it is not signed"),
        (
            lambda plan: plan.model_copy(update={"signature": "hmac-sha256:00000000:00"}),
            "signed with another state's key",
        ),
        (lambda plan: plan.model_copy(update={"created_at": "2027-01-01T00:00:00Z"}), "it was altered since"),
    ],
    ids=["unsigned", "other key", "altered"],
)
def test_a_plan_that_the_state_has_not_signed_is_refused(forge: Callable[[Plan], Plan], reason: str) -> None:
    scene = Scene()
    [told] = reasons(forge(scene.plan(ONLY)), scene.state, ONLY)
    assert reason in told


def test_what_was_applied_already_is_refused_and_what_was_never_numbered_is_not() -> None:
    scene = Scene()
    plan = scene.plan(ONLY)
    applied = scene.state.model_copy(update={"applied_plans": (plan.digest,)})
    assert reasons(plan, applied, ONLY) == ["it has been applied already"]
    assert reasons(plan, scene.state.model_copy(update={"applied_plans": ("other",)}), ONLY) == []


def test_what_state_guards_by_now_is_not_deleted() -> None:
    scene = Scene().applied(ONLY)
    plan = scene.plan({})
    reason = plan.changes[0].reason
    assert reasons(plan, guarded(scene.state), {}) == [
        f"compute/cpu-cluster: it is protected by prevent_destroy and would be deleted ({reason})"
    ]


def test_what_the_specs_guard_by_now_is_not_replaced() -> None:
    scene = Scene().applied(ONLY)
    plan = scene.plan(ONLY, replace=(COMPUTE,))
    assert reasons(plan, scene.state, protecting(ONLY)) == [
        "compute/cpu-cluster: it is protected by prevent_destroy and would be deleted (replacement was requested)"
    ]


def test_what_is_guarded_is_deleted_where_the_plan_was_allowed_to_and_forgotten_in_any_case() -> None:
    scene = Scene().applied(ONLY)
    scene.state = guarded(scene.state)
    assert reasons(scene.plan({}, allow=("protected",)), scene.state, {}) == []
    assert reasons(scene.plan({}, forget=(COMPUTE,)), scene.state, {}) == []


def test_an_allowance_for_another_lets_nothing_through() -> None:
    other = wanted("compute/other", name="other", type="amlcompute")
    scene = Scene().applied({**ONLY, other.address: other})
    plan = scene.plan({})
    found = PlanFinding(severity="error", code="protected", address=other.address, message="m", fix="f", allowed=True)
    allowed = plan.model_copy(update={"findings": (found,)})
    again = signed(allowed, scene.state.secret_key)
    assert [told.partition(":")[0] for told in reasons(again, guarded(scene.state), {})] == [COMPUTE]


@pytest.mark.parametrize(("how", "verb"), [({}, "deletes"), ({"gone": True}, "forgets")])
def test_what_the_specs_declare_by_now_is_neither_deleted_nor_forgotten(how: dict[str, Any], verb: str) -> None:
    scene = Scene().applied(ONLY)
    if how:
        del scene.memory.objects[COMPUTE]
    [told] = reasons(scene.plan({}), scene.state, ONLY)
    assert told.startswith(f"compute/cpu-cluster: the plan {verb} it as ")
    assert told.endswith(", and the specs declare it now: plan again")


def test_what_the_specs_declare_by_now_is_not_retained() -> None:
    old, new = model("1"), model("2")
    scene = Scene().applied({old.address: old})
    after = {new.address: new}
    told = reasons(scene.plan(after), scene.state, {**after, old.address: old})
    assert [line.partition(" as ")[0] for line in told] == ["model/mnist/1: the plan retains it"]


def found(code: str, address: str, **more: Any) -> PlanFinding:
    return PlanFinding(**{"severity": "error", "code": code, "address": address, "message": "m", "fix": "f", **more})


def test_only_what_the_plan_was_allowed_is_let_through_later() -> None:
    plan = (
        Scene()
        .plan(ONLY)
        .model_copy(
            update={"findings": (found("a", "x", allowed=True), found("b", "x"), found("c", "x", severity="warning"))}
        )
    )
    check_safety(
        plan, [found("a", "x"), found("c", "x"), found("d", "y", severity="warning"), found("d", "y", allowed=True)]
    )
    with pytest.raises(PlanRefused) as refused:
        check_safety(plan, [found("a", "y"), found("b", "x"), found("d", "x"), found("a", "x")])
    assert refused.value.reasons == ("y: m (a)", "x: m (b)", "x: m (d)")


def test_an_object_that_was_written_anew_with_the_same_in_it_makes_a_plan_stale() -> None:
    scene = Scene().applied(ONLY)
    plan = scene.plan({COMPUTE: compute(max_instances=9)})
    there = scene.memory.objects[COMPUTE]
    with pytest.raises(PlanStale) as stale:
        check_world(plan, scene.state, {COMPUTE: replace(there, etag="other")})
    assert [str(move) for move in stale.value.moves] == [
        f"compute/cpu-cluster: version: {there.etag} when planned, other now"
    ]


def test_ignored_fields_and_where_contents_lie_may_differ_from_the_specs() -> None:
    ignoring = replace(compute(), lifecycle=Lifecycle(ignore_changes=("max_instances", "tags")))
    scene = Scene()
    plan = scene.plan({COMPUTE: ignoring})
    changed = replace(ignoring, attributes={**ignoring.attributes, "max_instances": 7, "tags": {"a": "b"}})
    assert reasons(plan, scene.state, {COMPUTE: changed}) == []
    other = replace(ignoring, attributes={**ignoring.attributes, "max_instances_of_all": 7})
    assert reasons(plan, scene.state, {COMPUTE: other}) == [
        "compute/cpu-cluster: max_instances_of_all: the plan has nothing, the specs have 7"
    ]


def test_what_is_guarded_is_told_beside_the_finding_that_nobody_let_through() -> None:
    scene = Scene().applied(ONLY)
    scene.state = guarded(scene.state)
    assert len(reasons(scene.plan({}), scene.state, {})) == 2
    scene = Scene().applied(ONLY)
    plan = scene.plan({}).model_copy(update={"findings": (found("delete-active", COMPUTE, allowed=True),)})
    assert len(reasons(signed(plan, scene.state.secret_key), guarded(scene.state), {})) == 1


def test_a_move_tells_when_bep_last_applied_it_then_and_now() -> None:
    scene = Scene().applied(ONLY)
    plan = scene.plan({COMPUTE: compute(max_instances=9)})
    entries = {name: entry.model_copy(update={"applied_at": "later"}) for name, entry in scene.state.entries.items()}
    for state, told in ((scene.state.model_copy(update={"entries": entries}), "later"), (Scene().state, "nothing")):
        with pytest.raises(PlanStale) as stale:
            check_world(plan, state, scene.memory.objects)
        then = plan.changes[0].applied_at
        assert [str(move) for move in stale.value.moves] == [
            f"compute/cpu-cluster: last applied by bep: {then} when planned, {told} now"
        ]


def test_a_secret_is_one_value_whatever_stands_on_the_other_side() -> None:
    sealed = {SEALED: "hmac-sha256:aa"}
    assert [*differences({"a": sealed}, {"a": {"b": 1}})] == [("a", sealed, {"b": 1})]
    assert [*differences({"a": {"b": 1}}, {"a": sealed})] == [("a", {"b": 1}, sealed)]
