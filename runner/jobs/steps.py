"""The steps of one job: list the inputs, let the engine score, count, put the output in place."""

import shutil
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from bep.lazy_dataclasses import dataclass, field
from bep.runner.engine import Engine, Hosting, engine_of
from bep.runner.errors import Cancelled, InputsInvalid, JobInvalid, NotUploaded, OutputExists, StoredBytesDamaged
from bep.runner.events import Event, JobFinished, JobStarted
from bep.runner.folder import parts
from bep.runner.folder.folder import JobFolder
from bep.runner.folder.journal import Journal
from bep.runner.folder.record import Counts, JobError, JobRecord, Status, error_of, save
from bep.runner.inputs import listing
from bep.runner.inputs.manifest import Manifest
from bep.runner.inputs.stamps import Stamping
from bep.runner.jobs import converting, resuming, staging
from bep.runner.jobs.totals import History, Totals, failed_calls, history_of, tallied, write_failed_items
from bep.runner.outputs import assembling, publishing
from bep.runner.outputs.columns import Columns, columns_of
from bep.runner.reporting.live import LiveFile
from bep.runner.reporting.logs import Logs
from bep.runner.request import JobRequest
from bep.runner.scheduling.tally import Ending, rows_missing, runner_failed, too_many_failed
from bep.runner.transfer.transfers import Board
from bep.runner.worker.results.formats import FORMATS

_SHOWN = 3  # failures in the record; failed_items.jsonl has them all


