"""One session of a driver: hears agents, lets the dispatcher decide, and does what it says. Knows no Ray.

One thread, which waits for one queue and for nothing else. What may take long (the share, the cluster) has threads of
its own.
"""

import time
from queue import Empty, SimpleQueue
from typing import Final

from bep.lazy_dataclasses import dataclass, field
from bep.runner.cluster import lines, messages, stopping
from bep.runner.cluster.account import Account, began_with
from bep.runner.cluster.agents import Agents
from bep.runner.cluster.batches import Batches, total
from bep.runner.cluster.claims import Claiming, Superseded
from bep.runner.cluster.dispatching import Dispatcher
from bep.runner.cluster.journal import Committed, Journal
from bep.runner.cluster.orders import Calls
from bep.runner.cluster.places import Gone, Heard, Listed, NoCluster, Placed, Places, Said
from bep.runner.cluster.placing import Placement
from bep.runner.cluster.session import Halt, Session
from bep.runner.cluster.telling import Driving, State
from bep.runner.cluster.translating import event_of, line_of
from bep.runner.cluster.watching import Keeper, Teller
from bep.runner.errors import JobInvalid
from bep.runner.folder.record import JobError, error_of

TICK: Final = 1.0
"""Seconds between two looks at the time."""
_TOGETHER: Final = 1000  # events that are taken before the time is looked at again
_LOOK_EVERY: Final = 5  # ticks, where all nodes that are wanted are there
_HEAD_LATE: Final = 10  # ticks for which the cluster's head has not answered when that is told
_HEAD_LOST: Final = 45  # and when the job ends: Ray would end this process after 60 s, without a word
_GRACE: Final = 30.0  # seconds that agents get to end in order
PARTING: Final = 10.0
"""Seconds in which agents that did not end are ended, and in which the cluster is left."""


