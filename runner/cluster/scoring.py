"""What an agent scores: grants on their way into an engine, and what is settled of them on its way into the share.

The engine is served by whoever calls `carry_out`. A thread brings inputs here, another one segments into the share.
Segments have whole calls of a grant, which are not mini-batches of the job where items are scored once more.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial

from bep.lazy_dataclasses import dataclass, field
from bep.runner.cluster import answers, inherited
from bep.runner.cluster.answers import Given
from bep.runner.cluster.failing import Failure, failure_of, failure_of_engine
from bep.runner.cluster.feeding import Feeding
from bep.runner.cluster.lines import Hungry, Message, Returned, Said, Settled, as_spans
from bep.runner.engine import Hosting
from bep.runner.events import Event, Progress
from bep.runner.folder.folder import JobFolder
from bep.runner.folder.journal import Journal
from bep.runner.grants import Grant
from bep.runner.grants import Settled as Answer
from bep.runner.jobs.embedded import engine_of_many
from bep.runner.request import JobRequest
from bep.runner.scheduling.backlog import Backlog
from bep.runner.scheduling.engine import EmbeddedEngine
from bep.runner.scheduling.tally import Tally
from bep.runner.segments.names import SegmentName
from bep.runner.segments.publishing import Publication, Publisher, Trouble
from bep.runner.shards.inputs import Inputs
from bep.runner.shards.outgoing import Author, Outgoing
from bep.runner.shards.prepared import Prepared
from bep.runner.shards.scoring import DRAIN
from bep.runner.shards.taking import starts_of, taken
from bep.runner.span import Span


@dataclass(slots=True, eq=False)
class Scoring:
    """One session of an agent. `say` is how its driver is told; `end_now` ends all calls at once when it is set.

    `failure` is why it has ended, if not because it was told to. All but `carry_out` may be called by any thread, and
    returns at once.
    """

    prepared: Prepared
    request: JobRequest
    author: Author
    folder: JobFolder
    say: Callable[[Message], None]
    end_now: threading.Event
    failure: Failure | None = None
    _engine: EmbeddedEngine = field(init=False)
    _inputs: Inputs = field(init=False)
    _feeding: Feeding = field(init=False)
    _publisher: Publisher = field(init=False)
    _outgoing: Outgoing = field(init=False)
    _given: dict[int, Given] = field(default_factory=dict)
    _segments: list[SegmentName] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _progress: Progress | None = None
    _warnings: int = 0
    _is_open: bool = False
    _is_stopping: bool = False
    _is_abandoned: bool = False

    def __post_init__(self) -> None:
        self._outgoing = Outgoing(self.author, self.folder, self.request.output_folder, published=self._segments.append)
        self._publisher = Publisher(
            self.author.share, self._published, self._unpublished, refused=lambda error: self._warn(str(error))
        )

    def carry_out(self, ready: Callable[[], None]) -> None:
        """Score what is given until it is to end; `ready` is called when grants can be given.

        Raises `JobInvalid` for what the share has that cannot be used, `ShareRefused`, `OSError`.
        """
        hosting, settings = Hosting(self.request, self.folder, self._hear, self.end_now), self.request.settings
        journal = Journal(self.folder.journal, settings.sync_seconds)
        made = engine_of_many(hosting, self.author.node, 0, self.prepared.settings.instance_count, inherited.WORKERS)
        with closing(journal), closing(made) as self._engine:
            made.start(settings.workers)
            self._take()
            backlog = Backlog(settings.max_retries, settings.splits, deque())
            made.open(self._inputs.range.listed, backlog, journal, Tally())
            self._publisher.start()
            self._feeding.start()
            self._open(ready)
            ending = made.serve()
        if ending.error:
            self._fail(failure_of_engine(ending.error))
        self._end()

    def _take(self) -> None:
        """The items of the whole job, of which any may be given."""
        share, prepared, folder = self.author.share, self.prepared, self.folder
        every = 0, prepared.counts.items
        here = taken(share, prepared, starts_of(share, prepared, folder), every, folder, folder.inputs)
        self._inputs = Inputs(share, prepared.name, here, folder.inputs)
        self._feeding = Feeding(
            self._inputs, self._engine.give, lambda error: self._fail(failure_of(error, folder.path)), self._warn
        )

    def _open(self, ready: Callable[[], None]) -> None:
        with self._lock:
            self._is_open = True
            is_stopping = self._is_stopping
        if is_stopping:
            self._wind_up()
        else:
            ready()

    def _end(self) -> None:
        """Wait for the share, as long as somebody may be waiting for what is settled."""
        self._feeding.close()
        left = 0 if self._is_abandoned else self._publisher.close(drain=True, timeout=DRAIN)
        if not self._is_abandoned and not left:
            self._outgoing.put_last_logs(self._warn)

    # In the thread that hears the driver

    def give(self, key: int, spans: tuple[Span, ...]) -> None:
        """Score these items, whole calls of them."""
        with self._lock:
            if self._is_stopping or not self._is_open:
                return
            self._given[key] = Given(key, spans)
        self._feeding.add(
            Grant(key, spans, self._settled, partial(self._returned, key), lambda: self.say(Hungry(key=key)))
        )

    def revoke(self, key: int) -> None:
        """Give back what has not begun of a grant."""
        if not self._is_open:
            return
        dropped = self._feeding.take_back(key)
        if dropped is None:
            return self._engine.revoke(key)
        with self._lock:
            del self._given[key]
        return self.say(Settled(key=key, pieces=(), returned=as_spans(dropped.spans)))

    def stop(self) -> None:
        """Begin nothing more, and end when what is going on has ended."""
        with self._lock:
            self._is_stopping = True
            is_open = self._is_open
        if is_open:
            self._wind_up()

    def hurry(self) -> None:
        """Wait for no call any more, after `stop`. A script's `shutdown()` has the time that the job gives it."""
        with self._lock:
            is_scoring = any(given.settled is None for given in self._given.values())
        if is_scoring or not self._is_open:
            self.end_now.set()

    def abandon(self) -> None:
        """End now, and publish nothing more."""
        self._is_abandoned = True
        self.end_now.set()
        self._publisher.close(drain=False)
        if self._is_open:
            self._feeding.close()

    def _wind_up(self) -> None:
        dropped = self._feeding.close()
        with self._lock:
            self._given = {key: given for key, given in self._given.items() if key not in dropped}
            keys = list(self._given)
        for key in keys:
            self._engine.revoke(key)
        self._engine.finish()

    # In the engine's thread

    def _hear(self, event: Event) -> None:
        if isinstance(event, Progress):
            self._progress = event

    def _returned(self, key: int, spans: tuple[Span, ...]) -> None:
        self._given[key].give_back(spans)
        self.say(Returned(key=key, spans=as_spans(spans)))

    def _settled(self, answer: Answer) -> None:
        if self._is_abandoned:
            return
        ranges = self._given[answer.key].settle(answer)
        self._publisher.publish(Publication(answer.key, partial(self._outgoing.contents, answer, ranges)))

    # In the thread that publishes

    def _published(self, key: int) -> None:
        with self._lock:
            given = self._given.pop(key)
        self._engine.published(key)
        self._inputs.remove(given.spans)
        self.say(given.published(self._segments))
        self._segments.clear()

    def _unpublished(self, trouble: Trouble) -> None:
        self._fail(failure_of(trouble.error, self.folder.path))

    # In the thread that tells

    def doing(self) -> Iterator[Message]:
        """How it is, and what a user is to read since the last time."""
        progress = self._progress
        if progress is None:
            return
        tally, warnings = self._engine.tally, self._engine.warnings[self._warnings :]
        self._warnings += len(warnings)
        yield from (Said(text=f"warning: {warning}") for warning in warnings)
        yield answers.doing(progress, tally, self._outgoing.counts.rows)

    def _warn(self, text: str) -> None:
        self.say(Said(text=text if text.startswith("warning: ") else f"warning: {text}"))

    def _fail(self, failure: Failure) -> None:
        with self._lock:
            self.failure = self.failure or failure
        self.end_now.set()
