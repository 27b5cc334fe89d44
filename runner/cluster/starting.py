"""Starts the driver of an order, and ends it: as a child of this process, or as a job of the cluster's own.

Knows no mini-batch and nothing of what a driver says in the share; what it prints goes into a log.
"""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol

from bep.disk import modes
from bep.lazy_dataclasses import dataclass, field
from bep.runner.cluster.package import package
from bep.runner.cluster.rest import Dashboard, Submission
from bep.runner.errors import ClusterRefused

MODULE: Final = "bep.runner.cluster.main"
_FIRST_LOOK: Final = 0.01  # seconds between two looks whether a driver has ended; ever more, up to
_LAST_LOOK: Final = 0.2
_GRACE: Final = 5.0  # seconds that a child gets to end when it is asked to by a signal
_LINE: Final = 500  # signs of its last line that are told
_LONGEST: Final = 20_000  # signs of what a job of the cluster's said that are kept


class Driver(Protocol):
    """One session of scoring, wherever it runs. All may raise `ClusterRefused`, but `close`."""

    def prepare(self) -> None:
        """Do what needs no order. Nothing of the job's is touched; without `start`, `close` is the end of it."""
        ...

    def start(self) -> None:
        """Begin to score: the order is there."""
        ...

    def ended(self) -> str:
        """How it ended, in words; empty while it goes on, as far as can be told."""
        ...

    def stop(self) -> None:
        """End it, whatever it does: it does not hear."""
        ...

    def close(self, patience: float = 0.0) -> None:
        """Let go of it. It may end by itself for so many seconds; then it is ended, for it would go on for nobody."""
        ...


def words_of(share: str, job: str, order: int, session: str) -> list[str]:
    """What a driver is told on its command line."""
    return ["--share", share, "--job", job, "--order", str(order), "--session", session]


@dataclass(slots=True, eq=False)
class Child:
    """A process of this interpreter. It ends when this one does, for its input ends then; `values` go there first, when
    it is to begin: until then it imports what it needs."""

    words: Sequence[str]
    values: Mapping[str, str] = field(repr=False)
    log: Path
    module: str = MODULE
    _process: "subprocess.Popen[bytes] | None" = None

    def prepare(self) -> None:
        """As `Driver.prepare`. Raises `OSError`, too."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        log = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, modes.asked().file)
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", self.module, *self.words, "--values"],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        finally:
            os.close(log)

    def start(self) -> None:
        """As `Driver.start`. Raises `OSError`, too."""
        if self._process is None:
            self.prepare()
        assert self._process is not None
        assert self._process.stdin is not None
        with suppress(OSError):  # one that ended at once says so
            self._process.stdin.write(json.dumps(dict(self.values)).encode() + b"\n")
            self._process.stdin.flush()

    def ended(self) -> str:
        """As `Driver.ended`."""
        code = None if self._process is None else self._process.poll()
        if code is None:
            return ""
        if code < 0:
            return f"it was ended by signal {-code}"
        words = _last_words(self.log)
        return f"it ended with exit code {code}{f', and says: {words}' if words else ''}"

    def stop(self) -> None:
        """As `Driver.stop`: by a signal that it can hear, then by one that it cannot, with all in its session."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_GRACE)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def close(self, patience: float = 0.0) -> None:
        """As `Driver.close`."""
        if self._process is None:
            return
        wait_for_end(self, patience)
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_GRACE)
        self.stop()


@dataclass(slots=True, eq=False)
class Submitted:
    """A job of the cluster's, which goes on when this process does not."""

    dashboard: Dashboard
    id: str
    words: Sequence[str]
    log: Path
    module: str = MODULE
    _has_begun: bool = False
    _end: str = ""

    def prepare(self) -> None:
        """As `Driver.prepare`: a job of the cluster's begins at once, so there is nothing."""

    def start(self) -> None:
        """As `Driver.start`."""
        sent = package()
        self.dashboard.bring(sent)
        command = shlex.join(["python", "-m", self.module, *self.words])
        self.dashboard.submit(Submission(self.id, command, sent))
        self._has_begun = True

    def ended(self) -> str:
        """As `Driver.ended`."""
        if self._end:
            return self._end
        found = self.dashboard.status(self.id)
        if found is None:
            self._end = f"the cluster knows no job {self.id}: its head was started anew"
        elif found.has_ended:
            said = f", and says: {found.message}" if found.message else ""
            self._end = f"the cluster says that its job {self.id} is {found.state}{said}"
            self._keep_log()
        return self._end

    def _keep_log(self) -> None:
        """What it printed, in a file of this machine: Ray's own notices are in it."""
        with suppress(ClusterRefused, OSError):
            said = self.dashboard.logs(self.id)[-_LONGEST:]
            self.log.parent.mkdir(parents=True, exist_ok=True)
            with self.log.open("a", errors="backslashreplace") as file:
                file.write(said)

    def stop(self) -> None:
        """As `Driver.stop`."""
        self.dashboard.stop(self.id)

    def close(self, patience: float = 0.0) -> None:
        """As `Driver.close`."""
        with suppress(ClusterRefused):
            if self._has_begun and not wait_for_end(self, patience):
                self.stop()


def _last_words(log: Path) -> str:
    """The last line that a driver has printed."""
    with suppress(OSError), log.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - _LINE))
        lines = [line.strip() for line in file.read().decode(errors="replace").splitlines()]
        return next((line for line in reversed(lines) if line), "")
    return ""


def wait_for_end(driver: Driver, seconds: float) -> str:
    """How a driver ended; empty where it still goes on after so long. Raises `ClusterRefused`."""
    until, pause = time.monotonic() + seconds, _FIRST_LOOK
    while not (how := driver.ended()) and time.monotonic() < until:
        time.sleep(pause)
        pause = min(2 * pause, _LAST_LOOK)
    return how
