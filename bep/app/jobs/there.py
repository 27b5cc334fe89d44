"""Jobs that a service runs: ordered once, followed, looked at; a service goes on with none and removes none.

Prints nothing.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from threading import Event as Flag
from typing import TYPE_CHECKING, Any, Final, NoReturn

from bep.app.errors import NotFound, Refused
from bep.app.job_records import LIST
from bep.app.jobs.orders import Ordered, Orders, digest_of
from bep.app.jobs.service import Again, News, Removal, Watch, tell_of_end
from bep.lazy_dataclasses import replace
from bep.providers.cloud_jobs import CloudJob, Order
from bep.schemas.findings.did_you_mean import did_you_mean, listed, nearest
from bep.schemas.next_step import step

if TYPE_CHECKING:
    from bep.app.jobs.filters import JobFilter
    from bep.app.jobs.logs import WorkerLogs
    from bep.app.jobs.ordering import Wanted
    from bep.app.jobs.served import ServedJob
    from bep.app.workspace.contexts import Reading
    from bep.providers.cloud_jobs import CloudJobs, Look
    from bep.providers.protocol import Transferred
    from bep.runner.folder.record import JobRecord
    from bep.runner.jobs.sampling import Sampled, Show
    from bep.schemas.job.job import JobSpec

NOT_STARTED: Final = "NotStarted"
_LONGEST: Final = 10  # times the service's interval, between two looks at a job that takes long
_SLOWER: Final = 1.2
_FAULTS: Final = 10  # looks that may fail one after the other
_CANCELLING = "cancelling the job, which its service ends when it is ready to"


class JobsThere:
    """The jobs of a workspace's service; see `service.Jobs`."""

    def __init__(self, opened: "Reading", service: "CloudJobs") -> None:
        self._opened, self._service = opened, service
        self._orders = Orders(opened.home)

    @property
    def interval(self) -> float:
        """The service's own."""
        return self._service.interval

    def run(self, job: "JobSpec", watch: Watch) -> "JobRecord":
        """Start it, and follow it to its end. Ctrl-C asks the service to end it, and waits for that."""
        from bep.app.jobs.events import JobFinished

        wanted = self._wanted(job, watch)
        with watch.stopping(_CANCELLING) as cancel:
            begun = self._begun(job, wanted, watch)
            try:
                ended = self._followed(begun, watch, cancel)
            except Exception as problem:
                _advise(problem, begun.name)
                raise
        record = self._record(ended)
        watch.report(JobFinished(record))
        tell_of_end(self._opened, record, watch)
        return record

    def begin(self, job: "JobSpec", watch: Watch) -> "JobRecord":
        """Start it: it needs nobody here."""
        return self._served(self._begun(job, self._wanted(job, watch), watch))

    def preview(self, job: "JobSpec", changes: Mapping[str, Any]) -> dict[str, Any]:
        """From the deployment, and the input as far as it is here."""
        from bep.app.jobs.ordering import wanted_of
        from bep.app.jobs.previewing import served_preview

        wanted = wanted_of(self._opened, self._service, job)
        return served_preview(job, changes, wanted, list(self._taken(job, digest=None)))

    def _wanted(self, job: "JobSpec", watch: Watch) -> "Wanted":
        from bep.app.jobs.ordering import wanted_of
        from bep.app.workspace.write_access import must_keep_jobs

        must_keep_jobs(self._opened, self._orders.folder)
        wanted = wanted_of(self._opened, self._service, job)
        for note in wanted.notes:
            watch.say(note)
        if wanted.content is None:
            return wanted
        uri = self._service.upload(wanted.content, _told(watch, len(wanted.content.files)))
        return replace(wanted, input=replace(wanted.input, uri=uri))

    def _begun(self, job: "JobSpec", wanted: "Wanted", watch: Watch) -> CloudJob:
        """The job that the service has for this order. The order is kept before it is given."""
        from bep.app.jobs.events import JobStarted
        from bep.providers.cloud_jobs import Unanswered
        from bep.providers.protocol import ProviderError

        order = _order_of(job, wanted)
        with self._orders.alone():
            ordered = self._orders.unanswered(digest_of(order), job.name)
            if ordered is not None:
                watch.say(f"job {ordered.name} was ordered before and never answered: it is asked for again")
            else:
                if taken := next(self._taken(job, digest=digest_of(order)), ""):
                    raise Refused(taken)
                ordered = self._orders.begin(order)
            try:
                begun = self._service.start(replace(order, name=ordered.name, key=ordered.key))
            except Unanswered as problem:
                problem.advise((step("run"), step("job list")))
                raise
            except ProviderError:
                self._orders.forget(ordered)  # refused: there is no job
                raise
            self._orders.answered(ordered, begun)
        watch.report(JobStarted(self._served(begun)))
        return begun

    def _taken(self, job: "JobSpec", digest: str | None) -> Iterator[str]:
        """Why a job cannot have its name."""
        if not job.name:
            return
        before = next((one for one in self._orders.every() if one.name == job.name), None)
        if before is not None and not before.is_answered:
            if digest not in (None, before.digest):
                yield f"there is an order {job.name} of something else, never answered\n    fix: choose another name"
        elif before is not None or self._service.find(job.endpoint, job.name) is not None:
            yield f"there is a job {job.name} already\n    fix: choose another name"

    def _followed(self, job: CloudJob, watch: Watch, cancel: Flag) -> "Look":
        """The last look at the job, when it is over. Its status and its logs are told as they change."""
        from bep.app.jobs.events import Logged, StatusChanged

        status, is_asked = "", False
        for look, news in self._looks(job, cancel):
            if look.job.status != status:
                status = look.job.status
                watch.report(StatusChanged(status))
            for piece in (*news.progress, *([news.errors] if news.errors else ())):
                watch.report(Logged(piece.file, piece.begins, piece.lines))
            if cancel.is_set() and not is_asked and not news.is_over:
                self._service.cancel(job)
                is_asked = True
        return look

    def _looks(self, job: CloudJob, hurry: Flag | None = None) -> "Iterator[tuple[Look, News]]":
        """Look at a job until it is over, less often the longer it takes. A look that fails is tried again."""
        from bep.app.jobs.served_logs import GrowingLogs
        from bep.providers.protocol import ProviderError

        logs, pause, faults = GrowingLogs(self._service.read), self.interval, 0
        while True:
            try:
                look = self._service.look(job)
            except ProviderError as problem:
                faults += 1
                if not problem.retryable or faults > _FAULTS:
                    raise
            else:
                faults, is_over = 0, self._served(look.job).status.is_final
                progress = tuple(logs.progress(look.logs, is_over=is_over))
                yield look, News(progress, logs.errors(look.logs, is_over=is_over), is_over)
                if is_over:
                    return
            if hurry is None or hurry.is_set():
                time.sleep(self.interval)
            else:
                hurry.wait(pause)
            pause = min(pause * _SLOWER, self.interval * _LONGEST)

    def sample(
        self,
        job: "JobSpec",
        items: int,
        say: Callable[[str], None],
        *,
        debug: bool = False,
        show: "tuple[Show, Show] | None" = None,
    ) -> "Sampled":
        """A service scores no samples."""
        raise self._cannot("score a sample", "runs its jobs in a service, which scores whole jobs alone")

    def logs(self, name: str) -> "WorkerLogs":
        """From the service, and from the store of its runs."""
        from bep.app.jobs.served_logs import ServedLogs

        return ServedLogs(self._service, self._named(name))

    def chosen(self, wanted: "JobFilter | None" = None) -> "list[JobRecord]":
        """The service's own list, and orders that it has not answered."""
        from bep.app.jobs.filters import chosen as chosen_of

        jobs = self._every(wanted.endpoint if wanted is not None and wanted.endpoint else "")
        records: list[JobRecord] = [self._served(job) for job in jobs]
        return records if wanted is None else chosen_of(records, wanted)

    def _every(self, endpoint: str = "") -> list[CloudJob]:
        """All there are, oldest first."""
        found = {job.name: job for job in self._service.list(endpoint)}
        open_orders = [one for one in self._orders.every() if not one.is_answered and one.name not in found]
        found |= {one.name: _not_started(one) for one in open_orders if endpoint in ("", one.endpoint)}
        return sorted(found.values(), key=lambda job: (job.created, job.name))

    def get(self, name: str) -> "JobRecord":
        """As the service has it now; of one that failed, why."""
        job = self._named(name)
        return self._served(job) if job.status == NOT_STARTED else self._record(self._service.look(job))

    def _named(self, name: str) -> CloudJob:
        """The job of this name or beginning: by the order of this workspace, else by the service's list."""
        if name in ("", ".", "..") or "/" in name:
            raise Refused(f"{name!r} is not a job's name. {LIST} shows them.", next=(LIST,))
        ordered = next((one for one in self._orders.every() if name in (one.name, one.job, one.run)), None)
        if ordered is not None:
            found = self._service.find(ordered.endpoint, ordered.job or ordered.name)
            if found is not None or not ordered.is_answered:
                return found or _not_started(ordered)
        every = {job.name: job for job in self._every()}
        same = [job for job in every.values() if name in (job.name, job.run)]
        begin = same or [job for known, job in every.items() if known.startswith(name)]
        if len(begin) == 1:
            return begin[0]
        if begin:
            raise Refused(f"{name!r} could be {listed([job.name for job in begin])}: say which")
        near = did_you_mean(name, every) or f"{LIST} shows what there is."
        raise NotFound(f"there is no job {name!r} there. {near}", nearest=nearest(name, every), next=(LIST,))

    def _record(self, look: "Look") -> "ServedJob":
        """The record of a job; of one that failed with the reason, which stands in its logs."""
        from bep.app.jobs.served_logs import error_of
        from bep.runner.folder.record import Status

        record = self._served(look.job)
        if record.status is not Status.FAILED:
            return record
        return record.model_copy(update={"error": error_of(look, self._service)})

    def _served(self, job: CloudJob) -> "ServedJob":
        from bep.app.jobs.served import served

        return served(job, self._orders.folder)

    def stream(self, name: str) -> Iterator[News]:
        """Ask for its logs every now and then."""
        yield from (news for _, news in self._looks(self._named(name)))

    def cancel(self, name: str, *, at_once: bool = False) -> "JobRecord":
        """Ask the service, and wait until the job is over; `at_once` does not wait. An order that never was answered is
        given up."""
        job = self._named(name)
        if job.status == NOT_STARTED:
            with self._orders.alone():
                for ordered in [one for one in self._orders.every() if one.name == job.name and not one.is_answered]:
                    self._orders.forget(ordered)
            return self._served(replace(job, status="Canceled"))
        record = self._served(job)
        if record.status in ("Completed", "Failed"):
            raise Refused(f"{record.name} is {record.status}: there is nothing to cancel")
        if not record.status.is_final:
            self._service.cancel(job)
            job = (
                self._service.look(job).job
                if at_once
                else next(look.job for look, news in self._looks(job) if news.is_over)
            )
        return self._served(job)

    def resume(self, name: str, again: Again, watch: Watch) -> "JobRecord":
        """No service goes on with a job."""
        self._goes_on_with_none()

    def retry(self, name: str, again: Again, watch: Watch) -> "JobRecord":
        """No service scores the failed items of a job again."""
        self._goes_on_with_none()

    def _goes_on_with_none(self) -> NoReturn:
        anew = step("run")
        why = "runs its jobs in a service, which goes on with none: what a job scored before it ended is not kept"
        raise self._cannot("go on with a job", f"{why}; run it again: {anew}", anew)

    def outputs(self, name: str) -> "list[str]":
        """What the service has of its result."""
        return sorted(self._service.outputs(self._named(name)))

    def download(self, name: str, target: Path, *, everything: bool = False) -> "list[Path]":
        """Fetch its result, `everything` with its logs; each has its name when all is there."""
        from bep.app.jobs.downloading import ARTIFACTS, placed

        job = self._named(name)
        outputs = sorted(self._service.outputs(job))
        logs = self._service.logs(job) if everything else {}

        def fill(folder: Path) -> None:
            for output in outputs:
                self._service.fetch(job, output, _room(folder, output))
            for path, log in logs.items():
                _room(folder, f"{ARTIFACTS}/{path}").write_bytes(self._service.read(log))

        return placed([*outputs, *([ARTIFACTS] if logs else [])], target, fill)

    def removable(self, records: "Sequence[JobRecord]", *, keep_output: bool = False) -> "list[Removal]":
        """A service keeps its jobs."""
        raise self._cannot("remove a job", "runs its jobs in a service, which keeps what they were")

    def remove(self, removal: "Removal") -> None:
        """A service keeps its jobs."""
        self.removable([removal.record])

    def _cannot(self, what: str, why: str, *steps: Any) -> Refused:
        from bep.app.errors import Unavailable

        refused = Unavailable(self._opened.world.name, why)
        refused.advise(steps)
        return refused


