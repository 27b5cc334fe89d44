"""Which node of a cluster gets an agent, and what becomes of a node whose agent was lost or does not come. Pure.

Time comes from outside. Nobody is told of a share or of work: the dispatcher decides on these.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from bep.lazy_dataclasses import dataclass, field
from bep.runner.cluster import stopping
from bep.runner.cluster.places import Spot
from bep.runner.folder.record import JobError

_FIRST_PAUSE: Final = 0.5  # seconds until a node that has lost its agent gets another; doubled with each further loss
_LONGEST_PAUSE: Final = 30.0
_MOST_LOSSES: Final = 8  # of one node in a row, without a result between them: what ends agents there is no accident
_MOST_REFUSALS: Final = 2  # agents of one node that say by themselves that they cannot go on: a network has hiccups
_COMES_WITHIN: Final = 30.0  # seconds after which another node is tried in the place of one where no agent comes
_PREPARES_WITHIN: Final = 7200.0  # seconds for building an environment and fetching a model, with signs of life
_TELLS_AFTER: Final = 30.0  # seconds after which it is said that there are fewer nodes than were asked for


@dataclass(frozen=True, slots=True)
class Wanted:
    """So many agents of session `session`, one a node. Seconds are those of the job's rules."""

    agents: int
    session: str
    node_timeout: float = 20.0
    start_timeout: float = 300.0


@dataclass(frozen=True, slots=True)
class Start:
    """Start this agent on this node."""

    agent: str
    spot: Spot


@dataclass(frozen=True, slots=True)
class Drop:
    """End this agent, which is no use: it has not come, or does not answer while it prepares."""

    agent: str
    host: str
    why: str


@dataclass(frozen=True, slots=True)
class Tell:
    """Something that a user is to read."""

    text: str


@dataclass(frozen=True, slots=True)
class Hopeless:
    """No node can have an agent."""

    error: JobError


Decision = Start | Drop | Tell | Hopeless


@dataclass(slots=True, eq=False)
class _Place:
    """What is known of one node. `losses` and `refusals` are in a row."""

    spot: Spot
    agent: str = ""
    losses: int = 0
    refusals: int = 0
    free_at: float = 0.0

    @property
    def is_given_up(self) -> bool:
        return self.losses >= _MOST_LOSSES or self.refusals >= _MOST_REFUSALS

    def lost(self, now: float) -> None:
        """Its agent is no more: the next one comes after a pause."""
        self.agent = ""
        pause = _FIRST_PAUSE * 2 ** min(self.losses + self.refusals - 1, 10)
        self.free_at = now + min(pause, _LONGEST_PAUSE)


@dataclass(slots=True, eq=False)
class _Agent:
    """One that was started and is not known to be gone. Times are None until it is so."""

    place: _Place
    started: float
    placed: float | None = None
    heard: float | None = None
    is_ready: bool = False


