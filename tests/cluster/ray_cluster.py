"""A Ray cluster on machines of `machines`, with a token: `with cluster(nodes=2, folder=tmp_path) as there`.

Its head is machine 0. Knows nothing of bep.
"""

import json
import os
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import Any, Final

import pytest

from tests.cluster.machines import Machine, Network, Process, Program, missing, network
from tests.cluster.ray_parts import MEMINFO, PROGRAMS, is_of_ray
from tests.cluster.waiting import eventually
from tests.services.places import RAY_PYTHON, interpreter, ray_python

GCS_PORT: Final = 6379
DASHBOARD_PORT: Final = 8265
MEMORY: Final = 80_000_000
"""Of the object store of a node, in bytes: bep puts nothing there."""
RAY_FOLDER: Final = "/mnt"
TEMPORARY: Final = "/srv"
"""Where a node has the folder `tmp` of its home: sockets that Ray's Python makes there need a short name, too."""
SAID: Final = "ray"
"""What `ray start` says, in a node's folder."""
TRIES: Final = 4
"""Starts of Ray on a node beyond the first."""


@dataclass
class Cluster:
    """A cluster that runs; `memory` is what nodes say they have, 0 for what this machine has.

    Nodes are counted from 0, the head; a new one has the next number.
    """

    network: Network
    token_file: Path
    environment: Mapping[str, str] = field(repr=False)
    python: Path = field(default_factory=ray_python)
    memory: int = 0
    options: list[list[str]] = field(default_factory=list)
    rays: dict[int, Program] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """Where programs inside find the cluster, as RAY_ADDRESS has it."""
        return f"{self.network.address(0)}:{GCS_PORT}"

    @property
    def dashboard(self) -> str:
        """The URL of the Jobs API and of the pages, which this machine reaches, too."""
        return f"http://{self.network.address(0)}:{DASHBOARD_PORT}"

    @property
    def nodes(self) -> list[Machine]:
        """All machines that were ever in it."""
        return self.network.machines

    def home(self, number: int) -> Path:
        """The home folder on a node; programs write temporary files in its folder `tmp`."""
        return self.network.folder / f"home{number}"

    def add_node(self, *, cpus: int = 1, resources: Mapping[str, float] | None = None, wait: bool = True) -> Machine:
        """One node more, once Ray has it (or at once)."""
        home = self.home(len(self.nodes))
        (home / "tmp").mkdir(parents=True)
        # Ray's sockets need a short name, its other files are looked at from here: both lie in the machine's folder
        own = {"HOME": str(home), "TMPDIR": TEMPORARY}
        own_options: list[str] = []
        mounts = {RAY_FOLDER: ".", "/dev/shm": "tmpfs", TEMPORARY: str(home / "tmp")}
        if self.memory:
            (self.network.folder / "meminfo").write_text(MEMINFO.format(self.memory // 1024, self.memory // 2048))
            mounts["/proc/meminfo"] = str(self.network.folder / "meminfo")
            own_options = [f"--memory={self.memory}"]
        node = self.network.add({**self.environment, **own}, mounts)
        self.options.append([f"--num-cpus={cpus}", f"--resources={json.dumps(resources or {})}", *own_options])
        self.start_ray(node.number)
        if wait:
            self.wait()
        return node

    def start_ray(self, number: int) -> None:
        """Let Ray start on a node where it does not run: a new one, or one that has lost it."""
        role = ["--address", self.address]
        if number == 0:
            role = ["--head", f"--port={GCS_PORT}", "--dashboard-host=0.0.0.0", f"--dashboard-port={DASHBOARD_PORT}"]
        node = self.nodes[number]
        command = [str(self.python), "-m", "ray.scripts.scripts", "start", "--block", *role, *self.options[number]]
        command += [f"--node-ip-address={node.address}", f"--temp-dir={RAY_FOLDER}", f"--object-store-memory={MEMORY}"]
        with (node.folder / SAID).open("ab") as said:
            self.rays[number] = node.start(command, stdout=said, stderr=said)

    def end_ray(self, number: int) -> None:
        """End Ray on a node, all its parts and the processes of its actors: nobody is told."""
        for process in self.processes(number):
            if is_of_ray(process) or process.command[0].startswith("ray::"):
                with suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGKILL)
        self.rays[number].process.wait()

    def wait(self, patience: float = 300.0) -> None:
        """Until Ray has all nodes on which it runs. Raises `AssertionError` when it ends on one meanwhile."""
        running = {number for number, ray in self.rays.items() if ray.process.poll() is None}
        tries = dict.fromkeys(running, 0)

        def is_ready() -> bool:
            for number in running:
                node = self.nodes[number]
                if self.rays[number].process.poll() is not None:
                    # one that comes before its head is there waits for a while only, as does a head on a busy machine
                    can_be_early = tries[number] < TRIES and (number or len(self.nodes) == 1)
                    assert can_be_early, f"Ray ended on {node.name}: {(node.folder / SAID).read_text(errors='replace')}"
                    tries[number] += 1
                    self.start_ray(number)
            return {self.nodes[number].address for number in running} <= self.alive()

        eventually("Ray has all nodes", is_ready, patience)

    def restart_ray(self, number: int, patience: float = 300.0) -> None:
        """Let Ray end and start again on a node, until its head has the new one and no longer the one before."""
        node = self.nodes[number]
        before = set(self.known(node.address))
        self.end_ray(number)
        self.start_ray(number)
        self.wait(patience)

        def is_new() -> bool:
            now = set(self.known(node.address))
            return len(now) == 1 and not now & before

        eventually(f"Ray has {node.name} anew", is_new, patience)

    def alive(self) -> set[str]:
        """The addresses of the nodes that Ray takes for alive; none while its head does not answer."""
        return {raylet["nodeManagerAddress"] for raylet in self._raylets()}

    def known(self, address: str) -> list[str]:
        """Ray's names of the nodes at an address that it takes for alive: two for a while, where one died unseen."""
        return [raylet["nodeId"] for raylet in self._raylets() if raylet["nodeManagerAddress"] == address]

    def _raylets(self) -> list[dict[str, Any]]:
        status, answer = self.ask("/nodes?view=summary")
        nodes = json.loads(answer)["data"]["summary"] if status == 200 else []
        return [node["raylet"] for node in nodes if node["raylet"].get("state") == "ALIVE"]

    def ask(self, target: str, body: object = None, token: str | None = None, method: str = "") -> tuple[int, str]:
        """What the dashboard answers, with the cluster's token unless another is given; 0 where it does not."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.dashboard + target, data, method=method or None)
        request.add_header("Content-Type", "application/json")
        token = self.token_file.read_text() if token is None else token
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, refused.read().decode()
        except OSError as silence:
            return 0, str(silence)

    def kill_node(self, number: int) -> None:
        """End a node as a power cut does."""
        self.network.kill(self.nodes[number])

    def cut(self, number: int) -> None:
        """Pull a node's cable out: it lives on, and hears of nobody."""
        self.network.plug(self.nodes[number], is_in=False)

    def heal(self, number: int) -> None:
        """Put it in again."""
        self.network.plug(self.nodes[number], is_in=True)

    def called(self, number: int, program: str) -> list[Process]:
        """What runs a part of Ray on a node (a key of `PROGRAMS`), runs a file of this name, or has such a title."""
        name = PROGRAMS.get(program, program)
        return [
            process
            for process in self.processes(number)
            if process.command[0].startswith(name) or any(Path(word).name == name for word in process.command[:3])
        ]

    def kill(self, number: int, program: str, signal_number: int = signal.SIGKILL) -> None:
        """Send a signal to all that `called` finds. Raises `AssertionError` where that is nothing."""
        found = self.called(number, program)
        assert found, f"no {program} on node {number}: {self.processes(number)}"
        for process in found:
            os.kill(process.pid, signal_number)

    def freeze(self, *pids: int) -> None:
        """Stop processes: they keep all they have, and do nothing."""
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)

    def thaw(self, *pids: int) -> None:
        """Let them go on."""
        for pid in pids:
            os.kill(pid, signal.SIGCONT)

    def processes(self, number: int) -> list[Process]:
        """What lives on a node."""
        return self.nodes[number].processes()

    def start(self, number: int, command: Sequence[str], **words: Any) -> Program:
        """A program on a node that finds the cluster, begun; see `Machine.start`."""
        words["env"] = {"RAY_ADDRESS": self.address, **words.get("env", {})}
        return self.nodes[number].start(command, **words)

    def run(
        self, number: int, command: Sequence[str], *, expect: int = 0, patience: float = 120.0, **words: Any
    ) -> str:
        """What a program on a node says, both streams together."""
        started = self.start(number, command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **words)
        try:
            said, _ = started.process.communicate(timeout=patience)
        finally:
            started.kill()
        assert started.process.returncode == expect, f"{command}: {started.process.returncode}\n{said}"
        return str(said)

    def logs(self, number: int) -> Mapping[str, str]:
        """What Ray has logged on a node, by the name of the file."""
        found = self.nodes[number].folder.glob("session_2*/logs/*.*")
        return {file.name: file.read_text(errors="replace") for file in found if file.is_file()}


