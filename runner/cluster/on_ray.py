"""Places agents on a Ray cluster: one actor a node, which carries lines to the agent's process. The only module that
knows Ray, which is imported when a cluster is opened. Knows no share, and nothing of what is scored.

Whatever needs the cluster's head is done in one thread: it may take minutes where that has ended. Another thread
carries lines; calls are waited for by nobody, their ends come into its queue.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, Final

from bep.lazy_dataclasses import dataclass, field
from bep.runner.cluster import ray_actor, ray_nodes
from bep.runner.cluster.lines import Broken, Message, line_of, message_of
from bep.runner.cluster.package import package
from bep.runner.cluster.places import Gone, Listed, NoCluster, Placed, Said, Spot
from bep.runner.cluster.ray_nodes import Ask
from bep.runner.folder.record import error_of

_HEARS: Final = 20.0  # seconds that one call waits for lines of an agent
_KILLED_AFTER: Final = 5.0  # seconds after which its actor is ended, whatever became of that
_THREADS: Final = 4  # of an actor: it hears, it is told, it ends, at the same time


def imported() -> None:
    """Import Ray, which takes most of a second. Where that fails, so it does when the cluster is opened."""
    with suppress(Exception):
        import ray  # noqa: F401


@dataclass(frozen=True, slots=True)
class Carried:
    """What agents are: the module that their interpreter runs, patterns of the variables that they inherit, and the
    module, with its arguments, that ends what killed ones have left."""

    module: str
    patterns: tuple[str, ...]
    sweep: tuple[str, ...]


@dataclass(slots=True, eq=False)
class _Agent:
    """One actor. Only the thread that carries changes it."""

    name: str
    actor: Any
    outbox: list[str] = field(default_factory=list)
    is_told: bool = True
    is_over: bool = False


@dataclass(slots=True, eq=False)
class RayPlaces:
    """Agents on the cluster at an address, each with what `ask` says of a node. What they say comes into `heard`."""

    address: str
    ask: Ask
    carried: Carried
    heard: SimpleQueue[Any]
    _jobs: SimpleQueue[Callable[[], None] | None] = field(default_factory=SimpleQueue)
    _turns: SimpleQueue[Callable[[], None]] = field(default_factory=SimpleQueue)
    _agents: dict[str, _Agent] = field(default_factory=dict)
    _most: float = 1.0
    _ray: Any = None
    _package: Any = None
    _kind: Any = None
    _name: str = ""
    _looks: threading.Lock = field(default_factory=threading.Lock)
    _has_asked: bool = False
    _ending: set[str] = field(default_factory=set)
    _is_closing: bool = False
    _is_quiet: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def open(self) -> None:
        """See `Places`."""
        self._thread = threading.Thread(target=self._do_jobs, name="cluster", daemon=True)
        self._thread.start()
        threading.Thread(target=self._do_turns, name="carrier", daemon=True).start()
        self._jobs.put(self._connect)
        self.look()

    def look(self) -> None:
        """See `Places`."""
        if self._looks.acquire(blocking=False):
            self._jobs.put(self._look)

    def want(self, nodes: int) -> None:
        """See `Places`."""
        self._jobs.put(lambda: self._want(nodes))

    def start(self, agent: str, spot: Spot) -> None:
        """See `Places`."""
        self._jobs.put(lambda: self._create(agent, spot))

    def tell(self, agent: str, message: Message) -> None:
        """See `Places`."""
        line = line_of(message)
        self._turns.put(lambda: self._tell(agent, line))

    def kill(self, agent: str) -> None:
        """See `Places`."""
        self._turns.put(lambda: self._end(agent))

    def close(self, patience: float) -> None:
        """See `Places`."""
        if self._thread:
            self._turns.put(self._end_all)
            self._is_quiet.wait(patience)

    def leave(self, patience: float) -> None:
        """See `Places`."""
        if self._thread:
            self._jobs.put(None)
            self._thread.join(patience)

    # In the thread that asks the head

    def _do_jobs(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                job()
            except Exception as error:  # Ray raises whatever it likes; what was asked for is asked for again
                if self._ray is None:
                    self.heard.put(NoCluster(error_of("ClusterRefused", ray_nodes.refused(error))))
                    return
        with suppress(Exception):
            self._leave()

    def _connect(self) -> None:
        import ray

        ray.init(address=self.address or "auto", log_to_driver=False, logging_level="error", namespace="bep")
        ray.cloudpickle.register_pickle_by_value(ray_actor)
        made = package()
        self._name, self._package = made.name, ray.put(made.content)
        self._kind = ray.remote(ray_actor.Carrier)
        self._ray = ray

    def _look(self) -> None:
        try:
            found = ray_nodes.found(self._ray, self.ask, self._grows())
        finally:
            self._looks.release()
        self._most = max([self._most, *(spot.cpus for spot in found.spots)])
        self.heard.put(Listed(found.spots, found.waits_for))

    def _grows(self) -> str:
        """What the cluster's autoscaler is about, where there is one and Ray tells."""
        with suppress(Exception):
            from ray.autoscaler.v2.sdk import get_cluster_status

            return ray_nodes.growing(get_cluster_status(self._ray.get_runtime_context().gcs_address, timeout=5))
        return ""

    def _want(self, nodes: int) -> None:
        from ray.autoscaler.sdk import request_resources

        self._has_asked = True
        request_resources(bundles=[self.ask.bundle(self._most)] * nodes)

    def _create(self, name: str, spot: Spot) -> None:
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        options = {
            **self.ask.options(spot.cpus),
            "max_restarts": 0,
            "max_task_retries": 0,
            "max_concurrency": _THREADS,
            "scheduling_strategy": NodeAffinitySchedulingStrategy(spot.id, soft=False),
        }
        try:
            carried, make = self.carried, self._kind.options(**options).remote
            actor = make(self._package, self._name, carried.module, carried.patterns, carried.sweep)
        except Exception as error:
            self.heard.put(Gone(name, ray_nodes.in_words(error)))
            return
        self._turns.put(lambda: self._begin(_Agent(name, actor)))

    def _kill(self, agent: _Agent) -> None:
        with suppress(Exception):
            self._ray.kill(agent.actor)

    def _leave(self) -> None:
        """Take back what was asked for. This process ends now: Ray takes that as its `shutdown`, which lasts longer."""
        if self._has_asked:
            from ray.autoscaler.sdk import request_resources

            request_resources(bundles=[])  # else the cluster would keep the nodes for ever

    # In the thread that carries

    def _do_turns(self) -> None:
        while True:
            self._turns.get()()

    def _call(self, agent: _Agent, call: Any, then: Callable[[_Agent, Any], None]) -> None:
        """Call an actor, and do this with the answer, in this thread. An agent that cannot be called is gone."""
        try:
            future = call().future()
        except Exception as error:
            self._lost(agent, error)
        else:
            future.add_done_callback(lambda done: self._turns.put(lambda: self._answered(agent, done, then)))

    def _answered(self, agent: _Agent, done: Any, then: Callable[[_Agent, Any], None]) -> None:
        error = done.exception()
        if error is not None:
            self._lost(agent, error)
        else:
            then(agent, done.result())

    def _begin(self, agent: _Agent) -> None:
        self._agents[agent.name] = agent
        self._call(agent, agent.actor.begin.remote, self._begun)

    def _begun(self, agent: _Agent, refusal: str) -> None:
        if agent.is_over:
            return
        if refusal:
            error = error_of("NoInterpreter", refusal)
            self.heard.put(Said(agent.name, (Broken(error=error),)))
            self._end(agent.name)
            return
        agent.is_told = False
        self.heard.put(Placed(agent.name))
        self._hear(agent)
        self._send(agent)

    def _hear(self, agent: _Agent) -> None:
        self._call(agent, lambda: agent.actor.hear.remote(_HEARS), self._take)

    def _take(self, agent: _Agent, told: tuple[list[str], str]) -> None:
        lines, ended = told
        messages = tuple(message for line in lines if (message := message_of(line)) is not None)
        if messages and not agent.is_over:
            self.heard.put(Said(agent.name, messages))
        if ended:
            self.heard.put(Gone(agent.name, ended))
            self._end(agent.name)
        elif not agent.is_over:
            self._hear(agent)

    def _tell(self, name: str, line: str) -> None:
        if agent := self._agents.get(name):
            agent.outbox.append(line)
            if not agent.is_told:
                self._send(agent)

    def _send(self, agent: _Agent) -> None:
        """One call at a time: an actor with threads does not keep the order of its calls."""
        lines, agent.outbox = agent.outbox, []
        agent.is_told = bool(lines)
        if lines:
            self._call(agent, lambda: agent.actor.tell.remote(lines), lambda agent, _: self._send(agent))

    def _lost(self, agent: _Agent, error: Exception) -> None:
        if not agent.is_over:
            self.heard.put(Gone(agent.name, ray_nodes.in_words(error), not ray_nodes.is_taken_away(error)))
            self._end(agent.name)

    def _end(self, name: str) -> None:
        """Let the actor end the agent, and then end the actor, whether or not it could."""
        agent = self._agents.pop(name, None)
        if agent is None or agent.is_over:
            return
        agent.is_over = True
        self._ending.add(name)
        later = threading.Timer(_KILLED_AFTER, lambda: self._turns.put(lambda: self._ended(agent)))
        later.daemon = True
        later.start()
        with suppress(Exception):
            future = agent.actor.end.remote().future()
            future.add_done_callback(lambda _: self._turns.put(lambda: self._ended(agent)))

    def _ended(self, agent: _Agent) -> None:
        if agent.name in self._ending:
            self._ending.discard(agent.name)
            self._jobs.put(lambda: self._kill(agent))
        if self._is_closing and not self._ending:
            self._is_quiet.set()

    def _end_all(self) -> None:
        self._is_closing = True
        for name in list(self._agents):
            self._end(name)
        if not self._ending:
            self._is_quiet.set()
