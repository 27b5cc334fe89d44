"""The engine whose workers are a cluster's: it brings a job into a share, lets a driver score it, and collects.

In the end all that counts of a job is in its own folder, as if it had been scored here. Knows no node and no Ray.
"""

import os
import secrets
import shutil
from collections.abc import Sequence
from contextlib import suppress
from threading import Thread
from typing import Final

from bep.lazy_dataclasses import dataclass, field, replace
from bep.runner.cluster import begun, own_files, telling
from bep.runner.cluster.batches import Batches as Range
from bep.runner.cluster.batches import without
from bep.runner.cluster.begun import Begun, Session
from bep.runner.cluster.collecting import Collector
from bep.runner.cluster.earlier import Earlier, adopt
from bep.runner.cluster.following import Follower
from bep.runner.cluster.ordering import Ordering, earlier_orders
from bep.runner.cluster.orders import Order
from bep.runner.cluster.remaining import left, ranges_of
from bep.runner.cluster.starting import Driver
from bep.runner.cluster.supervising import Outcome, Patience, Supervision
from bep.runner.cluster.under_way import UnderWay
from bep.runner.cluster.ways_in import LOGS, WaysIn
from bep.runner.engine import Hosting
from bep.runner.errors import JobInvalid, ShareRefused
from bep.runner.folder.folder import JobFolder
from bep.runner.folder.journal import Journal
from bep.runner.folder.record import JobError, error_of, read
from bep.runner.grants import Grant
from bep.runner.inputs.manifest import Manifest
from bep.runner.request import RayCluster
from bep.runner.scheduling.backlog import Backlog
from bep.runner.scheduling.tally import Ending, Tally, runner_failed
from bep.runner.shards.bringing import bring_logs
from bep.runner.shards.seen import Shared
from bep.runner.shares.share import Share
from bep.runner.transfer.transfers import Board

_SESSIONS: Final = 3  # of one order: more than one where segments of the one before turned out to be damaged
_GOING: Final = "fetching"


def engine(hosting: Hosting) -> "RayEngine":
    """Make one. Nothing is started yet. Raises `JobInvalid` for a job that names no cluster."""
    cluster = hosting.request.cluster
    if cluster is None:
        raise JobInvalid("the job is to be scored by a Ray cluster, and names none")
    known = begun.read(hosting.folder)
    if hosting.request.environment_files:
        files = {name: (str(one.path), one.sha256) for name, one in hosting.request.environment_files.items()}
        known = known.model_copy(update={"files": files})
        begun.write(hosting.folder, known)
    ways = WaysIn(hosting.request, cluster, hosting.folder.logs / LOGS)
    return RayEngine(hosting, cluster, ways, known, Patience())


