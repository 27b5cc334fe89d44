"""Whose turn it is on a compute: first come, first served, never more instances than there are. Pure."""

from collections.abc import Iterable, Sequence
from typing import Final

from bep.lazy_dataclasses import dataclass

WAITING: Final = "waiting"
HOLDING: Final = "holding"
ENDED: Final = "ended"

_NAMED: Final = 2  # jobs that a message names before it counts the rest


@dataclass(frozen=True, slots=True)
class Ticket:
    """A job's place in the line of a compute, by its `number`: an earlier one was there first.

    `host` is the mark of the process that has it (empty: none has). An order (`is_order`) is a job that whoever looks
    after the queue starts, and starts again when its process has died; any other goes with its process.
    """

    number: int
    job: str
    state: str
    compute: str
    instances: int
    host: str = ""
    is_order: bool = False

    @property
    def is_open(self) -> bool:
        """Whether it waits or holds."""
        return self.state != ENDED


@dataclass(frozen=True, slots=True)
class Turn:
    """How it stands with a ticket that waits: `capacity` None is any number; `behind` are the jobs that have instances
    or are to have them first, `taken` the instances that those who hold some have."""

    job: str
    compute: str
    instances: int
    capacity: int | None
    taken: int
    behind: tuple[str, ...]
    is_now: bool

    @property
    def is_impossible(self) -> bool:
        """Whether it asks for more than there are by now."""
        return self.capacity is not None and self.instances > self.capacity

    def __str__(self) -> str:
        return waiting_text(self.behind, self.taken, self.capacity, self.compute)


def waiting_text(behind: Sequence[str], taken: int, capacity: int | None, compute: str) -> str:
    """For a person: behind whom a job waits, and how much of its compute is taken."""
    named = list(behind[:_NAMED])
    if rest := len(behind) - len(named):
        named.append(f"{rest} more")
    whom = " and ".join([", ".join(named[:-1]), named[-1]] if len(named) > 1 else named)
    room = f"{taken} of {capacity} instances of {compute} are taken"
    return f"waiting behind {whom} ({room})" if whom else f"waiting ({room})"


def turn_of(tickets: Iterable[Ticket], mine: Ticket, capacity: int | None) -> Turn:
    """Whether a waiting ticket may have its instances now: only the first of those that wait may, once enough are free.

    `tickets` are the open ones, of dead processes none.
    """
    there = [one for one in tickets if one.compute == mine.compute and one.number != mine.number]
    holding = [one for one in there if one.state == HOLDING]
    ahead = [one for one in there if one.state == WAITING and one.number < mine.number]
    taken = sum(one.instances for one in holding)
    fits = capacity is None or taken + mine.instances <= capacity
    behind = tuple(one.job for one in (*holding, *ahead))
    is_now = capacity is None or (not ahead and fits)
    return Turn(mine.job, mine.compute, mine.instances, capacity, taken, behind, is_now)


def next_of(tickets: Sequence[Ticket], capacities: "dict[str, int | None]") -> list[Ticket]:
    """The orders that nobody hosts and whose turn it is now, each counted as holding for those after it."""
    there, found = {one.number: one for one in tickets}, []
    for mine in sorted(tickets, key=lambda one: one.number):
        if mine.state != WAITING or mine.host or not mine.is_order:
            continue
        turn = turn_of(there.values(), mine, capacities.get(mine.compute))
        if turn.is_now or (turn.is_impossible and is_first(there.values(), mine)):
            found.append(mine)
            if turn.is_now:
                there[mine.number] = _holding(mine)
            else:
                del there[mine.number]  # it ends as soon as it is started
    return found


def is_first(tickets: Iterable[Ticket], mine: Ticket) -> bool:
    """Whether nobody waits before this one."""
    return not any(one.compute == mine.compute and one.state == WAITING and one.number < mine.number for one in tickets)


def _holding(one: Ticket) -> Ticket:
    return Ticket(one.number, one.job, HOLDING, one.compute, one.instances, one.host, one.is_order)
