"""An agent: scores on one node of a cluster what a driver gives it, and brings the results into the share.

It is an ordinary process that reads and writes lines (`lines`). It knows no cluster, and not how an environment is
found or built: whoever starts it knows that. A kill at any moment costs what is not in the share, and nothing else.
"""

import os
import secrets
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from bep.lazy_dataclasses import dataclass, field
from bep.runner.cluster import capacity, inherited, orders, sweeping
from bep.runner.cluster.failing import Failure, SecretsMissing, failure_of
from bep.runner.cluster.lines import Begin, Broken, Grant, Message, Ready, Revoke, Said, Stop, Stopped, spans_of
from bep.runner.cluster.scoring import Scoring
from bep.runner.cluster.surroundings import kept
from bep.runner.cluster.talking import Talk
from bep.runner.errors import Cancelled, NotShared, ShareRefused
from bep.runner.folder import leftover_processes
from bep.runner.folder.folder import JobFolder
from bep.runner.jobs.launching import thread_pools
from bep.runner.request import JobRequest
from bep.runner.shards.hosting import Host
from bep.runner.shards.outgoing import Author
from bep.runner.shards.prepared import Prepared
from bep.runner.shards.scoring import DRAIN, GRACE
from bep.runner.shards.scratch import scratch
from bep.runner.shares.share import Share, share_at
from bep.runner.transfer.transfers import Board

Say = Callable[[str], None]

_LIMIT = 5.0  # seconds in which an agent ends whom nobody waits for, whatever hangs
_ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Environment(Protocol):
    """What a job is scored in on this node: the argument vector that starts its Python, the variables that it sets, and
    what a user is to read of it."""

    @property
    def interpreter(self) -> tuple[str, ...]: ...

    @property
    def activated(self) -> Mapping[str, str]: ...

    @property
    def notes(self) -> tuple[str, ...]: ...


Build = Callable[[Prepared, Share, Path, Mapping[str, str], Say, Board], Environment]
"""Finds or builds the environment of a prepared job. It is given the share, a folder of its own, what is inherited,
whom to tell of each step, and the board for what it fetches. Raises `JobInvalid`, `OSError`, `Cancelled`."""


def run(build: Build) -> int:
    """Be an agent of whoever has the other ends of stdin and stdout; the exit code of this process.

    0 when it was told to stop, 1 when it could not go on, or nobody was there any more; 2 where nobody said `Begin`.
    """
    notes = inherited.put_back()
    talk = Talk(*_own_pipes())
    begin = talk.first()
    if not isinstance(begin, Begin):
        print("an agent is told first what it is to score, and was told nothing", file=sys.stderr)
        return 2
    agent = Agent(begin, talk, build)
    for number in _ENDING:
        signal.signal(number, lambda caught, _: talk.interrupt(f"it was ended by {signal.Signals(caught).name}"))
    return agent.carry_out(notes)


def _own_pipes() -> tuple[int, int]:
    """Copies of stdin and stdout that nobody else has: what a library prints, or a child reads, must not be a line."""
    source, sink = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    return source, sink


