"""A workspace whose compute is a Ray cluster of `ray_cluster`, and `bep` in it: on a node, or on this machine.

On a node it has Ray and talks to the cluster as Ray's own programs do; here it has none, and uses the dashboard.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.bep.conftest import surroundings, write
from tests.cluster.machines import Program
from tests.cluster.ray_cluster import Cluster

COMPUTE: Final = "cluster"
_SPECS: Final = """\
kind: compute
name: {compute}
type: ray
address: {address}
dashboard: {dashboard}
max_instances: {nodes}
share: {share}
node_timeout: {node_timeout:g}
---
kind: compute
name: here
type: amlcompute
max_instances: {nodes}
---
name: letters
auth_mode: aad_token
defaults: {{deployment_name: blue}}
"""
_DEPLOYMENT: Final = """\
---
name: {name}
endpoint_name: letters
type: model
model: {{name: alphabet, version: 1, path: model}}
code_configuration: {{code: code, scoring_script: score.py}}
environment: {{name: plain, version: 1, {environment}}}
compute: azureml:{compute}
resources: {{instance_count: {nodes}}}
settings: {{{settings}}}
"""
_JOB: Final = "kind: job\nendpoint: letters\ninputs:\n  all: {{type: uri_folder, path: {inputs}}}\n"
_PATH: Final = "import sys; sys.path.append({place!r})\n"
"""A program on a node is to find bep's own packages first."""


@dataclass
class ClusterWorkspace:
    """A folder `ws` with the deployments blue, scored on the cluster, and green, by this machine's engine.

    `settings` and `environment` are of both, as YAML has them in one line.
    """

    cluster: Cluster
    folder: Path
    script: str
    inputs: Path
    share: str
    settings: str
    environment: str = "image: python"
    node_timeout: float = 20
    nodes: int = 2
    given: Mapping[str, str] = field(default_factory=dict)

    def make(self) -> None:
        """Lay its files, and apply."""
        there = self.cluster
        specs = _SPECS.format(
            compute=COMPUTE,
            address=there.address,
            dashboard=there.dashboard,
            nodes=self.nodes,
            share=self.share,
            node_timeout=self.node_timeout,
        )
        for name, compute in (("blue", COMPUTE), ("green", "here")):
            own = {"settings": self.settings, "environment": self.environment}
            specs += _DEPLOYMENT.format(name=name, compute=compute, nodes=self.nodes, **own)
        write(
            self.folder,
            {
                "ws/bep.yml": f"workspace: w\nprovider: {{local: {{python: {sys.executable}}}}}\nspecs: [specs.yml]\n",
                "ws/specs.yml": specs,
                "ws/job.yml": _JOB.format(inputs=self.inputs),
                "ws/model/letters.txt": "abc\n",
                "ws/code/score.py": self.script,
                "path/sitecustomize.py": _PATH.format(place=str(self.packages)),
            },
        )
        self.bep("apply", "-y")

    @property
    def packages(self) -> Path:
        """Where the Ray of the nodes is installed."""
        python = "python{}.{}".format(*sys.version_info[:2])
        return self.cluster.python.parent.parent / "lib" / python / "site-packages"

    @property
    def place(self) -> Path:
        """The folder of the workspace."""
        return self.folder / "ws"

    def job(self, name: str) -> Path:
        """Where it keeps a job."""
        return self.place / ".bep/jobs" / name

    def output(self, name: str) -> bytes:
        """What a job has written, where it was told `--output-path` its name."""
        return (self.place / name / "predictions.csv").read_bytes()

    def bep(self, *arguments: str, expect: int = 0) -> str:
        """What `bep` says, here."""
        done = subprocess.run(
            [sys.executable, "-m", "bep", *arguments],
            cwd=self.place,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert done.returncode == expect, f"{arguments}: {done.returncode}\n{done.stdout}"
        return done.stdout

    def start(self, node: int | None, *arguments: str, said: Path) -> "subprocess.Popen[Any]":
        """`bep` begun on a node, or here (None); what it says is appended to a file."""
        command = [sys.executable, "-m", "bep", *arguments]
        with said.open("ab") as to:
            words: dict[str, Any] = {"stdout": to, "stderr": to}
            if node is not None:
                return self.start_on(node, command, **words).process
            words |= {"cwd": self.place, "env": self._environment(), "start_new_session": True}
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, **words)

    def start_on(self, node: int, command: list[str], **words: Any) -> Program:
        """A program of bep's Python on a node, with Ray, begun in the workspace."""
        own = {"PYTHONPATH": str(self.folder / "path"), "COLUMNS": "100", **self.given}
        return self.cluster.start(node, command, folder=self.place, env=own, **words)

    def _environment(self) -> dict[str, str]:
        token = {name: value for name, value in self.cluster.environment.items() if name.startswith("RAY_AUTH_")}
        cache = {"XDG_CACHE_HOME": str(self.folder / "cache")}
        return {**surroundings(), **token, **cache, "PYTHONPATH": os.environ.get("PYTHONPATH", ""), **self.given}
