"""What befalls the processes that score shards, and their share, at moments that chance says."""

import os
import random
import signal
import subprocess
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.shard_judging import Violation
from tests.faults.shard_scene import Scene

ANYWHERE = ("kill", "workers", "terminate", "freeze", "twice", "otherwise", "merge")
"""What can befall any scene. `otherwise` is an index that is killed and left to another number of shards."""
OF_A_SHARE = ("full", "gone")
"""What can befall a share: the first on a mount of its own, the second by FTP."""
SORTS = (*ANYWHERE, *OF_A_SHARE)
_TRIES = 40  # starts of one shard while its share is full or gone
_LIMIT = 240.0  # seconds after which a process is said to hang


@dataclass
class Disturbed:
    """One round of the job `job`. Lanes, a thread each, call what is here; `tally` counts what was done, by its name.

    `is_troubled` says that something befalls the share, `span` is for how many seconds a moment is waited for at most.
    """

    scene: Scene
    job: str
    tally: Counter[str]
    is_troubled: bool = False
    span: float = 1.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, what: str) -> None:
        """Count something that was done, and write down when."""
        with self._lock:
            self.tally[what] += 1
            with (self.scene.folder / "said/faults.txt").open("a") as log:
                log.write(f"{time.time():.3f} {threading.current_thread().name} {what}\n")

    def started(self, chance: random.Random, which: str) -> "subprocess.Popen[bytes]":
        """A session of a shard, begun."""
        with self._lock:
            self.tally["sessions"] += 1
            return self.scene.shard(self.job, chance.choice((1, 2)), which)

    def moment(self, chance: random.Random, process: "subprocess.Popen[bytes]") -> str:
        """Wait until a moment that chance says, mostly one when it scores; what the process is at then."""
        if chance.random() < 0.75:
            while not self.scene.has_begun(process) and process.poll() is None:
                time.sleep(0.02)
        deadline = time.monotonic() + chance.uniform(0, self.span)
        while time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.01)
        if process.poll() is not None:
            self.span = max(0.3, self.span * 0.8)
            return "after its end"
        self.span = min(3.0, self.span * 1.05)
        return "while it scored" if self.scene.has_begun(process) else "before it scored"

    def ended(self, process: "subprocess.Popen[bytes]", *allowed: int) -> int:
        """Wait for its end, which has to be one of these, and without a traceback of bep's."""
        try:
            code = process.wait(_LIMIT)
        except subprocess.TimeoutExpired:
            raise Violation(f"{process.args!r} does not end") from None
        if code not in allowed:
            raise Violation(f"{process.args!r} has ended with {code} instead of {allowed}")
        return code

    def complete(self, chance: random.Random, which: str) -> None:
        """Score a shard to its end. A share that is full or gone may refuse a session, which is begun again then."""
        for _ in range(_TRIES):
            may_fail = self.is_troubled
            code = self.ended(self.started(chance, which), *((0, 1) if may_fail else (0,)))
            if code == 0:
                return
            self.note("sessions that a share refused")
            time.sleep(0.3)
        raise Violation(f"shard {which} was refused {_TRIES} times")

    # Each takes a shard, and leaves what it has scored

    def kill(self, chance: random.Random, which: str) -> None:
        """SIGKILL, once or more."""
        while True:
            process = self.started(chance, which)
            when = self.moment(chance, process)
            process.kill()
            self.ended(process, -9, *((0, 1) if when == "after its end" else ()))
            self.note(f"SIGKILL of a session {when}")
            if chance.random() < 0.7:
                return

    otherwise = kill

    def terminate(self, chance: random.Random, which: str) -> None:
        """SIGTERM; before bep hears of it, Python ends it."""
        process = self.started(chance, which)
        when = self.moment(chance, process)
        process.terminate()
        self.ended(process, 130, 0, -signal.SIGTERM, *((1,) if self.is_troubled else ()))
        self.note(f"SIGTERM of a session {when}")

    def workers(self, chance: random.Random, which: str) -> None:
        """SIGKILL of its workers, under it."""
        process = self.started(chance, which)
        for _ in range(chance.choice((1, 1, 2))):
            self.moment(chance, process)
            found = workers_of(process.pid)
            if found:
                with suppress(ProcessLookupError):
                    os.kill(chance.choice(found), signal.SIGKILL)
                    self.note("SIGKILL of a worker")
        self.ended(process, *((0, 1) if self.is_troubled else (0,)))

    def freeze(self, chance: random.Random, which: str) -> None:
        """SIGSTOP, with its workers or without; another scores the shard; SIGCONT."""
        process = self.started(chance, which)
        when = self.moment(chance, process)
        frozen = [process.pid, *(workers_of(process.pid) if chance.random() < 0.5 else ())]
        _send(frozen, signal.SIGSTOP)
        self.note(f"SIGSTOP of a session {when}")
        self.complete(chance, which)
        _send(frozen, signal.SIGCONT)
        self.ended(process, *((0, 1) if self.is_troubled else (0,)))

    def twice(self, chance: random.Random, which: str) -> None:
        """The same index in two processes, begun with a pause between them, or one killed."""
        both = [self.started(chance, which)]
        if chance.random() < 0.5:
            self.moment(chance, both[0])
        both.append(self.started(chance, which))
        self.note("an index twice at once")
        if chance.random() < 0.3:
            when = self.moment(chance, both[0])
            both[0].kill()
            self.note(f"SIGKILL of a session {when}")
        for process in both:
            self.ended(process, 0, *((1,) if self.is_troubled else ()), *((-9,) if process is both[0] else ()))

    # What befalls the share, and merge

    def full(self, chance: random.Random) -> None:
        """Fill the mount but for some bytes, and free it."""
        ballast = self.scene.place / "ballast"
        with ballast.open("wb", buffering=0) as file:
            with suppress(OSError):
                while True:
                    file.write(bytes(1 << 16))
            file.truncate(max(0, file.tell() - chance.choice((0, 4096, 20_000, 60_000))))
        self.note("share full")
        time.sleep(chance.uniform(1, 6))
        ballast.unlink()

    def gone(self, chance: random.Random) -> None:
        """SIGKILL of the FTP server, which is begun again."""
        self.scene.server.stop()
        self.note("FTP server gone")
        time.sleep(chance.uniform(0.2, 4))
        self.scene.server.start()

    def merge(self, chance: random.Random, span: float) -> None:
        """SIGKILL of merge at random moments, some of them late, when it moves things."""
        for _ in range(chance.choice((1, 2, 3))):
            process = self.scene.merge(self.job)
            until = time.monotonic() + chance.uniform(0, span)
            own = self.scene.folder / "ws/.bep/jobs" / self.job / "merging"
            while time.monotonic() < until and process.poll() is None:
                time.sleep(0.005)
                if own.exists():
                    time.sleep(chance.uniform(0, 0.3))
                    break
            was_over = process.poll() is not None
            process.kill()
            self.ended(process, -9, 0)
            self.note("SIGKILL of merge" + (" after its end" if was_over else ""))


def workers_of(process: int) -> list[int]:
    """Its children that have the mark of a worker."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with suppress(OSError):
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                if parent == process and b"BEP_WORKER=" in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
    return found


def _send(processes: list[int], what: signal.Signals) -> None:
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, what)