@dataclass(slots=True)
class Placement:
    """All nodes and agents of one session, which begins at `began`."""

    wanted: Wanted
    began: float
    comes_within: float = _COMES_WITHIN
    _places: dict[str, _Place] = field(default_factory=dict)
    _listed: tuple[str, ...] = ()
    _agents: dict[str, _Agent] = field(default_factory=dict)
    _started: int = 0
    _waits_for: str = "the cluster has not answered yet"
    _last_error: JobError | None = None
    _is_short: bool = False

    @property
    def agents(self) -> tuple[str, ...]:
        """All that were started and are not known to be gone."""
        return tuple(self._agents)

    @property
    def ready(self) -> int:
        """How many of them score."""
        return sum(agent.is_ready for agent in self._agents.values())

    @property
    def is_complete(self) -> bool:
        """Whether there are as many as are wanted, ready or not."""
        return len(self._agents) >= self.wanted.agents

    @property
    def waits_for(self) -> str:
        """What the cluster has not given, in its own words; empty where every agent is on its node."""
        return "" if len(self.there) >= self.wanted.agents else self._waits_for

    @property
    def there(self) -> tuple[str, ...]:
        """Those that are on their nodes."""
        return tuple(name for name, agent in self._agents.items() if agent.placed is not None)

    def has(self, agent: str) -> bool:
        """Whether it was started and is not known to be gone."""
        return agent in self._agents

    def host_of(self, agent: str) -> str:
        """Where an agent is, for a person; empty where that is not known any more."""
        found = self._agents.get(agent)
        return found.place.spot.host if found else ""

    def cpus_of(self, agent: str) -> float:
        """How many CPUs its node says that it has; 0 where that is not known."""
        found = self._agents.get(agent)
        return found.place.spot.cpus if found else 0.0

    def listed(self, spots: Sequence[Spot], waits_for: str) -> None:
        """These nodes live."""
        self._waits_for = waits_for
        self._listed = tuple(spot.id for spot in spots)
        for spot in spots:
            self._places.setdefault(spot.id, _Place(spot))

    def placed(self, agent: str, now: float) -> None:
        """An agent is on its node."""
        if found := self._agents.get(agent):
            found.placed = now

    def heard(self, agent: str, now: float) -> None:
        """An agent lives."""
        if found := self._agents.get(agent):
            found.heard = now

    def is_ready(self, agent: str) -> None:
        """An agent takes grants: from now on the dispatcher looks after it."""
        if found := self._agents.get(agent):
            found.is_ready = True

    def settled(self, agent: str) -> None:
        """A node has scored something: whatever was lost there before is no sign of anything."""
        if found := self._agents.get(agent):
            found.place.losses = found.place.refusals = 0

    def gone(self, agent: str, now: float, why: str) -> None:
        """An agent is no more."""
        if found := self._agents.pop(agent, None):
            found.place.losses += 1
            found.place.lost(now)
            self._last_error = stopping.agents_end(found.place.spot.host, found.place.losses, why)

    def stopped(self, agent: str) -> None:
        """An agent has ended because it was told to."""
        self._agents.pop(agent, None)

    def broken(self, agent: str, error: JobError, now: float) -> None:
        """An agent has said that it cannot go on, and ends."""
        if found := self._agents.pop(agent, None):
            found.place.refusals += 1
            found.place.lost(now)
            self._last_error = error

    def decide(self, now: float) -> list[Decision]:
        """What is to be done now; due after each change, and every second or so."""
        decided: list[Decision] = [*self._drop(now), *self._start(now), *self._tell(now)]
        places = [self._places[id] for id in self._listed]
        if not self._agents and places and self._last_error and all(place.is_given_up for place in places):
            decided.append(Hopeless(self._last_error))
        return decided

    def _free(self, now: float) -> list[_Place]:
        """Nodes that could get an agent now; those that have lost the fewest come first."""
        places = [self._places[id] for id in self._listed]
        free = [place for place in places if not place.agent and not place.is_given_up and place.free_at <= now]
        return sorted(free, key=lambda place: place.losses + place.refusals)

    def _drop(self, now: float) -> Iterable[Decision]:
        room = len(self._free(now))
        for name, agent in list(self._agents.items()):
            why = self._useless(agent, now, room > 0)
            if why:
                room -= 1
                del self._agents[name]
                agent.place.lost(now)
                agent.place.free_at = now + _LONGEST_PAUSE
                yield Drop(name, agent.place.spot.host, why)

    def _useless(self, agent: _Agent, now: float, is_room: bool) -> str:
        """Why an agent that is not ready has to end; empty where it has not."""
        if agent.is_ready:
            return ""
        if agent.placed is None:
            patience = self.comes_within if is_room else self.wanted.start_timeout
            return f"it did not come within {patience:g} s" if now - agent.started >= patience else ""
        if agent.heard is not None and now - agent.heard >= self.wanted.node_timeout:
            return f"nothing was heard of it for {self.wanted.node_timeout:g} s while it prepared"
        silent = agent.heard is None and now - agent.placed >= self.wanted.start_timeout
        if silent or now - agent.placed >= _PREPARES_WITHIN:
            return f"it was not ready within {now - agent.placed:.0f} s"
        return ""

    def _start(self, now: float) -> Iterable[Decision]:
        for place in self._free(now):
            if self.is_complete:
                return
            self._started += 1
            place.agent = f"node{self._started}-{self.wanted.session}"
            self._agents[place.agent] = _Agent(place, now)
            yield Start(place.agent, place.spot)

    def _tell(self, now: float) -> Iterable[Decision]:
        """Say once that there are fewer than were asked for, and once that there are not, any more."""
        if not self.ready or now - self.began < min(_TELLS_AFTER, self.wanted.start_timeout):
            return
        if len(self._agents) < self.wanted.agents and not self._is_short:
            self._is_short = True
            says = f": {self._waits_for}" if self._waits_for else ""
            yield Tell(f"{len(self._agents)} of {self.wanted.agents} nodes are there{says}")
        elif self.ready >= self.wanted.agents and self._is_short:
            self._is_short = False
            yield Tell(f"all {self.wanted.agents} nodes are there now")
