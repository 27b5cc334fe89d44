"""What a session has to tell of itself: its agents, counts and last lines. Pure; whoever has it writes it down."""

from collections import deque
from collections.abc import Iterable
from typing import Final

from bep.lazy_dataclasses import dataclass, field, replace
from bep.runner.cluster import lines
from bep.runner.cluster.dispatching import Progress
from bep.runner.cluster.messages import Piece
from bep.runner.cluster.nodes import Nodes
from bep.runner.cluster.telling import LINES, Driving, Node, State
from bep.runner.folder.record import JobError

_PAST_KEPT: Final = 200  # agents that are no more, of which the last are told by name


@dataclass(slots=True, eq=False)
class _Known:
    """What is known of one agent."""

    name: str
    host: str
    state: str = "starting"
    why: str = ""
    scored: int = 0
    failed: int = 0
    doing: lines.Doing = field(default_factory=lines.Doing)


@dataclass(slots=True)
class Account:
    """Of one session. `before` is what the dispatcher began with: earlier sessions have told that."""

    start: Driving
    before: Progress
    state: State = State.STARTING
    waits_for: str = ""
    _agents: dict[str, _Known] = field(default_factory=dict)
    _past: deque[_Known] = field(default_factory=lambda: deque(maxlen=_PAST_KEPT))
    _sums: tuple[int, int, int] = (0, 0, 0)
    _lines: deque[tuple[int, str]] = field(default_factory=lambda: deque(maxlen=LINES))
    _said: int = 0
    _scored: int = 0
    _failed: int = 0
    _given_up: int = 0

    def say(self, text: str) -> None:
        """A user is to read this."""
        self._said += 1
        self._lines.append((self._said, text))

    def begin(self, agent: str, host: str) -> None:
        """An agent is being started."""
        self._agents[agent] = _Known(agent, host)

    def ready(self, agent: str, host: str) -> None:
        """An agent takes grants, and says on which machine it is."""
        if known := self._agents.get(agent):
            known.state, known.host = "scoring", host or known.host

    def doing(self, agent: str, doing: lines.Doing) -> None:
        """How an agent is."""
        if known := self._agents.get(agent):
            known.doing = doing

    def counted(self, agent: str, pieces: Iterable[Piece]) -> None:
        """What an agent has scored counts."""
        for piece in pieces:
            self._scored, self._failed = self._scored + piece.scored, self._failed + piece.failed
            if known := self._agents.get(agent):
                known.scored, known.failed = known.scored + piece.scored, known.failed + piece.failed

    def gave_up(self, items: int) -> None:
        """So many items will have no result."""
        self._given_up += items

    @property
    def live(self) -> tuple[str, ...]:
        """Agents that have not ended."""
        return tuple(self._agents)

    def end(self, agent: str, state: str, why: str = "") -> None:
        """An agent is no more: it is lost, or stopped."""
        if known := self._agents.pop(agent, None):
            known.state, known.why = state, why
            doing = known.doing
            retries, splits, workers = self._sums
            self._sums = retries + doing.retries, splits + doing.splits, workers + doing.workers_lost
            self._past.append(known)

    def document(self, progress: Progress, nodes: Nodes, error: JobError | None = None) -> Driving:
        """All of it now."""
        live = [known.doing for known in self._agents.values()]
        retries, splits, workers_lost = self._sums
        return self.start.model_copy(
            update={
                "state": self.state,
                "scored": self._scored,
                "failed": self._failed,
                "given_up": self._given_up,
                "items_per_second": round(sum(doing.items_per_second for doing in live), 3),
                "retries": retries + sum(doing.retries for doing in live),
                "splits": splits + sum(doing.splits for doing in live),
                "workers_lost": workers_lost + sum(doing.workers_lost for doing in live),
                "nodes_lost": progress.nodes_lost - self.before.nodes_lost,
                "grants": progress.grants - self.before.grants,
                "nodes": tuple(_node(known, nodes) for known in (*self._past, *self._agents.values())),
                "waits_for": self.waits_for,
                "lines": tuple(self._lines),
                "error": error,
            }
        )


def began_with(progress: Progress) -> Progress:
    """A copy, for `Account.before`."""
    return replace(progress)


def _node(known: _Known, nodes: Nodes) -> Node:
    is_past = known.state in ("lost", "stopped")
    node = None if is_past else nodes.get(known.name)
    doing = known.doing
    return Node(
        name=known.name,
        host=known.host,
        state=known.state,
        why=known.why,
        scored=known.scored,
        failed=known.failed,
        items_per_second=0 if is_past else doing.items_per_second,
        outstanding=len(node.given) if node else 0,
        memory=None if is_past else doing.memory,
        workers=() if is_past else doing.workers,
    )
