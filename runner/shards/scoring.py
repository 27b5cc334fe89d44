"""Scores one shard: an engine in this thread, given work by one thread, whose results another brings into the share.

A kill at any moment costs what is not published, and nothing else: whoever scores the shard again begins there.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import closing
from functools import partial

from bep.lazy_dataclasses import dataclass, field
from bep.runner.engine import Hosting
from bep.runner.errors import Cancelled, JobInvalid, ShareRefused
from bep.runner.events import Event, Progress
from bep.runner.folder.folder import JobFolder
from bep.runner.folder.journal import Journal
from bep.runner.folder.record import Counts, JobError, error_of
from bep.runner.grants import Grant, Settled
from bep.runner.jobs.embedded import engine_of_many
from bep.runner.request import JobRequest
from bep.runner.scheduling.backlog import Backlog
from bep.runner.scheduling.engine import EmbeddedEngine
from bep.runner.scheduling.tally import Ending, Tally, rows_missing, runner_failed, too_many_failed
from bep.runner.segments.publishing import PATIENCE, Publication, Publisher, Trouble
from bep.runner.segments.settling import settled_ranges
from bep.runner.shards.giving import Giver
from bep.runner.shards.inputs import Inputs
from bep.runner.shards.outgoing import Outgoing
from bep.runner.shards.session import Found, Session
from bep.runner.shards.status import State
from bep.runner.shards.taking import taken
from bep.runner.shards.telling import Teller
from bep.runner.span import Span
from bep.runner.transfer.transfers import Board

GRACE = 10.0
"""Seconds that calls in progress get to end when a session is to stop."""
DRAIN = 20.0
"""Seconds that the share gets, then, for what is settled."""
_LATE = 8  # grants that wait to be published before no more is given: their rows and inputs take room
_LOOK = 0.1  # seconds between two looks at whether to stop


@dataclass(frozen=True, slots=True)
class How:
    """Whom to tell, what is set when the session is to stop, and for how many seconds the share may refuse."""

    report: Callable[[Event], None]
    stop: threading.Event
    patience: float = PATIENCE
    say: Callable[[str], None] = lambda _: None


def score(session: Session, found: Found, request: JobRequest, folder: JobFolder, teller: Teller, how: How) -> State:
    """Score what is missing of a shard; what became of it. `teller` has the counts, and the error if there is one.

    `request` says what to score with and where the script's own files go; `folder` is all this session's. Raises
    `JobInvalid` for what the share has that cannot be used, `ShareRefused`, `OSError`.
    """
    return _Scoring(session, found, request, folder, teller, how).carry_out()


@dataclass(slots=True, eq=False)
class _Scoring:
    """What the three threads share; `_lock` is for what more than one of them writes."""

    session: Session
    found: Found
    request: JobRequest
    folder: JobFolder
    teller: Teller
    how: How
    error: JobError | None = None
    rate: float = 0.0
    _engine: EmbeddedEngine = field(init=False)
    _giver: Giver = field(init=False)
    _inputs: Inputs = field(init=False)
    _publisher: Publisher = field(init=False)
    _outgoing: Outgoing = field(init=False)
    _spans: dict[int, tuple[Span, ...]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _end_now: threading.Event = field(default_factory=threading.Event)
    _is_served: threading.Event = field(default_factory=threading.Event)
    _news: threading.Event = field(default_factory=threading.Event)
    _done: int = 0
    _failed: int = 0
    _is_finished: bool = False

    def carry_out(self) -> State:
        """Every step."""
        session, workers = self.session, self.request.settings.workers
        spans = self.found.spans(session)
        calls = sum(span.calls for span in spans)
        self._outgoing = Outgoing(session.author, self.folder, self.request.output_folder)
        self._outgoing.counts = Counts(items=sum(span.count for span in spans), mini_batches=calls)
        self._failed = self.found.failed
        self.teller.refresh = self._refresh
        prepared, share = session.prepared, session.share
        hosting = Hosting(self.request, self.folder, self._hear, self._end_now)
        nodes = prepared.settings.instance_count
        with closing(engine_of_many(hosting, session.node, session.ahead, nodes)) as self._engine:
            self._engine.start(min(workers, calls))
            here = taken(share, prepared, session.starts, session.items, self.folder, self.folder.inputs)
            self._inputs = Inputs(share, prepared.name, here, self.folder.inputs)
            self._giver = Giver(workers, deque(spans))
            self._publisher = Publisher(
                share, self._published, self._unpublished, self.how.patience, lambda error: self.how.say(str(error))
            )
            self._publisher.start()
            ending = self._serve(Backlog(prepared.settings.max_retries, prepared.settings.splits, deque()))
            return self._end(ending)

    def _serve(self, backlog: Backlog) -> Ending:
        journal = Journal(self.folder.journal, self.request.settings.sync_seconds)
        driver = threading.Thread(target=self._drive, name="giver", daemon=True)
        try:
            before = Tally(scored=self.found.done - self.found.failed, given_up=self.found.failed)
            self._engine.open(self._inputs.range.listed, backlog, journal, before)
            self._judge(self._failed)
            driver.start()
            return self._engine.serve()
        finally:
            self._is_served.set()
            self._news.set()
            if driver.is_alive():
                driver.join(GRACE)
            journal.close()

    def _end(self, ending: Ending) -> State:
        """Wait for the share, and say what became of it all."""
        is_stopped = self.how.stop.is_set()
        self._publisher.close(drain=True, timeout=DRAIN if is_stopped else None)
        if not self._publisher.outstanding:
            self._outgoing.put_last_logs(self.how.say)
        self.error = self.error or ending.error
        counts = self._outgoing.counts
        left = counts.items - counts.scored - counts.failed
        if self.error is None and left and not is_stopped:
            self.error = rows_missing(left)
        if self.error is None:
            return State.CANCELLED if left else State.DONE
        self.teller.set(error=self.error)
        return State.FAILED

    # In the thread that gives

    def _drive(self) -> None:
        """Give as long as there is something to give, and see to it that the engine ends when it is to stop."""
        try:
            while not self._is_served.is_set():
                if self.how.stop.is_set() or self.error:
                    return self._wind_up()
                if not self._give():
                    self._news.wait(_LOOK)
                    self._news.clear()
        except Cancelled:
            self._wind_up()
        except JobInvalid as error:
            self._fail(error_of(error.code, str(error)))
            self._wind_up()
        except OSError as error:
            self._fail(runner_failed(error, self.folder.path))
            self._wind_up()
        return None

    def _give(self) -> bool:
        """Give one grant, if one is due."""
        now = time.monotonic()
        with self._lock:
            if self._giver.is_all_given:
                if not self._is_finished:
                    self._engine.finish()
                self._is_finished = True
                return False
            if not self._giver.is_due(now, self._done) or self._publisher.outstanding >= _LATE:
                return False
            self._giver.most = self._inputs.most
            key, spans = self._giver.next(now)
            self._spans[key] = spans
        if self._inputs.are_fetched:
            self._inputs.hold(spans)
            board = Board("fetching inputs", ShareRefused, self.how.stop)
            self._inputs.fetch_patiently(spans, board, self.how.patience, self.how.say)
        self._engine.give(Grant(key, spans, self._settled))
        return True

    def _wind_up(self) -> None:
        """Take back what has not begun, and let what has end, for a while."""
        with self._lock:
            keys = self._giver.out
        for key in keys:
            self._engine.revoke(key)
        self._engine.finish()
        if not self._is_served.wait(GRACE):
            self._end_now.set()

    # In the engine's thread

    def _hear(self, event: Event) -> None:
        if isinstance(event, Progress):
            self._done, self.rate = event.scored + event.failed - self.found.done, event.items_per_second
            self._judge(event.failed)
            self._news.set()
        self.how.report(event)

    def _settled(self, answer: Settled) -> None:
        with self._lock:
            spans = self._giver.settled(answer.key, time.monotonic())
            self._failed += answer.failed
        ranges = settled_ranges(spans, answer.returned)
        self._publisher.publish(Publication(answer.key, partial(self._outgoing.contents, answer, ranges)))
        self._judge(self._failed)
        self._news.set()

    def _judge(self, failed: int) -> None:
        threshold = self.request.settings.error_threshold
        if failed > threshold >= 0:
            self._fail(too_many_failed(failed, threshold))

    def _fail(self, error: JobError) -> None:
        with self._lock:
            self.error = self.error or error
        self._news.set()

    # In the thread that publishes

    def _published(self, key: int) -> None:
        self._engine.published(key)
        self._inputs.remove(self._spans.pop(key))

    def _unpublished(self, trouble: Trouble) -> None:
        error = trouble.error
        if isinstance(error, JobInvalid):
            self._fail(error_of(error.code, str(error)))
        else:
            self._fail(runner_failed(error if isinstance(error, OSError) else OSError(str(error)), self.folder.path))

    # In the thread that tells

    def _refresh(self) -> None:
        tally = self._engine.tally
        counts = self._outgoing.counts.model_copy(
            update={"retries": tally.retries, "splits": tally.splits, "workers_lost": tally.workers_lost}
        )
        self.teller.set(counts=counts, items_per_second=self.rate, warnings=tuple(self._engine.warnings[:20]))
