"""Rules of safety at the very figure where they begin to hold."""

from typing import Any

import pytest

from bep.planner.plan import Action
from tests.planner.scenes import Scene, Wish, article, compute, content, deployment, model, wanted


def computes(number: int) -> Wish:
    """So many computes that nothing refers to."""
    each = (wanted(f"compute/c{n}", name=f"c{n}", type="amlcompute", max_instances=1) for n in range(number))
    return {resource.address: resource for resource in each}


@pytest.mark.parametrize(
    ("existing", "left", "is_many"),
    [
        (2, 0, False),  # all there is, and still fewer than three
        (3, 0, True),  # three are enough
        (8, 5, True),  # three of eight, 37.5 %
        (9, 6, False),  # exactly a third is not more than a third
        (10, 7, False),
        (11, 7, True),  # four of eleven, 36.4 %
        (12, 8, False),  # four of twelve: exactly a third
        (12, 7, True),
    ],
)
def test_more_than_a_third_of_what_exists_but_never_fewer_than_three(existing: int, left: int, is_many: bool) -> None:
    plan = Scene().applied(computes(existing)).plan(computes(left))
    assert [change.action for change in plan.changes] == [Action.DELETE] * (existing - left)
    assert [(found.code, found.severity) for found in plan.findings] == [("delete-many", "error")] * is_many


OTHER: list[tuple[str, dict[str, Any]]] = [
    ("path", {"path": content("mnist/model", checkpoint="zz", model__meta="cd")}),
    ("type", {"type": "mlflow_model"}),
]


@pytest.mark.parametrize(("field", "changed"), OTHER)
def test_a_registered_version_with_something_else_in_it_is_not_imported(field: str, changed: dict[str, Any]) -> None:
    scene = Scene().unmanaged(model(**changed))
    ours = model()
    plan = scene.plan({ours.address: ours}, imports=(ours.address,))
    assert plan.changes == ()
    [found] = plan.blocking
    assert found.code == "registered-content-changed"
    assert found.message.startswith("version 1 cannot change, and what is registered differs from what is declared in ")
    assert field in found.message


def test_a_registered_version_with_the_same_in_it_is_imported() -> None:
    ours = model()
    plan = Scene().unmanaged(ours).plan({ours.address: ours}, imports=(ours.address,))
    assert ([change.action for change in plan.changes], plan.blocking) == ([Action.ADOPT], ())


@pytest.mark.parametrize("target", ["deployment/mybatchedp/green", "deployment/mybatchedp"])
def test_a_part_of_a_plan_has_both_halves_of_a_replacement(target: str) -> None:
    """The half that takes away needs nothing of the one that makes anew, and is in the part all the same."""
    scene = Scene().applied(article(deployment("green")))
    wish = article(deployment("green", endpoint_name="mybatchedp", type="pipeline"), compute(max_instances=9))
    plan = scene.plan(wish, targets=(target,), replace=("deployment/mybatchedp/green",))
    halves = [change.action for change in plan.changes if change.address == "deployment/mybatchedp/green"]
    assert halves == [Action.DELETE, Action.CREATE]


def test_what_needs_the_taking_away_brings_the_making_anew_along() -> None:
    """A compute is replaced under its deployment: who asks for one half, through what it needs, gets the other."""
    scene = Scene().applied(article())
    whole = scene.plan(article(), replace=("compute/cpu-cluster",), allow=("delete-active", "delete-many"))
    for change in whole.changes:
        part = scene.plan(article(), replace=("compute/cpu-cluster",), targets=(change.address,))
        ids = [found.id for found in part.changes]
        for address in {found.address for found in part.changes}:
            asked = [found.id for found in whole.changes if found.address == address]
            assert [name for name in ids if name in asked] == asked, change.id