def missing_for_ray() -> str:
    """Why there can be no cluster here, in words; empty where there can."""
    if interpreter(RAY_PYTHON) is None:
        return f"no Python {RAY_PYTHON} here"
    if not (ray_python().parent.parent / "made").exists():
        return "no Ray here; make services installs it"
    return missing()


@contextmanager
def cluster(
    nodes: int,
    folder: Path,
    *,
    cpus: int = 1,
    environment: Mapping[str, str] | None = None,
    python: Path | None = None,
    memory: int = 0,
) -> Iterator[Cluster]:
    """A cluster of so many nodes, ready; gone at the end. Skips the test where there can be none.

    `environment` is for the nodes' Ray, such as RAY_memory_usage_threshold; `python` has another Ray than the tests';
    `memory` is how many bytes of memory each node says it has, which nobody sees to.
    """
    if reason := missing_for_ray():
        pytest.skip(reason)
    python = python or ray_python()
    token_file = folder / "token"
    token_file.touch(0o600)
    token_file.write_text(token_hex(16))
    made = {
        "PATH": f"{python.parent}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
        "LANG": "C.UTF-8",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(token_file),
        "RAY_USAGE_STATS_ENABLED": "0",
        **(environment or {}),
    }
    with network(folder) as between:
        there = Cluster(between, token_file, made, python, memory)
        for number in range(nodes):
            there.add_node(cpus=cpus, wait=number == 0)  # Ray gives a node up whose head is late, as on a busy machine
        there.wait()
        yield there
