"""One job of a scene, from when its client begins to its end."""

import json
import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.cluster.machines import Process
from tests.cluster.scene import DRIVER, Scene, Violation
from tests.cluster.waiting import eventually


@dataclass
class Run:
    """One job of a scene, and its client."""

    scene: Scene
    job: str
    where: int | None
    client: "subprocess.Popen[Any]" = field(init=False)

    @property
    def said(self) -> Path:
        """What the client says."""
        return self.scene.folder / f"{self.job}.said"

    def start(self, *arguments: str) -> None:
        """Begin a client."""
        self.client = self.scene.work.start(self.where, *arguments, said=self.said)

    def resume(self, where: int | None) -> None:
        """Go on with it, from a node or from here."""
        self.where = where
        self.scene.note(f"{self.job} is resumed {'here' if where is None else f'on node {where}'}")
        self.start("job", "resume", self.job)

    def until(self, calls: int, on: Sequence[int] = ()) -> None:
        """Wait until so many calls have begun, and one on each of these nodes."""

        def begun() -> bool:
            self.must_go_on()
            names = self.scene.called_on()
            return len(names) >= calls and {f"node{node}" for node in on} <= set(names)

        eventually(f"{calls} calls of {self.job}, on {list(on)}", begun, 180)

    def must_go_on(self) -> None:
        """Raise `Violation` when the client has ended."""
        if self.client.poll() is not None:
            raise Violation(f"the client of {self.job} ended with {self.client.returncode}:\n{self.said.read_text()}")

    def drivers(self) -> list[tuple[int, Process]]:
        """The drivers of this job that live, with their nodes."""
        nodes = self.scene.up()
        return [(node, one) for node in nodes for one in self.scene.found(node, DRIVER) if self.job in one.command]

    def kill_client(self) -> None:
        """SIGKILL of the client, and of the driver where that is its child."""
        for _, driver in self.drivers():
            if self.where is not None:
                with suppress(ProcessLookupError):
                    os.kill(driver.pid, signal.SIGKILL)
        if self.where is None:
            self.client.kill()
        else:
            (program,) = [one for one in self._programs() if one.process is self.client]
            program.kill()
        self.client.wait()

    def _programs(self) -> list[Any]:
        return self.scene.there.nodes[self.where or 0].programs

    def ended(self, *allowed: int, patience: float = 300) -> int:
        """The client's exit code, which has to be one of these (0)."""
        try:
            code = self.client.wait(patience)
        except subprocess.TimeoutExpired:
            raise Violation(f"{self.job} does not end in {patience:g} s:\n{self.said.read_text()}") from None
        if code not in (allowed or (0,)):
            raise Violation(
                f"the client of {self.job} ended with {code}, not {allowed or (0,)}:\n{self.said.read_text()}"
            )
        return int(code)

    def told(self) -> dict[str, Any]:
        """What the newest session says of itself in the share; nothing where there is none."""
        found = sorted((self.scene.share / self.job / "driving").glob("*.json"), key=lambda file: file.stat().st_mtime)
        return dict(json.loads(found[-1].read_text())) if found else {}


def begin(scene: Scene, where: int | None, seconds: float, *more: str) -> Run:
    """A job begun, whose calls take so long, with the client on a node or here (None)."""
    scene.forget()
    scene.pace(seconds)
    run = Run(scene, f"job{scene.jobs}", where)
    scene.note(f"{run.job} begins, its client {'here' if where is None else f'on node {where}'}")
    run.start("run", "job.yml", "--name", run.job, "--output-path", run.job, *more)
    return run
