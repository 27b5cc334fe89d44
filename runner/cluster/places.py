"""What places agents on the nodes of a cluster and carries lines to and from them, as a driver sees it.

Values and a protocol; knows no cluster, no share and no process. All that is heard comes through one queue.
"""

from typing import Protocol

from bep.lazy_dataclasses import dataclass
from bep.runner.cluster.lines import Message
from bep.runner.folder.record import JobError


@dataclass(frozen=True, slots=True)
class Spot:
    """A node of the cluster that can have an agent: `id` is the cluster's own name of it, `host` is for a person, and
    `cpus` is how many it says that it has; 0 where it does not say."""

    id: str
    host: str
    cpus: float = 0.0


@dataclass(frozen=True, slots=True)
class Listed:
    """The nodes that live now and have what an agent is to get, the best first. `waits_for` is what the cluster says of
    what it has not given, in its own words; empty where there is nothing of that kind."""

    spots: tuple[Spot, ...]
    waits_for: str = ""


@dataclass(frozen=True, slots=True)
class Placed:
    """An agent is on its node: what it is told from now on is carried."""

    agent: str


@dataclass(frozen=True, slots=True)
class Said:
    """What an agent has said, in order."""

    agent: str
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Gone:
    """An agent is no more, and why. It is `blamed` unless it is known that somebody else has ended it."""

    agent: str
    why: str
    is_blamed: bool = True


@dataclass(frozen=True, slots=True)
class NoCluster:
    """There is no cluster, or it has refused: nothing more comes."""

    error: JobError


Heard = Listed | Placed | Said | Gone | NoCluster


class Places(Protocol):
    """Every method returns at once, whatever the cluster does; what comes of it is heard. No agent's name is used
    twice."""

    def open(self) -> None:
        """Find the cluster. `NoCluster` is heard where that fails, `Listed` when it is found."""
        ...

    def look(self) -> None:
        """Ask which nodes there are: `Listed` is heard, unless an earlier question is still open."""
        ...

    def want(self, nodes: int) -> None:
        """Ask the cluster to have so many nodes, where it can grow."""
        ...

    def start(self, agent: str, spot: Spot) -> None:
        """Start an agent on that node and no other. `Placed` is heard, and `Gone` at its end, whatever it was."""
        ...

    def tell(self, agent: str, message: Message) -> None:
        """Carry a message to an agent, after all before it. What is told to one that is gone is lost."""
        ...

    def kill(self, agent: str) -> None:
        """End an agent that may not hear any more. `Gone` need not be heard then."""
        ...

    def close(self, patience: float) -> None:
        """End all that is left; this waits, at most so many seconds."""
        ...

    def leave(self, patience: float) -> None:
        """Leave the cluster; this process ends afterwards. This waits, at most so many seconds."""
        ...
