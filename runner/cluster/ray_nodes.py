"""What an agent is to get of a node of a Ray cluster, which nodes have that, and what Ray says, in words of ours.

Asks the head of the cluster through Ray's client, which is given; imports no Ray.
"""

import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from bep.lazy_dataclasses import dataclass, field
from bep.runner.cluster.places import Spot
from bep.runner.request import RayCluster

_HEAD: Final = "node:__internal_head__"
_LONGEST: Final = 300  # signs of what Ray says
_MEMORY: Final = "memory"


@dataclass(frozen=True, slots=True)
class Ask:
    """What an agent gets of its node: `cpus` 0 for all; `resources` are Ray's words, `memory` in bytes among them."""

    cpus: int = 0
    gpus: int = 0
    resources: Mapping[str, float] = field(default_factory=dict)

    def fits(self, has: Mapping[str, float]) -> bool:
        """Whether a node has that, or could have it free. One without CPUs is kept free by whoever made it so."""
        wanted = {"CPU": max(1, self.cpus), "GPU": self.gpus, **self.resources}
        return all(has.get(name, 0) >= amount for name, amount in wanted.items())

    def options(self, cpus: float) -> dict[str, Any]:
        """For the actor on a node that has so many CPUs."""
        others = {name: amount for name, amount in self.resources.items() if name != _MEMORY}
        options: dict[str, Any] = {"num_cpus": self.cpus or cpus, "num_gpus": self.gpus, "resources": others}
        return {**options, "memory": self.resources[_MEMORY]} if _MEMORY in self.resources else options

    def bundle(self, cpus: float) -> dict[str, float]:
        """For the autoscaler, where the largest node has so many CPUs."""
        wanted = {"CPU": self.cpus or cpus, "GPU": self.gpus, **self.resources}
        return {name: amount for name, amount in wanted.items() if amount}

    def __str__(self) -> str:
        wanted = {"CPU": self.cpus or "all", "GPU": self.gpus, **self.resources}
        return ", ".join(f"{amount} {name}" for name, amount in wanted.items() if amount)


@dataclass(frozen=True, slots=True)
class Found:
    """Nodes for agents, the best first, and what the cluster has not given."""

    spots: tuple[Spot, ...]
    waits_for: str


def ask_of(cluster: RayCluster) -> Ask:
    """What a compute says of it."""
    return Ask(cluster.cpus_per_instance, cluster.gpus_per_instance, cluster.resources)


def found(ray: Any, ask: Ask, grows: str = "") -> Found:
    """Ask the head; `grows` is what its autoscaler is about. Raises whatever Ray does, and that may take a minute."""
    alive = [node for node in ray.nodes() if node["Alive"]]
    free = _free(ray)
    fit = [node for node in alive if ask.fits(node["Resources"])]
    fit.sort(key=lambda node: (not ask.fits(free.get(node["NodeID"], {})), _HEAD in node["Resources"]))
    spots = tuple(
        Spot(node["NodeID"], node["NodeManagerHostname"], float(node["Resources"].get("CPU", 0))) for node in fit
    )
    return Found(spots, "; ".join(filter(None, (_waits(alive, fit, ask), grows))))


def _free(ray: Any) -> Mapping[str, Mapping[str, float]]:
    """What of each node nobody has; Ray has no public word for that."""
    with suppress(Exception):
        told: Mapping[str, Mapping[str, float]] = ray._private.state.available_resources_per_node()
        return told
    return {}


def _waits(alive: list[Any], fit: list[Any], ask: Ask) -> str:
    """Why there are not more nodes."""
    count = f"{len(alive)} node lives" if len(alive) == 1 else f"{len(alive)} nodes live"
    if len(fit) == len(alive):
        return count
    others = sorted({_short_of(node["Resources"], ask) for node in alive if node not in fit})
    return f"{count}, and {len(fit)} of them can ever give {ask}; others have {' or '.join(others)}"


def _short_of(has: Mapping[str, float], ask: Ask) -> str:
    """What a node has of what is asked for."""
    names = ["CPU", *(["GPU"] if ask.gpus else []), *ask.resources]
    return ", ".join(f"{has.get(name, 0):g} {name}" for name in names)


def growing(status: Any) -> str:
    """What the autoscaler is about, of the status that it gives of itself."""
    starting = len(status.pending_launches) + len(status.pending_nodes)
    told = [f"{starting} more {'is' if starting == 1 else 'are'} being started"] if starting else []
    told += [f"one could not be started: {_short(str(one.details))}" for one in status.failed_launches[-1:]]
    return "; ".join(told)


def refused(error: Exception) -> str:
    """Why there is no cluster."""
    if isinstance(error, ImportError):
        return (
            f"Ray cannot be imported by the Python that drives the job, {sys.executable} ({error})\n"
            "    fix: install Ray there (bep-batch[ray]), in the version that the cluster runs; for a job that comes by"
            " the dashboard, start the head with its Ray's Python as the first `python` on the PATH"
        )
    fix = "see whether the cluster runs, whether this machine reaches it, and whether both run the same Ray and Python"
    return f"the Ray cluster cannot be joined: {_short(_told(error))}\n    fix: {fix}"


def in_words(error: Exception) -> str:
    """Why an actor is gone."""
    kind = type(error).__name__
    if kind == "OutOfMemoryError":
        return f"Ray has ended it because the memory of its node was full: {_short(_told(error))}"
    if kind == "ActorUnavailableError":
        return f"its node does not answer: {_short(_told(error))}"
    return _short(_told(error)) or kind


def is_taken_away(error: Exception) -> bool:
    """Whether it is known that somebody has taken the node away: what was scored there is not to blame."""
    return bool(getattr(error, "preempted", False))


def _told(error: Exception) -> str:
    """What an error of Ray's says, without the lines that name a class, a process or a file of its logs."""
    lines = [line.strip() for line in str(error).splitlines()]
    kept = [
        line
        for line in lines
        if line and not line.startswith(("class_name:", "actor_id:", "pid:", "namespace:", "ip:", "name:"))
    ]
    return " ".join(kept) or type(error).__name__


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 4] + " ..."
