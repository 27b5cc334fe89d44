"""The agents of a session: where they are, who is lost, and what a user hears of it. Knows no work and no share."""

import time
from collections.abc import Callable
from typing import Final

from bep.lazy_dataclasses import dataclass, field
from bep.runner.cluster import lines, placing
from bep.runner.cluster.account import Account
from bep.runner.cluster.places import Listed, Places
from bep.runner.cluster.placing import Placement
from bep.runner.cluster.telling import State
from bep.runner.folder.record import JobError

_PINGS_A_SECOND: Final = 200  # of one driver: agents say each second how they are, so more are not needed
_PARTING: Final = 10.0  # seconds that one which cannot go on gets to be gone


@dataclass(slots=True, eq=False)
class Agents:
    """All of one session. `begin` is what each is told first. All that is done, is done by `places`."""

    places: Places
    placement: Placement
    account: Account
    begin: Callable[[str, float], lines.Begin]
    _leaving: dict[str, float] = field(default_factory=dict)
    _pinged: float = 0.0
    _number: int = 0
    _has_asked: bool = False

    def has(self, agent: str) -> bool:
        """Whether what it says counts: it was started, and is neither lost nor given up."""
        return self.placement.has(agent)

    def listed(self, event: Listed) -> None:
        """These nodes live."""
        self.placement.listed(event.spots, event.waits_for)
        wanted = self.placement.wanted.agents
        if len(event.spots) < wanted and not self._has_asked:
            self._has_asked = True
            self.places.want(wanted)

    def placed(self, agent: str) -> None:
        """It is on its node, and hears now."""
        if self.has(agent):
            self.placement.placed(agent, time.monotonic())
            self.places.tell(agent, self.begin(agent, self.placement.cpus_of(agent)))

    def heard(self, agent: str, message: lines.Message) -> None:
        """Take in what is not about work."""
        self.placement.heard(agent, time.monotonic())
        match message:
            case lines.Ready():
                self.placement.is_ready(agent)
                self.account.ready(agent, message.host)
            case lines.Doing():
                self.account.doing(agent, message)
            case lines.Said():
                self.account.say(f"{self.placement.host_of(agent)}: {message.text}")
            case lines.Stopped() if self.account.state is State.ENDING:
                self.placement.stopped(agent)
                self.account.end(agent, "stopped")

    def broken(self, agent: str, error: JobError) -> None:
        """It has said that it cannot go on. It ends by itself, or is ended."""
        self._note(agent, error.message)
        self.placement.broken(agent, error, time.monotonic())
        self.account.end(agent, "lost", error.message)
        self._leaving[agent] = time.monotonic() + _PARTING

    def lost(self, agent: str, why: str) -> None:
        """It is gone, or was given up."""
        self._note(agent, why)
        self.placement.gone(agent, time.monotonic(), why)
        self.account.end(agent, "lost", why)

    def gone(self, agent: str) -> None:
        """Nothing of it is there any more."""
        self._leaving.pop(agent, None)

    def place(self) -> JobError | None:
        """Start agents where there are too few. Why none can be, anywhere."""
        for decision in self.placement.decide(time.monotonic()):
            match decision:
                case placing.Start():
                    self.account.begin(decision.agent, decision.spot.host)
                    self.places.start(decision.agent, decision.spot)
                case placing.Drop():
                    self.places.kill(decision.agent)
                    self.account.say(f"{decision.agent} on {decision.host} is no use: {decision.why}")
                    self.account.end(decision.agent, "lost", decision.why)
                case placing.Tell():
                    self.account.say(decision.text)
                case placing.Hopeless():
                    return decision.error
        return None

    def ping(self, every: float) -> None:
        """Ask all how they are, at most so often (seconds), and end those that should be gone."""
        now = time.monotonic()
        there = self.placement.there
        if now - self._pinged >= 0.9 * max(every, len(there) / _PINGS_A_SECOND):
            self._pinged = now
            self._number += 1
            for agent in there:
                self.places.tell(agent, lines.Ping(number=self._number))
        for agent in [agent for agent, until in self._leaving.items() if now >= until]:
            del self._leaving[agent]
            self.places.kill(agent)

    def stop(self, at_once: bool) -> None:
        """Ask all to end."""
        there = self.placement.there
        for agent in self.placement.agents:
            if agent in there:
                self.places.tell(agent, lines.Stop(at_once=at_once))
            else:
                self.places.kill(agent)
                self.placement.stopped(agent)
                self.account.end(agent, "stopped")

    def close(self, patience: float) -> None:
        """End whoever is left."""
        for agent in (*self.placement.agents, *self._leaving):
            self.places.kill(agent)
        self.places.close(patience)

    def _note(self, agent: str, why: str) -> None:
        if self.account.state is State.RUNNING:
            self.account.say(f"{agent} on {self.placement.host_of(agent)} was lost: {why}")