@dataclass(slots=True)
class Job:
    """What the steps of one run share."""

    folder: JobFolder
    request: JobRequest
    record: JobRecord
    listener: Callable[[Event], None]
    cancel: threading.Event
    logs: Logs | None = None
    live: LiveFile | None = None
    is_refused: bool = False
    """Whether the job was never to be: something was wrong with its inputs or its output before they were listed."""
    _made: list[Path] = field(default_factory=list)
    _unheard: Exception | None = None
    _is_given: bool = False

    def run(self) -> JobRecord:
        """Every step; whatever stops one is in the record. What the listener raised is raised when all is over.

        Raises what was wrong with the inputs or the output of a new job, of which nothing is listed then.
        """
        began = time.monotonic()
        before = self.record.seconds
        self.logs, self.live = Logs(self.folder.logs), LiveFile(self.folder.path)
        try:
            self._become(Status.STARTING, started=self.record.started or datetime.now(UTC), finished=None)
            self._score()
        except Cancelled:
            self._set(status=Status.CANCELED)
        except JobInvalid as error:
            if self._is_new and isinstance(error, InputsInvalid | OutputExists | NotUploaded):
                self.is_refused = True
                self._take_back_output()
                raise
            is_scored = isinstance(error, NotUploaded) and self.record.status is Status.FINALIZING
            fix = "resume the job: all is scored and kept, and that uploads it and no more"
            told = error_of(error.code, str(error))
            self._fail(told.model_copy(update={"fix": fix}) if is_scored else told)
        except OSError as error:
            self._fail(runner_failed(error, self.folder.path))
        shutil.rmtree(self.folder.working, ignore_errors=True)
        staging.take_back(self.folder)
        if self.record.status is Status.COMPLETED and not self.record.counts.failed:
            shutil.rmtree(self.folder.inputs, ignore_errors=True)  # nobody reads its copies again
        self._end(round(before + time.monotonic() - began, 3))
        if self.record.output_file and self.record.status is Status.COMPLETED:
            with suppress(OSError):  # a second name of the file that is there: it takes no room
                assembling.forget(assembling.partial(self.record.output_file, self.record.name))
        self._tell(JobFinished(self.record))
        if self._unheard:
            raise self._unheard
        return self.record

    @property
    def _is_new(self) -> bool:
        return self.record.runs == 1 and not self.record.manifest_digest

    def _take_back_output(self) -> None:
        """Remove the folders that were made for the output, as far as nothing is in them."""
        with suppress(OSError):
            for folder in reversed(self._made):
                folder.rmdir()

    def _end(self, seconds: float) -> None:
        """Save the last word; where there is no room for it, the caller hears that, and `resume` finds the rest."""
        try:
            self._become(self.record.status, finished=datetime.now(UTC), seconds=seconds)
        except OSError as error:
            self._set(status=Status.FAILED, error=self.record.error or runner_failed(error, self.folder.path))

    def _score(self) -> None:
        published = publishing.is_published(self.record, self.request, self.folder, self._board(NotUploaded))
        if not published and listing.recorded(self.folder, self.record) is None:
            self._give()
        with closing(self._engine()) as engine:
            listed = self._listed()
            stamping = Stamping(self.folder, listed)
            try:
                history = history_of(self.folder, self.request.settings)
                ending = Ending() if published else self._engine_run(engine, listed, history)
            except BaseException:
                stamping.close(wait=False)
                raise
        stamping.close(wait=not ending.is_cancelled)
        self._finish(listed, ending)

    def _give(self) -> None:
        """Lay out what the job has copies of: not where there is nothing to score, and before any worker starts."""
        staging.give(self.folder, self._board(StoredBytesDamaged))
        self._is_given = True

    def _board(self, invalid: type[JobInvalid]) -> Board:
        doing = {NotUploaded: "uploading the output", StoredBytesDamaged: "copying model and code"}.get(
            invalid, "fetching inputs"
        )
        return Board(doing, invalid, self.cancel, self._tell)

    def _engine(self) -> Engine:
        """The engine, with as many workers started as the job surely wants: they get ready while inputs are listed."""
        settings = self.request.settings
        folder = self.request.output_folder
        self._made = [one for one in (*reversed(folder.parents), folder) if not one.exists()]
        folder.mkdir(parents=True, exist_ok=True)
        engine = engine_of(self.request.engine, Hosting(self.request, self.folder, self._tell, self.cancel))
        if not self.folder.index.exists():
            try:
                engine.start(listing.surely(self.request, settings.workers))
            except OSError:
                engine.close()
                raise
        return engine

    def _listed(self) -> Manifest:
        """The manifest of the first run, or a new one. An input that changed since then does not change the job."""
        known = listing.recorded(self.folder, self.record)
        if known:
            return known
        if not self.request.inputs:
            raise InputsInvalid("the job has no inputs")
        downloads = self.request.cache or self.folder.downloads
        listed = listing.write(self.request, self.folder, downloads, self._board(InputsInvalid))
        counts = Counts(items=listed.items, mini_batches=len(listed.starts))
        self._set(counts=counts, manifest_digest=listed.digest)
        return listed

    def _engine_run(self, engine: Engine, listed: Manifest, history: History) -> Ending:
        self._become(Status.RUNNING)
        self._tell(JobStarted(self.record))
        journal = Journal(self.folder.journal, self.request.settings.sync_seconds)
        try:
            waiting = resuming.backlog(self.folder, listed, history)
            before = resuming.tally(self.folder, history, self.record.counts)
            if waiting.calls and not self._is_given:
                self._give()
            engine.open(listed, waiting, journal, before)
            engine.finish()
            ending = engine.serve()
        finally:
            journal.close()
        counts = self.record.counts.model_copy(
            update={
                "retries": engine.tally.retries,
                "splits": engine.tally.splits,
                "workers_lost": engine.tally.workers_lost,
            }
        )
        self._set(counts=counts, warnings=tuple(dict.fromkeys((*self.record.warnings, *engine.warnings))))
        return ending

    def _finish(self, listed: Manifest, ending: Ending) -> None:
        """Count what the journals have, and publish if every item is accounted for."""
        self._become(Status.FINALIZING)
        history = history_of(self.folder, self.request.settings)
        totals = Totals()
        columns = columns_of(self.folder.parts)
        scored = tallied(self.folder, listed, totals, history, columns)
        completes = not ending.error and not ending.is_cancelled
        try:
            if completes and self.record.output_file:
                self._assemble(scored, self.record.output_file, columns)
        finally:
            deque(scored, maxlen=0)  # a disk that is full for the output does not make what was scored unscored
            self._count(listed, totals, history)
            write_failed_items(self.folder, listed, history, totals)
        if ending.error:
            self._fail(ending.error)
        elif ending.is_cancelled:
            self._set(status=Status.CANCELED)
        else:
            self._complete(totals)

    def _assemble(self, scored: Iterable[parts.Scored], target: Path, columns: Columns) -> None:
        temporary = assembling.partial(target, self.record.name)
        if assembling.is_published(temporary, target):
            return
        if FORMATS[self.request.settings.output_format].finish is None:
            assembling.assemble(scored, self.folder.parts, temporary, columns)
            return
        self.folder.working.mkdir(exist_ok=True)  # a run with nothing left to score has started no worker
        rows = self.folder.working / "rows.assembled"
        assembling.assemble(scored, self.folder.parts, rows, columns)
        if rows.stat().st_size:  # a file of no row has no columns; that the job has none is said later
            self._convert(rows, temporary)

    def _convert(self, rows: Path, target: Path) -> None:
        said = converting.finish(self.request, rows, target)
        self._set(warnings=tuple(dict.fromkeys((*self.record.warnings, *said))))

    def _complete(self, totals: Totals) -> None:
        target = self.record.output_file
        threshold = self.request.settings.error_threshold
        if totals.failed > threshold >= 0:
            self._fail(too_many_failed(totals.failed, threshold))
        elif totals.scored + totals.failed < self.record.counts.items:
            self._fail(rows_missing(self.record.counts.items - totals.scored - totals.failed))
        elif target and not totals.scored:
            self._fail(JobError(code="NoResultToAppend", message="not one item was scored; there is nothing to write"))
        else:
            publishing.publish(self.record, self.request, self.folder, self._board(NotUploaded))
            self._set(status=Status.COMPLETED, rewrites=False)

    def _count(self, listed: Manifest, totals: Totals, history: History) -> None:
        counts = self.record.counts.model_copy(
            update={"scored": totals.scored, "failed": totals.failed, "rows": totals.rows}
        )
        warnings = list(self.record.warnings)
        if totals.excess:
            warnings.append(f"run() returned {totals.excess} results more than it was given items; all rows are kept")
        if totals.breaks:
            warnings.append(
                f"results contain {totals.breaks} line breaks of their own, so rows and lines are not the same; "
                "output format csv or jsonl keeps them apart"
            )
        shown = [
            JobError(
                code=why.type,
                message=why.message,
                traceback=why.traceback,
                files=listed.names(call.first, call.count),
                log=why.log,
            )
            for call, why in islice(failed_calls(self.folder, history, totals), _SHOWN)
        ]
        self._set(counts=counts, warnings=tuple(dict.fromkeys(warnings)), failures=tuple(shown))

    def _fail(self, error: JobError) -> None:
        if self.record.output_file:
            with suppress(
                OSError
            ):  # what cannot be removed is written over by the next run; the job's end is what counts
                assembling.forget(assembling.partial(self.record.output_file, self.record.name))
        self._set(status=Status.FAILED, error=error)

    def _set(self, **changes: object) -> None:
        self.record = self.record.model_copy(update=changes)

    def _become(self, status: Status, **changes: object) -> None:
        self._set(status=status, **changes)
        save(self.record)

    def _tell(self, event: Event) -> None:
        for teller in (self.logs, self.live):
            with suppress(OSError):  # a full disk's log says nothing; what matters is in the record and the journals
                if teller is not None:
                    teller.hear(event)
        if self._unheard:
            return
        try:
            self.listener(event)
        except Exception as error:  # a night's work does not end because nobody can be told of it
            self._unheard = error
