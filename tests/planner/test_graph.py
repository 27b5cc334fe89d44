"""The order of changes where they wait for each other in a circle: which is named, the same each time."""

from collections.abc import Mapping

import networkx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bep.planner.plan import Action, Change
from bep.planner.planning.graph import OrderImpossible, ordered, reference_cycle
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


@given(st.dictionaries(st.sampled_from("abcdefghijklmn"), st.sets(st.sampled_from("abcdefghijklmnop")), max_size=14))
def test_a_circle_is_found_exactly_where_there_is_one(drawn: dict[str, set[str]]) -> None:
    references = {Address(name): tuple(map(Address, sorted(names))) for name, names in drawn.items()}
    graph: networkx.DiGraph[str] = networkx.DiGraph(
        [(name, other) for name, names in references.items() for other in names]
    )
    found = reference_cycle(references)
    assert bool(found) == (not networkx.is_directed_acyclic_graph(graph))
    assert all(after in references[here] for here, after in zip(found, (*found[1:], *found[:1]), strict=True))
