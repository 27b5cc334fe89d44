"""Which change must wait for which, and one order that honours it. Knows changes, not why they are made.

What is referred to comes first; what was referred to leaves last.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from heapq import heappop, heappush
from typing import Final, TypeVar

from bep.planner.plan import Change
from bep.schemas.address import Address, kind_of

Name = TypeVar("Name", bound=str)


class OrderImpossible(Exception):
    """The changes wait for each other in a circle. Holds the addresses on it, in order."""

    def __init__(self, members: Sequence[Address]) -> None:
        self.members = tuple(members)
        super().__init__(" -> ".join(members))


_STEPS: Final = 8
"""How far ways without a circle are peeled off all at once, before what is left is followed one by one."""


def removes(change: Change) -> bool:
    """Whether the change takes something away: from the world, or from state."""
    return change.after is None


def ordered(
    changes: Sequence[Change], prior: Mapping[Address, Iterable[Address]], kinds: Sequence[str]
) -> tuple[Change, ...]:
    """The changes with their `needs`, in the order to carry them out.

    `prior` has what each existing resource refers to now. Among changes that may come next:
    makings before removals, then by kind in the order of `kinds`, then by address; removals the
    other way round. Raises `OrderImpossible`.
    """
    rank = _ranks(changes, kinds)
    waits = needs(changes, prior)
    found = {change.id: change for change in changes}
    order = _topological(rank, waits, found)
    return tuple(found[name].model_copy(update={"needs": tuple(sorted(waits[name]))}) for name in order)


def _topological(
    rank: Mapping[str, int], waits: Mapping[str, Iterable[str]], found: Mapping[str, Change]
) -> Sequence[str]:
    """Of what may come next always the first by rank."""
    sorter = TopologicalSorter({name: waits[name] for name in rank})
    try:
        sorter.prepare()
    except CycleError:
        raise OrderImpossible([found[name].address for name in _circle(rank, waits)]) from None
    order: list[str] = []
    ready: list[tuple[int, str]] = []
    while sorter.is_active():
        for name in sorter.get_ready():
            heappush(ready, (rank[name], name))
        name = heappop(ready)[1]
        order.append(name)
        sorter.done(name)
    return order


def _circle(rank: Iterable[str], waits: Mapping[str, Iterable[str]]) -> list[str]:
    import networkx  # the library of graphs is worth its start where there is a circle to be found

    graph: networkx.DiGraph[str] = networkx.DiGraph()
    graph.add_nodes_from(rank)
    graph.add_edges_from((first, then) for then, firsts in waits.items() for first in firsts)
    return [edge[0] for edge in networkx.find_cycle(graph)]


def needs(changes: Sequence[Change], prior: Mapping[Address, Iterable[Address]]) -> dict[str, set[str]]:
    """By id of a change, the ids that must be done before it."""
    waits: dict[str, set[str]] = {change.id: set(change.needs) for change in changes}
    makers = {change.address: change.id for change in changes if not removes(change)}
    removers = {change.address: change.id for change in changes if removes(change)}
    replaced = {change.address for change in changes if removes(change) and change.replacement}
    for change in changes:
        if removes(change):
            released: Iterable[Address] = prior.get(change.address, ())
        else:
            waits[change.id].update(makers[name] for name in change.references if name in makers)
            waits[change.id].discard(change.id)
            if change.before is None and change.address in removers:
                waits[change.id].add(removers[change.address])
                continue
            released = set(prior.get(change.address, ())) - set(change.references)
            if change.before is None:  # what is gone holds nothing back but its own entry in state
                released -= replaced
            if change.address in removers:
                waits[removers[change.address]].add(change.id)
        for name in released:
            if name in removers and name != change.address:
                waits[removers[name]].add(change.id)
    return waits


def _ranks(changes: Sequence[Change], kinds: Sequence[str]) -> dict[str, int]:
    place = {kind: number for number, kind in enumerate(kinds)}

    def key(change: Change) -> tuple[int, str]:
        return (place.get(kind_of(change.address), len(place)), change.address)

    makings = sorted((change for change in changes if not removes(change)), key=key)
    removals = sorted((change for change in changes if removes(change)), key=key, reverse=True)
    return {change.id: number for number, change in enumerate([*makings, *removals])}


def reference_cycle(references: Mapping[Address, Iterable[Address]]) -> tuple[Address, ...]:
    """The first circle among what is declared, in order, or nothing. No recursion: chains may be long."""
    done = _clear_of_circles(references)
    for start in sorted(references.keys() - done):
        path: list[Address] = []
        on_path: set[Address] = set()
        stack: list[tuple[Address, bool]] = [(start, False)]
        while stack:
            here, leaving = stack.pop()
            if leaving:
                path.pop()
                on_path.discard(here)
                done.add(here)
            elif here in on_path:
                return tuple(path[path.index(here) :])
            elif here not in done and here in references:
                path.append(here)
                on_path.add(here)
                stack.append((here, True))
                stack.extend((name, False) for name in sorted(references[here], reverse=True))
    return ()


def _clear_of_circles(references: Mapping[Address, Iterable[Address]]) -> set[Address]:
    """Those that lead to no circle within a few steps, found without following each way: nearly all of them."""
    unclear = {address: [name for name in names if name in references] for address, names in references.items()}
    clear: set[Address] = set()
    for _ in range(_STEPS):
        clear |= {address for address, names in unclear.items() if clear.issuperset(names)}
        unclear = {address: names for address, names in unclear.items() if address not in clear}
    return clear


def dependents(references: Mapping[Address, Iterable[Address]]) -> dict[Address, list[Address]]:
    """By address, those that refer to it."""
    found: defaultdict[Address, list[Address]] = defaultdict(list)
    for address, names in references.items():
        for name in names:
            found[name].append(address)
    return found


def reached(starts: Iterable[Name], edges: Mapping[Name, Iterable[Name]]) -> set[Name]:
    """Everything that can be walked to from the starts, the starts included."""
    found = set(starts)
    waiting = list(found)
    while waiting:
        for name in edges.get(waiting.pop(), ()):
            if name not in found:
                found.add(name)
                waiting.append(name)
    return found
