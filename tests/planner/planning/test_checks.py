from bep.planner.plan import Plan
from bep.schemas.address import Address
from bep.schemas.findings.finding import Severity
from bep.schemas.mark import Mark
from bep.schemas.workspace.conditions import Condition, When
from tests.planner.scenes import Scene, article, compute

MARK = Mark("bep.yml", 9, 3)


def check(query: str, address: str = "compute/*", **parts: object) -> Condition:
    return Condition(Address(address), query, "too many nodes", MARK, MARK, **parts)  # type: ignore[arg-type]


def said(plan: Plan) -> list[tuple[str, str, str]]:
    return [(found.code, found.severity, found.message) for found in plan.findings if found.file == "bep.yml"]


def test_planned_values_are_judged_before_they_are_there() -> None:
    checks = (
        check("max_instances <= `2`", code="check-nodes", severity=Severity.ERROR, when=When.PLAN),
        check("max_instances <= `1`", when=When.APPLY),
        check("max_instances <= `0`"),
    )
    plan = Scene().plan(article(compute(max_instances=7)), checks=checks)
    assert said(plan) == [
        ("check-nodes", "error", "too many nodes: max_instances is 7"),
        ("check-failed", "warning", "too many nodes: max_instances is 7"),
    ]
    assert [found.code for found in plan.blocking] == ["check-nodes"]
    assert plan.blocking[0].fix == "It must hold: max_instances <= `2`; or let it through with `allow check-nodes`"


def test_what_is_not_changed_is_judged_as_it_is_and_what_goes_is_not() -> None:
    scene = Scene().applied(article())
    scene.someone_sets("compute/cpu-cluster", max_instances=5)
    everything = check("name == 'x'", "*", when=When.PLAN)
    plan = scene.plan({}, checks=(everything,), targets=("traffic/mybatchedp",))
    about = [found.address for found in plan.findings if found.file]
    assert "compute/cpu-cluster" in about
    assert "traffic/mybatchedp" not in about


def test_plan_and_world_are_judged_where_nothing_else_is_said() -> None:
    scene = Scene().applied(article()).someone_sets("compute/cpu-cluster", max_instances=5)
    two = check("max_instances == `2`", severity=Severity.ERROR)
    mends = scene.plan(article(), checks=(two,))
    assert said(mends) == [
        ("check-failed", "warning", "too many nodes: max_instances is 5, as it is now; this plan mends it")
    ]
    left = scene.plan(article(), checks=(two,), targets=("model/mnist",))
    assert said(left) == [("check-failed", "error", "too many nodes: max_instances is 5")]
    worse = scene.plan(article(compute(max_instances=9)), checks=(two,))
    assert said(worse) == [("check-failed", "error", "too many nodes: max_instances is 9")]
    assert said(scene.plan(article(), checks=(check("max_instances == `2`", when=When.PLAN),))) == []


def test_a_failed_check_blocks_where_nothing_is_to_be_done_and_is_allowed_by_its_code() -> None:
    scene = Scene().applied(article())
    checks = (check("max_instances > `2`", code="check-nodes", severity=Severity.ERROR, when=When.PLAN),)
    refused = scene.plan(article(), checks=checks)
    assert (bool(refused), len(refused.blocking)) == (False, 1)
    for allow in ("check-nodes", "check-nodes:compute/cpu-cluster"):
        assert not scene.plan(article(), checks=checks, allow=(allow,)).blocking


def test_nothing_is_asked_of_what_is_destroyed() -> None:
    scene = Scene().applied(article())
    checks = (check("max_instances > `2`", severity=Severity.ERROR),)
    assert said(scene.plan(article(), checks=checks, destroy=True)) == []


def test_an_assertion_that_cannot_be_evaluated_does_not_hold() -> None:
    plan = Scene().plan(article(), checks=(check("length(max_instances) > `2`", when=When.PLAN),))
    [(_, _, message)] = said(plan)
    assert message.startswith("too many nodes: it cannot be evaluated: ")