def _say_no_more() -> None:
    """Let what this process says to nobody go nowhere: a pipe that nobody reads would end the thread that says it."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nothing, stream)
    os.close(nothing)


@dataclass(slots=True, eq=False)
class Agent:
    """One agent, from its first line to its last one."""

    begin: Begin
    talk: Talk
    build: Build
    _session: str = field(default_factory=lambda: secrets.token_hex(4))
    _scoring: Scoring | None = None
    _cancel: threading.Event = field(default_factory=threading.Event)
    _end_now: threading.Event = field(default_factory=threading.Event)
    _is_gone: bool = False
    _parts: Path | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def carry_out(self, notes: Iterable[str]) -> int:
        """Every step; the exit code. `notes` are told, for a user to read."""
        self.talk.hear, self.talk.gone, self.talk.regularly = self._hear, self._gone, self._doing
        self.talk.start()
        for note in notes:
            self._warn(note)
        failure = self._scored()
        if self._is_gone:
            return 1
        for last in self._doing():  # what it came to since it was told the last time: a job may take no second
            self.talk.say(last)
        self.talk.say(Broken(error=failure.error, everywhere=failure.everywhere) if failure else Stopped())
        self.talk.close()
        return 1 if failure else 0

    def _scored(self) -> Failure | None:
        """Score, and leave nothing on this machine; why it had to end, if it was not told to."""
        folder: JobFolder | None = None
        try:
            with scratch(self._session, os.environ) as folder:
                self._parts = folder.parts
                return self._score(folder)
        except Cancelled:
            return None
        except Exception as error:  # whatever it is, it is told in words
            traceback.print_exc()
            return failure_of(error, folder.path if folder else None)

    def _score(self, folder: JobFolder) -> Failure | None:
        share, begin = share_at(self.begin.share, Path("/")), self.begin
        prepared = self._order(share).prepared
        mark = sweeping.mark_of(prepared)
        sweeping.sweep(mark)
        request = self._request(share, prepared, folder, mark)
        author = Author(share, prepared.name, prepared.manifest_digest, self._session, begin.node)
        scoring = Scoring(prepared, request, author, folder, self.talk.say, self._end_now)
        with self._lock:
            self._scoring = scoring
        if self._cancel.is_set():
            raise Cancelled
        try:
            scoring.carry_out(lambda: self._ready(request.settings.workers))
        finally:
            sweeping.sweep(mark)
        return scoring.failure

    def _ready(self, workers: int) -> None:
        self.talk.expect(self.begin.node_timeout)
        self.talk.say(Ready(workers=workers, host=os.uname().nodename, process=os.getpid()))

    def _order(self, share: Share) -> orders.Order:
        try:
            return orders.read(share, self.begin.job, self.begin.order)
        except NotShared as error:  # what other nodes have at this place may be the right share
            raise ShareRefused(str(error)) from None

    def _request(self, share: Share, prepared: Prepared, folder: JobFolder, mark: str) -> JobRequest:
        """Bring model and code here, find or build the environment; what to score with."""
        settings, values = prepared.settings, self._values(prepared)
        workers = settings.max_concurrency_per_instance
        surroundings = kept(os.environ)
        pools = thread_pools(settings.worker_cpus or max(1, capacity.cores(self.begin.cores) // workers))
        inherits = leftover_processes.marked_as_of({**pools, **surroundings}, mark)
        host = Host(share, prepared, folder, workers, inherits)
        board = Board("fetching model and code", ShareRefused, self._cancel)
        host.fetch(board)
        ready = self.build(prepared, share, folder.path, surroundings, _talk, board)
        for note in ready.notes:
            self._warn(note)
        request = host.request(ready.interpreter, ready.activated, values)
        limit = capacity.of_a_worker(self.begin.memory, workers)
        if settings.worker_bytes is not None or limit is None:
            return request
        bounded = request.settings.model_copy(update={"worker_memory": f"{limit}B"})
        return request.model_copy(update={"settings": bounded})

    def _values(self, prepared: Prepared) -> dict[str, str]:
        """Of the secret variables, from the driver, else from this process's own environment."""
        wanted, known = prepared.target.secret_variables, {**os.environ, **self.begin.values}
        if missing := [name for name in wanted if name not in known]:
            raise SecretsMissing(prepared.name, ", ".join(missing))
        return {name: known[name] for name in wanted}

    # In the thread that hears the driver

    def _hear(self, message: Message) -> None:
        scoring = self._scoring
        if isinstance(message, Stop):
            self._stop(message.at_once)
        elif isinstance(message, Grant) and scoring:
            scoring.give(message.key, spans_of(message.spans))
        elif isinstance(message, Revoke) and scoring:
            scoring.revoke(message.key)

    def _stop(self, at_once: bool) -> None:
        with self._lock:
            self._cancel.set()
            scoring = self._scoring
        if at_once:
            self._abandon(scoring)
        elif scoring:
            scoring.stop()
            _later(GRACE, scoring.hurry)
            _later(GRACE + scoring.request.settings.timeout + DRAIN + _LIMIT, self._end_hard)
        else:
            _later(GRACE, self._end_hard)

    def _gone(self, why: str) -> None:
        """Nobody is there any more: what is scored from now on counts for nobody."""
        self._is_gone = True
        with suppress(OSError):  # its actor read that, and may be what is gone
            print(f"this agent ends: {why}", file=sys.stderr, flush=True)
        _say_no_more()
        with self._lock:
            self._cancel.set()
            scoring = self._scoring
        self._abandon(scoring)

    def _abandon(self, scoring: Scoring | None) -> None:
        _later(_LIMIT, self._end_hard)
        if scoring:
            scoring.abandon()

    def _end_hard(self) -> None:
        """Something hangs: leave nothing that runs. The folder is removed by the next agent, or shard, of this user."""
        if self._parts:
            leftover_processes.end(self._parts)
        sweeping.end_children()
        os._exit(1)

    # In the thread that tells

    def _doing(self) -> Iterable[Message]:
        return self._scoring.doing() if self._scoring else ()

    def _warn(self, note: str) -> None:
        self.talk.say(Said(text=f"warning: {note}"))


def _talk(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _later(seconds: float, act: Callable[[], None]) -> None:
    timer = threading.Timer(seconds, act)
    timer.daemon = True
    timer.start()