def _order_of(job: "JobSpec", wanted: "Wanted") -> Order:
    from uuid import uuid4

    from bep.app.workspace.clock import job_name

    return Order(
        name=job.name or job_name(),
        key=str(uuid4()),
        endpoint=wanted.routed.endpoint,
        deployment=wanted.routed.deployment,
        port=job.port,
        input=wanted.input,
        output=job.output_path or "",
        output_file_name=wanted.settings.output_file_name,
        settings=wanted.overrides,
    )


def _told(watch: Watch, files: int) -> "Transferred":
    """What tells whoever looks on how far the files of an input are."""
    from bep.runner.events import Transferring

    began = time.monotonic()

    def told(done: int, total: int) -> None:
        there = files if done == total else 0  # which of them are whole before all are, nobody says
        watch.report(Transferring("sending the input", there, files, done, total, time.monotonic() - began))

    return told


def _not_started(ordered: Ordered) -> CloudJob:
    return CloudJob(ordered.name, ordered.endpoint, ordered.deployment, NOT_STARTED, ordered.ordered)


def _advise(problem: Exception, name: str) -> None:
    """Say with what stopped the following that the job goes on, and how it is followed again."""
    from bep.schemas.next_step import Advised

    if isinstance(problem, Advised):
        problem.advise((*problem.next, step("job stream", name)))


def _room(folder: Path, name: str) -> Path:
    """Where a file of a service's goes below a folder, which is made. Raises `Refused` for a name that leads out."""
    target = folder / name
    if ".." in Path(name).parts or Path(name).is_absolute():
        raise Refused(f"the service names a file {name}, which is no name below a folder")
    target.parent.mkdir(parents=True, exist_ok=True)
    return target
