"""The order of changes where they wait for each other in a circle: which is named, the same each time."""

from collections.abc import Mapping

import networkx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bep.planner.plan import Action, Change
from bep.planner.planning.graph import OrderImpossible, _clear_of_circles, needs, ordered, reference_cycle
from bep.schemas.address import Address


def creations(waits: Mapping[str, str]) -> list[Change]:
    return [
        Change(id=f"create {name}", address=Address(name), action=Action.CREATE, after={}, needs=(f"create {first}",))
        for name, first in waits.items()
    ]


def test_a_circle_is_named_in_the_order_in_which_each_waits_for_the_one_before() -> None:
    with pytest.raises(OrderImpossible) as refused:
        ordered(creations({"compute/c": "compute/b", "compute/a": "compute/c", "compute/b": "compute/a"}), {}, [])
    assert refused.value.members == ("compute/a", "compute/b", "compute/c")
    assert str(refused.value) == "compute/a -> compute/b -> compute/c"


USER, USED = Address("compute/user"), Address("compute/used")


def written(address: Address, *refers_to: Address, was_there: bool = False) -> Change:
    """A change that makes or updates an object, which from then on refers to these."""
    action = Action.UPDATE if was_there else Action.CREATE
    before: dict[str, object] | None = {} if was_there else None
    return Change(id=f"write {address}", address=address, action=action, before=before, after={}, references=refers_to)


def removed(address: Address, action: Action = Action.DELETE, *, replacement: bool = False) -> Change:
    return Change(id=f"remove {address}", address=address, action=action, before={}, replacement=replacement)


@pytest.mark.parametrize(
    ("was_there", "replacement", "waits"),
    [(True, False, True), (True, True, True), (False, False, True), (False, True, False)],
)
def test_what_was_referred_to_goes_after_its_user_was_changed(was_there: bool, replacement: bool, waits: bool) -> None:
    """A user that is gone refers to it in state alone: there the old may not be missing, but may become another."""
    going = removed(USED, replacement=replacement)
    found = needs([written(USER, was_there=was_there), going], {USER: (USED,)})
    assert found[going.id] == ({f"write {USER}"} if waits else set())


def test_what_refers_waits_for_the_making_alone_and_never_for_itself() -> None:
    user, made, going = written(USER, USER, USED), written(USED), removed(USED, replacement=True)
    for changes in ([user, made, going], [going, made, user]):
        found = needs(changes, {})
        assert (found[user.id], found[made.id], found[going.id]) == ({made.id}, {going.id}, set())
    assert needs([user, removed(USED)], {})[user.id] == set()


def test_what_a_change_needs_is_told_in_order() -> None:
    used = [Address(f"compute/{letter}") for letter in "hcagbfde"]
    *_, last = ordered([*map(written, used), written(USER, *used)], {}, [])
    assert last.needs == tuple(f"write compute/{letter}" for letter in "abcdefgh")


def test_what_is_set_back_and_then_forgotten_is_set_back_first() -> None:
    """As a rollback of an import that was mended does, of one and the same object."""
    forgotten = removed(USER, Action.FORGET)
    changes = ordered([forgotten, written(USER, was_there=True)], {}, [])
    assert [(change.id, change.needs) for change in changes] == [
        (f"write {USER}", ()),
        (f"remove {USER}", (f"write {USER}",)),
    ]


TAIL = {f"t{number}": (f"t{number + 1}",) for number in range(20)}
"""A way that leads to no circle, and is too long to be seen through at once."""


def circle(references: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    return reference_cycle({Address(name): tuple(map(Address, others)) for name, others in references.items()})


def test_two_ways_to_one_end_are_no_circle_however_long_they_are() -> None:
    assert circle({"a": ("b", "c"), "b": ("t0",), "c": ("t0",), **TAIL}) == ()


def test_a_circle_is_named_without_the_way_that_was_followed_in_vain() -> None:
    assert circle({"a": ("b", "c"), "b": ("t0",), "c": ("a",), **TAIL}) == ("a", "c")


def test_most_are_seen_at_once_to_lead_to_no_circle() -> None:
    a, b, c, d, e, outside = map(Address, ("a", "b", "c", "d", "e", "outside"))
    assert _clear_of_circles({a: (b, outside), b: (c,), c: (), d: (d,), e: (a, d)}) == {a, b, c}


def test_of_several_circles_the_first_is_named() -> None:
    for names in (("b", "c"), ("c", "b")):
        assert circle({"c": ("a",), "b": ("a",), "a": names}) == ("a", "b")


@given(st.dictionaries(st.sampled_from("abcdefghijklmn"), st.sets(st.sampled_from("abcdefghijklmnop")), max_size=14))
def test_a_circle_is_found_exactly_where_there_is_one(drawn: dict[str, set[str]]) -> None:
    references = {Address(name): tuple(map(Address, sorted(names))) for name, names in drawn.items()}
    graph: networkx.DiGraph[str] = networkx.DiGraph(
        [(name, other) for name, names in references.items() for other in names]
    )
    found = reference_cycle(references)
    assert bool(found) == (not networkx.is_directed_acyclic_graph(graph))
    assert all(after in references[here] for here, after in zip(found, (*found[1:], *found[:1]), strict=True))