@dataclass(slots=True, eq=False)
class Driver:
    """Drives a session that has a claim. `before` is what earlier sessions of the order have committed; what is put
    into `queue` by places, by threads and by signals is taken out here. `tick` and `grace` are seconds."""

    session: Session
    before: Committed
    claim: Claiming
    places: Places
    queue: SimpleQueue[Heard | Halt]
    teller: Teller
    tick: float = TICK
    grace: float = _GRACE
    account: Account = field(init=False)
    _calls: Calls = field(init=False)
    _dispatcher: Dispatcher = field(init=False)
    _agents: Agents = field(init=False)
    _journal: Journal = field(init=False)
    _keeper: Keeper = field(init=False)
    _halt: Halt | None = None
    _ticks: int = 0
    _due: float = 0.0
    _unanswered: int = -1
    _waited_for: str = ""

    def __post_init__(self) -> None:
        session, now = self.session, time.monotonic()
        self._calls = session.order.calls
        todo, progress = self.before.left_of(len(self._calls)), session.progress(self.before)
        self.account = Account(session.says(), began_with(progress))
        self._dispatcher = Dispatcher(todo, session.rules, now, self._calls.items_of, progress)
        placement = Placement(session.wanted(total(todo)), now)
        self._agents = Agents(self.places, placement, self.account, session.begin)
        manifest, number = session.order.prepared.manifest_digest, session.order.number
        self._journal = Journal(session.share, session.job, manifest, number, session.name, self._cannot_write)
        self._keeper = Keeper(self.claim, self._cannot_write)

    def drive(self) -> Driving:
        """From the first agent to the last. Gives the last word, which is not said yet; the claim is let go by then.
        Whoever has said it leaves the cluster."""
        self._journal.start()
        self._keeper.start()
        self.account.state = State.RUNNING
        if self.session.capped:
            self.account.say(self.session.capped)
        self._decide(messages.Tick())
        if not self._is_over:
            self.places.open()
        while not self._is_over:
            self._turn()
        self._waited_for = self.account.waits_for
        self._wind_up()
        return self._end()

    @property
    def _is_over(self) -> bool:
        return self._halt is not None or self._dispatcher.ending is not None

    def _turn(self) -> None:
        """Take what has come, and let time pass."""
        try:
            self._take(self.queue.get(timeout=max(0.0, self._due - time.monotonic())))
            for _ in range(_TOGETHER):
                self._take(self.queue.get_nowait())
        except Empty:
            pass
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + self.tick
            self._pass()

    def _take(self, event: Heard | Halt) -> None:
        match event:
            case Halt():
                self._stop(event)
            case NoCluster():
                self._stop(Halt(event.error))
            case Said():
                for message in event.messages:
                    self._said(event.agent, message)
            case Gone():
                self._gone(event)
            case Placed():
                self._agents.placed(event.agent)
            case Listed():
                self._unanswered = 0
                self._agents.listed(event)
                self._place()

    def _stop(self, halt: Halt) -> None:
        if self._halt is None or halt.is_superseded:
            self._halt = halt

    # What agents say, and what follows

    def _said(self, agent: str, message: lines.Message) -> None:
        if not self._agents.has(agent):
            return  # it was given up: nothing that it says counts
        self._agents.heard(agent, message)
        if (event := event_of(agent, message, self._calls)) is not None:
            self._decide(event)
        if isinstance(message, lines.Broken) and self._agents.has(agent):
            self._agents.broken(agent, message.error)
            self._place()

    def _gone(self, event: Gone) -> None:
        self._agents.gone(event.agent)
        if self._agents.has(event.agent):
            self._decide(messages.Lost(event.agent, event.why, event.is_blamed))
            self._agents.lost(event.agent, event.why)
            self._place()

    def _decide(self, event: messages.Event) -> None:
        for command in self._dispatcher.handle(event, time.monotonic()):
            self._obey(command)

    def _obey(self, command: messages.Command) -> None:
        match command:
            case messages.Give() | messages.Revoke():
                if self.account.state is State.RUNNING:
                    self.places.tell(command.node, line_of(command, self._calls))
            case messages.Kill():
                self.places.kill(command.node)
                self._agents.lost(command.node, command.why)
            case messages.Count():
                self._journal.count(command.pieces)
                self.account.counted(command.node, command.pieces)
                self._agents.placement.settled(command.node)
            case messages.GiveUp():
                self._journal.give_up(command)
                self.account.gave_up(self._calls.items_of(command.batch))
                self.account.say(_given_up(command, self._calls))

    def _place(self) -> None:
        if self.account.state is State.RUNNING and not self._is_over and (error := self._agents.place()):
            self._stop(Halt(error))

    # Time

    def _pass(self) -> None:
        self._ticks += 1
        self._agents.ping(self.tick)
        self._decide(messages.Tick())
        self._place()
        self._watch_head()
        self._tell()

    def _watch_head(self) -> None:
        """Ask the cluster's head how it is: where it has ended, no other sign comes."""
        if not self._agents.placement.is_complete or self._ticks % _LOOK_EVERY == 0:
            self.places.look()
        self.account.waits_for = self._agents.placement.waits_for
        if self._unanswered < 0:
            return  # it has never answered: no node is there, and that is told
        self._unanswered += 1
        late = self._unanswered - _LOOK_EVERY
        if late >= _HEAD_LATE:
            self.account.waits_for = f"the head of the cluster has not answered for {late * self.tick:.0f} s"
        if late >= _HEAD_LOST:
            self._stop(Halt(stopping.head_silent(late * self.tick)))

    def _tell(self) -> None:
        self.teller.tell(self.account.document(self._dispatcher.progress, self._dispatcher.nodes))

    def _cannot_write(self, error: JobInvalid) -> None:
        """From another thread."""
        self.queue.put(Halt(error_of(error.code, str(error)), isinstance(error, Superseded)))

    # The end

    def _wind_up(self) -> None:
        """Let agents end, and take in what they still have to say: what was settled counts."""
        self.account.state = State.ENDING
        self._tell()
        self._journal.hurry()
        self._agents.stop(at_once=self._halt is not None and self._halt.is_superseded)
        until = time.monotonic() + self.grace
        while self._agents.placement.agents and time.monotonic() < until:
            self._turn()
        self._agents.close(PARTING)

    def _end(self) -> Driving:
        """Write the last commits, let the claim go, and say how it ended."""
        if self._halt and self._halt.is_superseded:
            self._journal.abandon()
        refused = self._journal.close()
        self._keeper.end()
        error = self._why()
        if refused and error is None:
            error = error_of(refused.code, str(refused))
        left = self._dispatcher.pending.waiting or self._dispatcher.outstanding
        self.account.state = State.FAILED if error else State.CANCELLED if left else State.DONE
        return self.account.document(self._dispatcher.progress, self._dispatcher.nodes, error)

    def _why(self) -> JobError | None:
        ending = self._dispatcher.ending
        error = (ending and ending.error) or (self._halt and self._halt.error) or None
        return stopping.with_pending(error, self._waited_for) if error else None


def _given_up(command: messages.GiveUp, calls: Calls) -> str:
    """What a user is told of a mini-batch that nobody will score."""
    (span,) = calls.within(Batches(command.batch, command.batch + 1))
    items = f"item {span.first}" if span.count == 1 else f"items {span.first} to {span.end - 1}"
    return f"{items} given up: {command.losses} nodes were lost while they scored nothing else; the last: {command.why}"
