"""Plans that are refused: applied already, of another history, with findings, or behind the specs or the world."""

from dataclasses import replace

import pytest

from bep.providers.applying.checking import PlanRefused, PlanStale
from bep.schemas.address import Address
from bep.schemas.mark import Mark
from bep.schemas.resource import Content, Lifecycle, Resource
from bep.schemas.secrets.secret import Secret
from tests.faults.scene import address, compute
from tests.providers.workshop import Workshop, chain


def test_the_same_plan_is_not_applied_twice(shop: Workshop) -> None:
    (wish,) = chain(1)
    todo = shop.plan(wish)
    shop.apply(todo, wish)
    shop.world.objects.clear()
    with pytest.raises(PlanRefused, match="it has been applied already"):
        shop.apply(todo, wish)
    assert shop.world.objects == {}


def test_a_plan_of_another_history_is_refused(shop: Workshop) -> None:
    (wish,) = chain(1)
    todo = shop.plan(wish).model_copy(update={"lineage": "there", "digest": ""})
    with pytest.raises(PlanRefused, match="lineage there, this one is here"):
        shop.apply(todo, wish)


def test_a_plan_with_open_findings_is_refused(shop: Workshop) -> None:
    shop.make(replace(chain(1)[0], lifecycle=Lifecycle(prevent_destroy=True)))
    with pytest.raises(PlanRefused, match=r"compute/c00001: .* \(protected\)"):
        shop.apply(shop.plan(allow=()))


def test_specs_that_changed_since_are_refused_field_by_field(shop: Workshop) -> None:
    todo = shop.plan(*chain(1, 2, 3, description="then"))
    changed = chain(1, 2, description="now")
    with pytest.raises(PlanRefused) as refused:
        shop.apply(todo, *changed)
    assert refused.value.reasons == (
        "compute/c00001: description: the plan has then, the specs have now",
        "compute/c00002: description: the plan has then, the specs have now",
        "compute/c00003: the plan writes it, but the specs no longer declare it",
    )
    assert shop.world.calls == []


def test_a_secret_or_a_content_that_changed_since_is_refused_and_not_shown(shop: Workshop) -> None:
    def model(sha: str, secret: str) -> Resource:
        content = Content("./model", sha, {"model.pkl": sha}, "/source")
        attributes = {"name": "m", "version": "1", "path": {"local": "./model", "sha256": sha}}
        return Resource(
            Address("model/m/1"),
            {**attributes, "tags": {"key": Secret(secret)}},
            Mark("m.yml", 1, 1),
            (),
            {"path": content},
        )

    todo = shop.plan(model("aa", "canary-1"))
    with pytest.raises(PlanRefused) as refused:
        shop.apply(todo, model("bb", "canary-2"))
    assert refused.value.reasons == (
        "model/m/1: path.sha256: the plan has aa, the specs have bb",
        "model/m/1: tags.key: the plan has (sensitive), the specs have (sensitive)",
        "model/m/1: path: its content is not the one that was planned",
    )
    assert shop.apply(todo, model("aa", "canary-1")).ok


def test_a_change_of_the_world_since_the_plan_stops_before_the_first_write(shop: Workshop) -> None:
    shop.make(*chain(1, 2, 3, description="first"))
    wish = chain(1, 2, 3, description="second")
    todo = shop.plan(*wish)
    shop.world.change(address(2), description="by hand")
    shop.world.change(address(3), tags={"hot": "fix"})
    calls = list(shop.world.calls)
    with pytest.raises(PlanStale) as stale:
        shop.apply(todo, *wish)
    assert str(stale.value) == (
        "the plan is stale; nothing was changed\n"
        "  compute/c00002: description: first when planned, by hand now\n"
        "  compute/c00003: tags: nothing when planned, {'hot': 'fix'} now\n"
        "    fix: plan again"
    )
    assert shop.world.calls == calls


def test_what_appeared_or_vanished_since_makes_a_plan_stale(shop: Workshop) -> None:
    shop.make(*chain(1, description="first"))
    wish = [*chain(1, description="second"), compute(2, size="S")]
    todo = shop.plan(*wish)
    del shop.world.objects[address(1)]
    shop.world.create(compute(2, size="theirs"), operation="theirs")
    with pytest.raises(PlanStale) as stale:
        shop.apply(todo, *wish)
    assert [str(move) for move in stale.value.moves] == [
        "compute/c00001: the object: there when planned, absent now",
        "compute/c00002: the object: absent when planned, there now",
    ]


def test_an_unrelated_change_does_not_make_a_plan_stale(shop: Workshop) -> None:
    shop.make(*chain(1), *chain(2))
    wish = [*chain(1, description="new"), *chain(2)]
    todo = shop.plan(*wish)
    other = [*chain(1), *chain(2, description="by another apply"), *chain(3)]
    shop.make(*other)
    shop.world.change(address(3), description="by hand")
    assert shop.apply(todo, *wish).ok
    assert shop.world.objects[address(1)].attributes["description"] == "new"


def test_an_entry_that_another_apply_has_written_since_makes_a_plan_stale(shop: Workshop) -> None:
    shop.make(*chain(1))
    todo = shop.plan(*chain(1, description="mine"))
    shop.make(*chain(1, description="theirs"))
    with pytest.raises(PlanStale, match=r"last applied by bep(.|\n)*description: nothing when planned, theirs now"):
        shop.apply(todo, *chain(1, description="mine"))
