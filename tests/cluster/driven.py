"""Jobs of numbers for a driver's tests: an order in a share, a driver of this process or one of its own, and what came
of it. The row of an item is its number."""

import json
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from bep.runner.cluster import journal, orders, telling
from bep.runner.cluster.claims import claimed
from bep.runner.cluster.driving import Driver
from bep.runner.cluster.orders import Order
from bep.runner.cluster.session import Halt, Session
from bep.runner.cluster.telling import Driving
from bep.runner.cluster.watching import Teller
from bep.runner.folder.record import Counts
from bep.runner.request import RayCluster, Settings
from bep.runner.segments import names, reading
from bep.runner.shards.prepared import Prepared, PreparedEnvironment, PreparedTarget
from bep.runner.shares.share import Share, share_at
from tests.cluster.local_agents import ROOT, Local

MANIFEST = "ab" * 32
JOB = "numbers"


@dataclass
class Job:
    """A job of so many items in calls of `size`, whose orders are put into a share that is a folder."""

    folder: Path
    items: int = 60
    size: int = 2
    nodes: int = 2
    settings: dict[str, Any] = field(default_factory=dict)
    cluster: dict[str, Any] = field(default_factory=dict)
    failed_before: int = 0

    @property
    def share(self) -> Share:
        self.folder.mkdir(exist_ok=True)
        return share_at(str(self.folder), Path.cwd())

    def order(self, number: int = 1, spans: Sequence[tuple[int, int, int]] | None = None) -> Order:
        """Put it into the share."""
        target = PreparedTarget(
            endpoint="digits",
            deployment="blue",
            deployment_digest=MANIFEST,
            model={},
            scoring_script="score.py",
            environment=PreparedEnvironment(label="none"),
        )
        prepared = Prepared(
            name=JOB,
            created=datetime(2026, 11, 27, 12, tzinfo=UTC),
            target=target,
            settings=Settings(instance_count=self.nodes, mini_batch_size=self.size, **self.settings),
            inputs=("/in",),
            counts=Counts(items=self.items, mini_batches=-(-self.items // self.size)),
            manifest_digest=MANIFEST,
            sources_digest=MANIFEST,
            stride=self.size,
        )
        made = Order(
            number=number,
            prepared=prepared,
            cluster=RayCluster(share=str(self.folder), **self.cluster),
            spans=tuple(spans) if spans is not None else ((0, self.items, self.size),),
            failed_before=self.failed_before,
        )
        orders.put(self.share, made)
        return made

    def told(self, session: str) -> Driving | None:
        """What a session says of itself."""
        file = self.folder / telling.place_of(JOB, session)
        return telling.read(file.read_bytes()) if file.exists() else None

    def cancel(self, session: str) -> None:
        self.share.put(telling.cancel_place(JOB, session), b"")

    def committed(self, number: int = 1) -> journal.Committed:
        """What counts of an order."""
        return journal.read_all(self.share, JOB, MANIFEST, number)

    def rows(self, number: int = 1) -> Counter[int]:
        """How often each item has a row, in all the segments that count."""
        found: Counter[int] = Counter()
        for one in self.committed(number).counted:
            path = self.folder / JOB / names.FOLDER / one.segment
            name = names.parsed(one.segment)
            assert name is not None
            segment = reading.verified(path, name, MANIFEST)
            content = path.read_bytes()[segment.rows_at :][: segment.lengths.rows]
            found.update(int(row) for row in content.split())
        return found

    def segments(self) -> int:
        """How many segments there are, whether or not they count."""
        return len(self.share.listed(f"{JOB}/{names.FOLDER}"))


@dataclass
class Drive:
    """A driver in a thread of this process, and its places."""

    job: Job
    order: Order
    name: str
    places: Local
    queue: "SimpleQueue[Any]"
    driver: Driver
    thread: threading.Thread = field(init=False)
    last: Driving | None = None

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        self.driver.teller.start()
        self.last = self.driver.drive()
        self.driver.teller.end(self.last)

    def end(self, patience: float = 120.0) -> Driving:
        """Its last word."""
        self.thread.join(patience)
        assert self.last is not None, f"it did not end: {self.job.told(self.name)}"
        assert self.job.told(self.name) is not None
        return self.last

    def halt(self) -> None:
        self.queue.put(Halt())


def drive(job: Job, order: Order, *nodes: str, name: str = "aaaaaaaa", share: Share | None = None, **how: Any) -> Drive:
    """Begin to drive an order in this process; `how` is for the agents, or of `Local`."""
    queue: SimpleQueue[Any] = SimpleQueue()
    kinds = {key: how.pop(key) for key in list(how) if key in Local.__dataclass_fields__}
    values, patience = how.pop("values", {}), how.pop("patience", 60.0)
    places = Local(queue, list(nodes), how=how, **kinds)
    used = share or job.share
    session = Session(used, str(job.folder), order, name, "here", 1, values)
    claim = claimed(job.share, JOB, name, "here", 1)
    found = journal.read_all(job.share, JOB, MANIFEST, order.number)
    before = found.standing(job.share.listed(f"{JOB}/{names.FOLDER}"))
    teller = Teller(used, lambda: queue.put(Halt()))
    driver = Driver(session, before, claim, places, queue, teller, tick=0.1, grace=10.0)
    driver._journal.patience = patience
    return Drive(job, order, name, places, queue, driver)


def process(job: Job, name: str, pids: Path | None = None, order: int = 1, **how: Any) -> "subprocess.Popen[str]":
    """A driver in a process of its own, with local agents."""
    command = [sys.executable, "-m", "tests.cluster.local_agents", json.dumps({**how, "pids": str(pids or "")})]
    command += ["--share", str(job.folder), "--job", JOB, "--order", str(order), "--session", name]
    return subprocess.Popen(command, cwd=ROOT, text=True, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
