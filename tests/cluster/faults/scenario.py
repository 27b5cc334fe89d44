"""What faults have in common: where they happen, when, and how the job has to end."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.cluster.job import Run, begin
from tests.cluster.judging import judge
from tests.cluster.ray_cluster import Cluster
from tests.cluster.scene import Scene
from tests.cluster.waiting import eventually


@dataclass
class Scenario:
    """One fault that is to happen in a scene. `chance` says when and to whom; `where` the client is (None: here)."""

    scene: Scene
    chance: random.Random
    where: int | None

    @property
    def there(self) -> Cluster:
        return self.scene.there

    def other(self) -> int:
        """A node that is up and is neither the head nor where the client is."""
        nodes = [node for node in self.scene.up() if node not in (0, self.where)]
        return self.chance.choice(nodes)

    def begun(self, seconds: float = 0.1) -> Run:
        """A job that is being scored, on every node, since some moment."""
        run = begin(self.scene, self.where, seconds)
        run.until(self.chance.randint(2, 60), on=self.scene.up())
        time.sleep(self.chance.uniform(0, 0.5))
        return run

    def lost_after(self, run: Run, patience: float = 120) -> float:
        """Seconds until the driver says that it has lost a node."""
        began = time.monotonic()

        def told() -> bool:
            run.must_go_on()
            return bool(run.told().get("nodes_lost", 0))

        eventually("the driver knows that a node is lost", told, patience)
        return time.monotonic() - began

    def finish(self, run: Run) -> None:
        """Wait for the job's end, and judge."""
        self.scene.pace(0.02)
        run.ended()
        judge(run)


Fault = Callable[[Scenario], None]
