"""The order of changes where they wait for each other in a circle: which is named, the same each time."""

from collections.abc import Mapping

import pytest

from bep.planner.plan import Action, Change
from bep.planner.planning.graph import OrderImpossible, ordered
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
