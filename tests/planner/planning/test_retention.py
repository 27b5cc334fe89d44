"""Registered versions that leave the specs: retained while something needs them or another version is declared."""

import pytest

from bep.planner.plan import Action
from bep.schemas.address import Address
from bep.schemas.resource import Resource
from tests.planner.scenes import Scene, Wish, article, content, deployment, model, wanted

ONE, TWO = Address("model/mnist/1"), Address("model/mnist/2")


def release(version: str) -> Wish:
    """The article with another version of the model, and its deployment on it."""
    found = article(model(version), deployment("blue", f"model/mnist/{version}"))
    return {address: resource for address, resource in found.items() if address != ONE or version == "1"}


def retained(scene: Scene) -> set[str]:
    return {address for address, entry in scene.state.entries.items() if entry.retained}


def test_the_routine_release_deletes_nothing() -> None:
    scene = Scene().applied(release("1"))
    found = scene.plan(release("2"))
    actions = {change.address: change.action for change in found.changes}
    assert actions[ONE] is Action.RETAIN
    assert Action.DELETE not in actions.values()
    scene.applied(release("2"))
    assert retained(scene) == {ONE}
    assert ONE in scene.memory.objects


def test_what_is_retained_is_looked_at_no_more_and_counts_for_nothing() -> None:
    scene = Scene().applied(release("1")).applied(release("2")).someone_sets(ONE, description="theirs")
    found = scene.plan(release("2"))
    assert not found.changes
    assert not found.drift
    assert found.unchanged == len(release("2"))


def test_a_retained_version_comes_back_by_being_declared_again() -> None:
    scene = Scene().applied(release("1")).applied(release("2"))
    both = {**release("2"), ONE: model("1")}
    (change,) = scene.plan(both).changes
    assert (change.address, change.action, change.reason) == (ONE, Action.ADOPT, "it is declared again")
    assert not retained(scene.applied(both))
    assert not scene.plan(both).changes


def test_a_retained_version_stays_when_its_name_leaves_the_specs() -> None:
    scene = Scene().applied(release("1")).applied(release("2"))
    none = {address: resource for address, resource in article().items() if address.split("/")[0] == "compute"}
    actions = {change.address: change.action for change in scene.plan(none, allow=("delete-many",)).changes}
    assert ONE not in actions
    assert actions[TWO] is Action.DELETE


@pytest.mark.parametrize("options", [{"destroy": True}, {"removed": frozenset({ONE})}])
def test_a_retained_version_goes_when_that_is_asked_for(options: dict[str, object]) -> None:
    scene = Scene().applied(release("1")).applied(release("2"))
    actions = {change.address: change.action for change in scene.plan(release("2"), **options).changes}
    assert actions[ONE] is Action.DELETE


def test_it_is_dropped_from_state_when_someone_removed_it() -> None:
    scene = Scene().applied(release("1")).applied(release("2"))
    del scene.memory.objects[ONE]
    (change,) = scene.plan(release("2")).changes
    assert (change.address, change.action) == (ONE, Action.FORGET)


def test_without_a_sibling_it_stays_only_while_something_needs_it() -> None:
    lonely = wanted("model/lonely/1", name="lonely", version="1", type="custom_model", path=content("x", a="1"))
    scene = Scene().applied(article(lonely))
    assert [change.action for change in scene.plan(article()).changes] == [Action.DELETE]
    (change,) = scene.plan(article(), in_use={lonely.address: "job night, which is not over, uses it"}).changes
    assert change.action is Action.RETAIN
    assert "job night" in change.reason


def test_what_a_declared_resource_refers_to_stays_and_what_that_refers_to_as_well() -> None:
    part = wanted("environment/parts/1", name="parts", version="1", image="x")
    data = wanted("data/letters/1", ("environment/parts/1",), name="letters", version="1", type="uri_folder")
    using = deployment("blue")
    scene = Scene().applied(article(part, data, using))
    referring = wanted("deployment/mybatchedp/blue", (*[r.address for r in using.references], data.address))
    referring = type(using)(using.address, using.attributes, using.mark, referring.references, using.contents)
    found = scene.plan(article(referring))
    actions = {change.address: change.action for change in found.changes}
    assert actions[data.address] is Action.RETAIN
    assert actions[part.address] is Action.RETAIN


def chain() -> list[Resource]:
    """Three versions, each of which refers to the one before."""
    first = wanted("environment/parts/1", name="parts", version="1", image="x")
    second = wanted("data/letters/1", (first.address,), name="letters", version="1", type="uri_folder")
    third = wanted("model/lonely/1", (second.address,), name="lonely", version="1", type="custom_model")
    return [first, second, third]


def test_all_that_a_needed_version_refers_to_stays_each_for_the_first_reason_that_was_given() -> None:
    first, second, third = (each.address for each in chain())
    scene = Scene().applied(article(*chain()))
    found = scene.plan(article(), in_use={third: "job night uses it", first: "job day uses it"})
    assert {change.address: (change.action, change.reason.partition("; ")[2]) for change in found.changes} == {
        first: (Action.RETAIN, "job day uses it"),
        second: (Action.RETAIN, "model/lonely/1 refers to it"),
        third: (Action.RETAIN, "job night uses it"),
    }
    alone = scene.plan(article(), in_use={third: "job night uses it"})
    assert {change.address for change in alone.changes if change.action is Action.RETAIN} == {first, second, third}


def test_what_only_a_version_that_goes_refers_to_goes_as_well() -> None:
    scene = Scene().applied(article(*chain()))
    found = scene.plan(article(), allow=("delete-many",))
    assert {change.address: change.action for change in found.changes} == {
        each.address: Action.DELETE for each in chain()
    }


def digests(count: int) -> list[str]:
    return [f"{number:012x}" for number in range(1, count + 1)]


@pytest.mark.parametrize(
    ("versions", "keep", "left"), [(digests(14), None, 10), (digests(5), 2, 2), (digests(4), 0, 0)]
)
def test_of_versions_beyond_what_the_registry_keeps_the_oldest_go(versions: list[str], keep: int, left: int) -> None:
    scene = Scene()
    for version in versions:
        scene.applied(release(version), keep_versions=keep)
    kept = sorted(address for address in scene.memory.objects if address.startswith("model/"))
    assert kept == [f"model/mnist/{version}" for version in versions[len(versions) - left - 1 :]]
    assert retained(scene) == set(kept[:-1])


def test_versions_that_people_name_are_all_kept_unless_bep_yml_says_how_many() -> None:
    scene = Scene()
    for number in range(1, 15):
        scene.applied(release(str(number)))
    assert len(retained(scene)) == 13
    gone = [change.address for change in scene.plan(release("14"), keep_versions=3).changes]
    assert len(gone) == 10


def test_a_version_that_is_needed_is_kept_beside_those() -> None:
    scene = Scene().applied(release("1")).applied(release("2"))
    assert not scene.plan(release("2"), keep_versions=0, in_use={ONE: "job night uses it"}).changes
    (change,) = scene.plan(release("2"), keep_versions=0).changes
    assert (change.action, change.reason) == (
        Action.DELETE,
        "no longer in the specs; the registry keeps 0 such versions",
    )
