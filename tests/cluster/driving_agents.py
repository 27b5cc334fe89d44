"""Agents as processes of their own, told by a test what a driver would tell them; and jobs in shares to score."""

import contextlib
import os
import subprocess
import sys
import threading
import time
from binascii import crc32
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, cast

from bep.disk.copying import Original, digest
from bep.runner.cluster import orders
from bep.runner.cluster.lines import (
    Begin,
    Doing,
    Grant,
    Message,
    Piece,
    Ping,
    Pong,
    Ready,
    Revoke,
    Said,
    Settled,
    Stop,
    Stopped,
    line_of,
    message_of,
)
from bep.runner.cluster.orders import Order
from bep.runner.request import RayCluster
from bep.runner.segments import names
from bep.runner.segments.reading import Segment, verified
from bep.runner.shards.prepared import Prepared
from bep.runner.shards.preparing import Preparation, prepare
from bep.runner.shares.share import Share, share_at
from tests.runner.conftest import Jobs, output_of

COMMAND = (sys.executable, "-m", "bep.app.cluster_agent")
PATIENCE = 120.0  # seconds, on a machine that has much else to do
Kind = TypeVar("Kind", bound=Message)

NAMES = """
    import os
    def run(mini_batch):
        return [os.path.basename(path) for path in mini_batch]
"""

# An agent whose environment is the interpreter in argv[1]: that this is built is tested elsewhere.
WITH_INTERPRETER = """
import os, sys
from types import SimpleNamespace
from bep.runner.cluster.agent import run
os._exit(run(lambda *_: SimpleNamespace(interpreter=(sys.argv[1],), activated={}, notes=())))
"""


@dataclass
class Ordered:
    """A job in a share with the order of one run of it. `text` is what the share is called."""

    jobs: Jobs
    text: str
    share: Share
    prepared: Prepared
    order: Order

    def begin(self, node: str = "node0-0a1b2c3d", **changes: Any) -> Begin:
        """What an agent of it is told first."""
        told = {
            "share": self.text, "job": self.prepared.name, "order": self.order.number, "session": "0a1b2c3d",
            "node": node, "node_timeout": 60.0,
        }  # fmt: skip
        return Begin(**{**told, **changes})

    def again(self, spans: Sequence[tuple[int, int, int]]) -> "Ordered":
        """The order of a later run, of these calls."""
        order = self.order.model_copy(update={"number": self.order.number + 1, "spans": tuple(spans)})
        orders.put(self.share, order)
        return Ordered(self.jobs, self.text, self.share, self.prepared, order)

    def segment(self, piece: Piece) -> Segment:
        """A segment as it stands in the share, compared with its name and its footer."""
        file = self.jobs.root / "fetched" / piece.segment
        file.parent.mkdir(exist_ok=True)
        self.share.get(f"{self.prepared.name}/{names.FOLDER}/{piece.segment}", file)
        name = names.parsed(piece.segment)
        assert name is not None
        assert (name.first, name.end, name.failed) == (piece.first, piece.end, piece.failed)
        assert piece.scored == piece.end - piece.first - piece.failed
        return verified(file, name, self.prepared.manifest_digest)

    def rows(self, pieces: Iterable[Piece]) -> bytes:
        """The rows of these segments in the order of their items."""
        found = b""
        for piece in sorted(pieces, key=lambda piece: piece.first):
            segment = self.segment(piece)
            content = segment.path.read_bytes()
            for record in segment.records():
                at = segment.rows_at + record.offset
                assert crc32(content[at : at + record.length]) == record.checksum
                found += content[at : at + record.length]
        return found

    def failed(self, pieces: Iterable[Piece]) -> set[int]:
        """The items that have no result in these segments."""
        found = set()
        for piece in pieces:
            there = set(range(piece.first, piece.end))
            for record in self.segment(piece).records():
                there -= set(range(record.first, record.first + record.good))
            found |= there
        return found

    def logs(self) -> str:
        """All that workers have said, as it stands in the share."""
        folder = f"{self.prepared.name}/logs"
        return "".join(self.share.read(f"{folder}/{name}").decode() for name in sorted(self.share.listed(folder)))


def ordered(
    root: Path,
    script: str = NAMES,
    *,
    share: str = "",
    folders: tuple[Path, ...] = (),
    variables: Mapping[str, str] = {},
    secrets: Mapping[str, str] = {},
    spans: Sequence[tuple[int, int, int]] = (),
    **how: Any,
) -> Ordered:
    """Put a job of this script into a share, with the order of its first run. Without `folders` that all machines see,
    inputs are uploaded; `how` is as for `Jobs.request`."""
    jobs = Jobs(root)
    request = jobs.request(script, variables={**variables, **secrets}, **how)
    (jobs.root / "model" / "m.bin").write_text("weights")
    target = request.target.model_copy(update={"interpreter": (), "secret_variables": tuple(secrets)})
    code = target.code_directory
    text = share or str(root / "share")
    if not share:
        (root / "share").mkdir()
    there = share_at(text, root)
    wanted = Preparation(
        request=request.model_copy(update={"target": target}), model=_originals(jobs.root / "model"),
        code=_originals(code) if code else None, files={}, label="plain/1", world="", asks=None, folders=folders,
    )  # fmt: skip
    _, prepared = prepare(wanted, there, report=lambda _: None, cancel=threading.Event())
    every = spans or ((0, prepared.counts.items, prepared.stride),)
    order = Order(number=1, prepared=prepared, cluster=RayCluster(share=there.address), spans=tuple(every))
    orders.put(there, order)
    return Ordered(jobs, text, there, prepared, order)


