"""What safety findings say and count: jobs of each resource, several of a kind in one order, what someone removed."""

from collections.abc import Iterable

import pytest

from bep.planner.options import RunningJob
from bep.planner.plan import Action, Plan
from bep.schemas.address import Address
from bep.schemas.resource import Resource
from tests.planner.scenes import Scene, Wish, article, compute, deployment, wanted

COLOURS = ("amber", "blue", "coral", "denim", "ebony", "green")
COMPUTE = Address("compute/cpu-cluster")


def address(colour: str) -> Address:
    return Address(f"deployment/mybatchedp/{colour}")


def split(colours: Iterable[str]) -> Resource:
    references = ("endpoint/mybatchedp", *map(address, colours))
    shares = dict.fromkeys(colours, 10)
    return wanted("traffic/mybatchedp", references, endpoint="endpoint/mybatchedp", split=shares)


def colourful(*more: Resource) -> Wish:
    return article(*map(deployment, COLOURS), *more)


def said(plan: Plan, code: str) -> list[tuple[str, str, str]]:
    return [(found.address, found.severity, found.message) for found in plan.findings if found.code == code]


def test_each_that_goes_with_traffic_is_told_in_one_order() -> None:
    scene = Scene().applied(colourful(split(COLOURS)))
    plan = scene.plan({}, allow=("delete-many",))
    message = "it has the traffic of traffic/mybatchedp and would be deleted"
    assert said(plan, "delete-active") == [(address(colour), "error", message) for colour in COLOURS]


def test_where_all_is_to_go_the_traffic_is_only_a_warning() -> None:
    plan = Scene().applied(colourful(split(COLOURS))).plan({}, allow=("delete-many",), destroy=True)
    assert {severity for _, severity, _ in said(plan, "delete-active")} == {"warning"}


def test_each_that_never_scored_is_told_in_one_order() -> None:
    scene = Scene().applied(colourful(split(["blue"])))
    plan = scene.plan(colourful(split(COLOURS)), scored=frozenset([address("coral")]))
    others = [colour for colour in COLOURS if colour not in ("blue", "coral")]
    assert said(plan, "shift-unscored") == [
        ("traffic/mybatchedp", "warning", f"{address(colour)} gets the traffic and has never scored anything")
        for colour in others
    ]


def test_those_that_still_refer_to_what_goes_are_told_in_one_order() -> None:
    wish = colourful()
    del wish[COMPUTE]
    found = said(Scene().applied(colourful()).plan(wish), "still-referenced")
    named = ", ".join(address(colour) for colour in COLOURS[:5])
    assert found == [(COMPUTE, "error", f"it is to be deleted, but {named} and 1 more still refers to it")]


def test_jobs_of_what_is_changed_in_place_are_told_and_go_on() -> None:
    """Its own jobs and those of what refers to it, by deployment; no stranger's, nor those of what is changed too."""
    scene = Scene().applied(colourful())
    jobs = {
        address("green"): (RunningJob("third"),),
        address("coral"): (RunningJob("second", "Queued"),),
        address("blue"): (RunningJob("first", "Running", "ann", "4 of 9"),),
        Address("deployment/another/one"): (RunningJob("elsewhere"),),
    }
    plan = scene.plan(colourful(compute(max_instances=9), deployment("coral", description="x")), running_jobs=jobs)
    ends = "; they go on with what they began with"
    assert said(plan, "update-with-jobs") == [
        (
            COMPUTE,
            "warning",
            "it is changed and has 2 unfinished jobs: first (Running, 4 of 9, ann), third (Running)" + ends,
        ),
        (address("coral"), "warning", "it is changed and has 1 unfinished job: second (Queued)" + ends),
    ]
    assert not plan.blocking


def test_what_is_changed_under_jobs_is_told_in_one_order() -> None:
    names = [f"d{number}" for number in range(8)]
    scene = Scene().applied(article(*map(deployment, names)))
    jobs = {address(name): (RunningJob("a"),) for name in names}
    plan = scene.plan(article(*(deployment(name, description="x") for name in names)), running_jobs=jobs)
    assert [where for where, _, _ in said(plan, "update-with-jobs")] == [address(name) for name in names]


def test_what_is_changed_without_jobs_of_its_own_says_nothing_of_jobs() -> None:
    scene = Scene().applied(colourful())
    jobs = {address("green"): (RunningJob("a"),)}
    assert not scene.plan(colourful(deployment("coral", description="x")), running_jobs=jobs).findings


@pytest.mark.parametrize(("number", "more"), [(1, ""), (5, ""), (6, ", and 1 more"), (7, ", and 2 more")])
def test_five_jobs_are_named_and_the_others_counted(number: int, more: str) -> None:
    jobs = {address("blue"): tuple(RunningJob(f"job{n}") for n in range(number))}
    plan = Scene().applied(article()).plan({}, running_jobs=jobs)
    [(where, severity, message)] = said(plan, "delete-with-jobs")
    assert not said(plan, "update-with-jobs")
    named = ", ".join(f"job{n} (Running)" for n in range(min(number, 5)))
    counted = "1 unfinished job" if number == 1 else f"{number} unfinished jobs"
    assert (where, severity) == (address("blue"), "error")
    assert message == f"it would be deleted and has {counted}: {named}{more}"


def computes(numbers: Iterable[int]) -> Wish:
    each = (wanted(f"compute/c{n}", name=f"c{n}", type="amlcompute", max_instances=1) for n in numbers)
    return {resource.address: resource for resource in each}


def test_what_is_made_anew_is_not_among_the_many_that_go() -> None:
    """Two go and two are replaced, of seven: four would be more than a third."""
    plan = Scene().applied(computes(range(7))).plan(computes(range(5)), replace=("compute/c0", "compute/c1"))
    assert [change.action for change in plan.changes].count(Action.DELETE) == 4
    assert plan.findings == ()


def test_what_someone_removed_is_not_among_what_exists() -> None:
    """Three of nine are a third; of the eight that are still there they are more."""
    scene = Scene().applied(computes(range(9)))
    assert scene.plan(computes(range(6))).findings == ()
    del scene.memory.objects[Address("compute/c0")]
    assert said(scene.plan(computes(range(6))), "delete-many") == [
        ("taxi", "error", "3 of the 8 resources that exist would be deleted: more than a third")
    ]


def test_many_that_go_from_a_workspace_without_a_name_are_told_of_it() -> None:
    [(where, _, _)] = said(Scene().applied(computes(range(4))).plan({}, workspace=""), "delete-many")
    assert where == "workspace"