@dataclass(slots=True, eq=False)
class RayEngine:
    """The `runner.engine.Engine` of a cluster. It is given its whole backlog when it is opened, and nothing later."""

    hosting: Hosting
    cluster: RayCluster
    ways: WaysIn
    begun: Begun
    patience: Patience
    tally: Tally = field(default_factory=Tally)
    warnings: list[str] = field(default_factory=list)
    _run: UnderWay | None = None
    _driven: tuple[Session, Driver] | None = None

    def start(self, workers: int) -> None:
        """Nothing waits here: it is seen whether the cluster can be asked. Raises `ClusterRefused`."""
        if not self.ways.is_child:
            self.ways.dashboard().version()

    def open(self, manifest: Manifest, backlog: Backlog, journal: Journal, before: Tally) -> None:
        """Collect what earlier runs have left, and bring into the share what a driver needs for the rest.

        Raises `JobBusy` where a driver of an earlier run lives on, `ClusterRefused`, `ShareRefused`, `InputsInvalid`,
        `StoredBytesDamaged`, `Cancelled`, `OSError`.
        """
        self.tally = before
        folder, request = self.hosting.folder, self.hosting.request
        record, share = read(folder), self.ways.share()
        shared = Shared(share, record.name, self._board("looking at the share"))
        collector = Collector(shared, folder, manifest, journal, self.hosting.report)
        self._run = run = UnderWay(collector, before, request.settings.workers, self._say)
        waiting = ranges_of([*backlog.again, *backlog.untouched, *backlog.attempts])
        earlier = earlier_orders(share, record)
        spans = left(waiting, *self._adopted(collector, earlier), manifest.items, manifest.starts)
        run.begin()
        if not spans:
            return
        files = {name: (os.fsencode(one.path), one.sha256) for name, one in self.begun.originals.items()}
        self._driven = self._new_driver(share, record.name, record.runs)
        self._driven[1].prepare()  # while the job is brought into the share
        board, last = self._board("uploading"), earlier[-1] if earlier else None
        ordering = Ordering(request, self.cluster, record, folder, manifest, share, board, files, last)
        run.order = ordering.put(spans, before.failed + collector.failed)

    def _adopted(self, collector: Collector, earlier: Sequence[Order]) -> tuple[Sequence[Range], Sequence[Range]]:
        """What orders of before have left in the share, and what of that is here now."""
        share, name = collector.shared.share, collector.shared.name
        if self.begun.sessions:
            board = self._board("waiting for the end of the last run in the cluster")
            Earlier(share, name, self.ways.dashboard).end(self.begun.sessions, board)
        pending = adopt(
            collector,
            [one for one in earlier if one.number > self.begun.over],
            self._board("fetching what was scored before"),
        )
        if earlier:
            self._note(sessions=(), over=earlier[-1].number)
        return pending, collector.ranges

    def give(self, grant: Grant) -> None:
        """Not for this engine: a cluster has the whole job."""
        raise NotImplementedError

    def revoke(self, key: int) -> None:
        """Nothing was given."""

    def published(self, key: int) -> None:
        """Nothing was given."""

    def finish(self) -> None:
        """Nothing more is ever given."""

    def serve(self) -> Ending:
        """Let drivers score what is ordered, until all of it is here or nobody can."""
        run = self._run
        if run is None or self.hosting.cancel.is_set():
            return Ending(is_cancelled=self.hosting.cancel.is_set())
        try:
            ending = self._scored(run, run.order) if run.order else Ending()
            self._bring(run.collector.shared, ending)
        except JobInvalid as error:
            ending = Ending(error_of(error.code, str(error)))
        except OSError as error:
            ending = Ending(runner_failed(error, self.hosting.folder.path))
        self.warnings += [f"{why}, and was scored again" for why in run.collector.damaged.values()]
        run.count(self.tally)
        return Ending(is_cancelled=True) if ending.error and self.hosting.cancel.is_set() else ending

    def _scored(self, run: UnderWay, order: Order) -> Ending:
        whole = ranges_of(order.calls.spans)
        for _ in range(_SESSIONS):
            with_end = self._supervised(run, order)
            run.collect_all(self._board("fetching what was scored", is_endless=True))
            is_missing = bool(without(whole, run.collector.ranges))
            if with_end.error or with_end.is_cancelled or not is_missing:
                self._note(sessions=(), over=order.number)
                return with_end
            self._note(sessions=())
        why = next(iter(run.collector.damaged.values()), "the driver said that it was done before all was scored")
        fix = "see whether other programs write to the share; a resumed job goes on from here"
        return Ending(JobError(code="SegmentDamaged", message=why, fix=fix))

    def _new_driver(self, share: Share, job: str, order: int) -> tuple[Session, Driver]:
        """One that may be begun, for its session is written down."""
        name = secrets.token_hex(4)
        session = Session(order=order, name=name, submission="" if self.ways.is_child else f"bep-{job}-{name}")
        self._note(sessions=(*self.begun.sessions, session))
        return session, self.ways.driver_of(session, share, job)

    def _supervised(self, run: UnderWay, order: Order) -> Ending:
        """One session, from its driver's start to the end of that."""
        share, job = run.collector.shared.share, order.prepared.name
        session, driver = self._driven or self._new_driver(share, job, order.number)
        self._driven = session, driver
        follower = Follower(share, job, session.name)
        run.follow(session.name)
        patience = replace(self.patience, start=self.cluster.start_timeout)
        driver.start()
        outcome = Supervision(driver, follower, self.hosting.cancel, run.hear, patience).run()
        self._part_with(driver, outcome)
        self._keep_log(share, job, session.name)
        return Ending(outcome.error, outcome.error is None and outcome.is_cancelled)

    def _part_with(self, driver: Driver, outcome: Outcome) -> None:
        """Nobody waits for a driver that has said its last word and leaves. Where that is no good word, what it has
        printed is waited for."""
        self._driven = None
        has_said_it = outcome.told is not None and outcome.told.state.is_end
        if has_said_it and outcome.error is None:
            Thread(target=driver.close, args=(self.patience.leaving,), name="parting", daemon=True).start()
        else:
            driver.close(self.patience.leaving if has_said_it else 0.0)

    def _keep_log(self, share: Share, job: str, session: str) -> None:
        """The end of what the cluster's own client said to the driver: for whoever looks into a failure."""
        target = self.hosting.folder.logs / LOGS / f"{session}.cluster.txt"
        with suppress(JobInvalid, OSError):
            content = share.read(telling.log_place(job, session))
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)

    def close(self) -> None:
        """End a driver that would go on for nobody."""
        if self._driven is not None:
            self._driven[1].close()

    def _board(self, doing: str, *, is_endless: bool = False) -> Board:
        board = Board(doing, ShareRefused, tell=self.hosting.report)
        return board if is_endless else replace(board, cancel=self.hosting.cancel)

    def _bring(self, shared: Shared, ending: Ending) -> None:
        """What else scripts have left: what they said, and when all is scored their own files. A job does not fail for
        want of logs."""
        folder = self.hosting.folder
        going = folder.path / _GOING
        try:
            bring_logs(shared, folder.logs, going, self._board("fetching logs", is_endless=True))
        except (ShareRefused, OSError) as error:
            self.warnings.append(f"not all that the workers said is here: {error}")
        try:
            if not ending.error and not ending.is_cancelled:
                board = self._board("fetching the script's files", is_endless=True)
                own_files.bring(shared, folder, self.hosting.request.output_folder, going, board)
        finally:
            shutil.rmtree(going, ignore_errors=True)

    def _note(self, **changes: object) -> None:
        self.begun = self.begun.model_copy(update=changes)
        begun.write(self.hosting.folder, self.begun)

    def _say(self, text: str) -> None:
        """A line that the driver says: a warning is the job's, any other is in its log."""
        head, _, rest = text.partition("warning: ")
        if rest and not head:
            self.warnings.append(rest)
        folder: JobFolder = self.hosting.folder
        with suppress(OSError):
            log = folder.logs / LOGS / "said.txt"
            log.parent.mkdir(parents=True, exist_ok=True)
            with log.open("a", errors="backslashreplace") as file:
                file.write(f"{text}\n")