def scored_here(job: Ordered, script: str = NAMES, **how: Any) -> bytes:
    """What a run on this machine makes of the same job."""
    return output_of(job.jobs.run(job.jobs.request(script, name="here", **how))).encode()


def _originals(folder: Path) -> Mapping[str, Original]:
    return {str(one.relative_to(folder)): Original(one, digest(one)) for one in folder.rglob("*") if one.is_file()}


@dataclass
class FakeDriver:
    """One agent and what it is told. `pings` are sent while it is set."""

    root: Path
    begin: Begin
    command: Sequence[str] = COMMAND
    environment: Mapping[str, str] = field(default_factory=dict)
    said: list[Message] = field(default_factory=list)
    pings: threading.Event = field(default_factory=threading.Event)
    prepare: Any = None
    process: "subprocess.Popen[bytes]" = field(init=False)
    _heard: dict[type, deque[Any]] = field(default_factory=dict)
    _news: threading.Condition = field(default_factory=threading.Condition)
    _is_silent: bool = False

    def __post_init__(self) -> None:
        home = self.root / "home"
        home.mkdir(exist_ok=True)
        there = {"PATH": os.environ["PATH"], "HOME": str(home), **self.environment}
        self.errors = self.root / f"{self.begin.node}.stderr"
        with self.errors.open("wb") as errors:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, env=there, cwd=home,
                preexec_fn=self.prepare,
            )  # fmt: skip
        self.pings.set()
        self.tell(self.begin)
        threading.Thread(target=self._listen, daemon=True).start()
        threading.Thread(target=self._ping, daemon=True).start()

    def tell(self, *messages: Message) -> None:
        """Say something to it."""
        assert self.process.stdin
        with contextlib.suppress(BrokenPipeError, ValueError):
            self.process.stdin.write(b"".join(line_of(one).encode() + b"\n" for one in messages))
            self.process.stdin.flush()

    def give(self, key: int, *spans: tuple[int, int, int]) -> None:
        """Grant it calls."""
        self.tell(Grant(key=key, spans=spans))

    def revoke(self, key: int) -> None:
        """Want a grant back."""
        self.tell(Revoke(key=key))

    def heard(self, kind: type[Kind], patience: float = PATIENCE) -> Kind:
        """The next message of this kind, whatever came meanwhile of others."""
        until = time.monotonic() + patience
        waiting = self._heard.setdefault(kind, deque())
        with self._news:
            while not waiting:
                assert not self._is_silent, f"it ended without {kind.__name__}: {self.told()}"
                left = until - time.monotonic()
                assert left > 0, f"no {kind.__name__} came: {self.told()}"
                self._news.wait(left)
            return cast(Kind, waiting.popleft())

    def settled(self, count: int) -> dict[int, Settled]:
        """The answers to so many grants, by their keys."""
        found = [self.heard(Settled) for _ in range(count)]
        return {one.key: one for one in found}

    def stop(self, *, at_once: bool = False) -> int:
        """Let it stop; its exit code."""
        self.tell(Stop(at_once=at_once))
        self.heard(Stopped)
        return self.ended()

    def ended(self, patience: float = PATIENCE) -> int:
        """Wait for its end; its exit code."""
        return self.process.wait(patience)

    def of(self, kind: type[Kind]) -> list[Kind]:
        """All messages of a kind so far."""
        return [one for one in self.said if isinstance(one, kind)]

    def told(self) -> str:
        """What it said, for whoever looks why a test fails."""
        lines = [line_of(one) for one in self.said if not isinstance(one, Pong | Doing)]
        return "\n".join([*lines, self.errors.read_text()])

    def close(self) -> None:
        """Leave nothing of it."""
        self.pings.clear()
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(BrokenPipeError):
                assert pipe
                pipe.close()

    def _listen(self) -> None:
        assert self.process.stdout
        with contextlib.suppress(ValueError):
            for line in self.process.stdout:
                message = message_of(line)
                with self._news:
                    self.said.append(message or Said(text=f"no message: {line!r}"))
                    self._heard.setdefault(type(message), deque()).append(message)
                    self._news.notify_all()
        with self._news:
            self._is_silent = True
            self._news.notify_all()

    def _ping(self) -> None:
        number = 0
        while self.process.poll() is None:
            if self.pings.is_set():
                number += 1
                self.tell(Ping(number=number))
            time.sleep(0.2)


@contextlib.contextmanager
def driving(job: Ordered, *, interpreter: str = "", **how: Any) -> Iterator[FakeDriver]:
    """An agent of this job, which is ready; `how` is as for `FakeDriver`. With an `interpreter`, that runs scripts."""
    command = (sys.executable, "-c", WITH_INTERPRETER, interpreter) if interpreter else COMMAND
    driver = FakeDriver(job.jobs.root, **{"begin": job.begin(), "command": command, **how})
    try:
        driver.heard(Ready)
        yield driver
    finally:
        driver.close()


def warnings_of(driver: FakeDriver) -> list[str]:
    """What it has told for a user to read."""
    return [one.text for one in driver.of(Said)]
