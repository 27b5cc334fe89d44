"""Agents as processes of this machine, on nodes that are names: what a driver's tests place them with, without Ray.

`python -m tests.cluster.local_agents HOW ...` is a driver's process with such agents: HOW is JSON, see `Local`.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from bep.runner.cluster import main as driver
from bep.runner.cluster.lines import Message, line_of, message_of
from bep.runner.cluster.orders import Order
from bep.runner.cluster.places import Gone, Heard, Listed, NoCluster, Placed, Said, Spot
from bep.runner.folder.record import JobError

ROOT = Path(__file__).parents[2]


@dataclass
class Local:
    """`nodes` are those that are listed; `how` is for the agents, `hows` for those of one node alone. On a node of
    `unreached` no agent comes, one of `deaf` outlives being killed, and `headless` never answers after the first time.
    """

    heard: "SimpleQueue[Any]"
    nodes: list[str]
    how: dict[str, Any] = field(default_factory=dict)
    hows: dict[str, dict[str, Any]] = field(default_factory=dict)
    command: list[str] = field(default_factory=lambda: [sys.executable, "-m", "tests.cluster.fake_agent"])
    unreached: tuple[str, ...] = ()
    deaf: tuple[str, ...] = ()
    refusal: str = ""
    headless: bool = False
    waits_for: str = ""
    wanted: int = 0
    processes: dict[str, "subprocess.Popen[str]"] = field(default_factory=dict)
    spots: dict[str, str] = field(default_factory=dict)
    killed: list[str] = field(default_factory=list)
    told: list[tuple[str, str]] = field(default_factory=list)
    _looks: int = 0

    def open(self) -> None:
        if self.refusal:
            self.heard.put(NoCluster(JobError(code="ClusterRefused", message=self.refusal)))
        else:
            self.look()

    def look(self) -> None:
        self._looks += 1
        if not self.headless or self._looks == 1:
            self.heard.put(Listed(tuple(Spot(name, name) for name in self.nodes), self.waits_for))

    def want(self, nodes: int) -> None:
        self.wanted = nodes

    def start(self, agent: str, spot: Spot) -> None:
        self.spots[agent] = spot.id
        if spot.id in self.unreached:
            return
        how = self.hows.get(spot.id, self.how)
        command = [*self.command, json.dumps(how)]
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.processes[agent] = subprocess.Popen(command, cwd=ROOT, text=True, bufsize=1, **pipes)
        self.heard.put(Placed(agent))
        threading.Thread(target=self._read, args=(agent, self.processes[agent]), daemon=True).start()

    def _read(self, agent: str, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        with process.stdout as said:
            for line in said:
                if (message := message_of(line)) is not None:
                    self.heard.put(Said(agent, (message,)))
        self.heard.put(Gone(agent, f"it ended with {process.wait()}"))

    def tell(self, agent: str, message: Message) -> None:
        self.told.append((agent, type(message).__name__))
        process = self.processes.get(agent)
        if process is None or process.stdin is None:
            return
        with suppress(OSError, ValueError):
            process.stdin.write(line_of(message) + "\n")

    def kill(self, agent: str) -> None:
        self.killed.append(agent)
        if agent in self.processes and self.spots[agent] not in self.deaf:
            self.processes[agent].kill()

    def close(self, patience: float) -> None:
        for process in self.processes.values():
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait()
            if process.stdin:
                with suppress(OSError):
                    process.stdin.close()

    def leave(self, patience: float) -> None:
        """There is no cluster."""


def main() -> None:
    """A driver with agents here: it writes their processes and nodes, one a line, to the file that HOW names."""
    how = json.loads(sys.argv.pop(1))
    pids = how.pop("pids", "")

    class Noted(Local):
        def start(self, agent: str, spot: Spot) -> None:
            super().start(agent, spot)
            if pids and agent in self.processes:
                with Path(pids).open("a") as file:
                    file.write(f"{self.processes[agent].pid} {agent} {spot.id}\n")

    def places(address: str, order: Order, queue: "SimpleQueue[Heard | Any]") -> Local:
        return Noted(queue, **how)

    driver.run(driver.asked_of(sys.argv[1:]), places)
    os._exit(0)


if __name__ == "__main__":
    main()
