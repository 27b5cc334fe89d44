"""Jobs that a service runs: ordered once, followed, looked at; a service goes on with none and removes none.

Prints nothing.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from bep.app.errors import NotFound, Refused
from bep.app.job_records import LIST
from bep.app.jobs.in_service.orders import Ordered, Orders
from bep.app.jobs.service import Again, Asked, News, Removal, Watch, tell_of_end
from bep.lazy_dataclasses import replace
from bep.providers.cloud_jobs import CloudJob
from bep.providers.protocol import ProviderError
from bep.schemas.findings.did_you_mean import did_you_mean, listed, nearest
from bep.schemas.next_step import Step, step

if TYPE_CHECKING:
    from bep.app.jobs.filters import JobFilter
    from bep.app.jobs.in_service.logs import Mask
    from bep.app.jobs.in_service.record import ServedJob
    from bep.app.jobs.logs import WorkerLogs
    from bep.app.workspace.contexts import Reading
    from bep.providers.cloud_jobs import CloudJobs, Look
    from bep.runner.folder.record import JobRecord
    from bep.runner.jobs.sampling import Sampled, Show
    from bep.schemas.job.job import JobSpec

NOT_STARTED: Final = "NotStarted"
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

    def _masked(self, data: bytes) -> bytes:
        """Whole lines of a log without the secrets of the specs, which are read for that when a log is."""
        return self._mask(data)

    @cached_property
    def _mask(self) -> "Mask":
        from bep.app.jobs.in_service.logs import mask_of

        return mask_of(self._opened)

    def run(self, job: "JobSpec", watch: Watch, *, patience: float | None = None) -> "JobRecord":
        """Start it, and follow it to its end. Ctrl-C asks the service to end it, and waits for that."""
        from bep.app.jobs.events import JobFinished
        from bep.app.jobs.in_service.following import followed
        from bep.app.jobs.in_service.starting import begun, sent

        wanted = sent(self._opened, self._service, self._orders, job, watch)
        with watch.stopping(_CANCELLING) as cancel:
            found = begun(self._service, self._orders, job, wanted, watch)
            try:
                look = followed(self._service, found, self._masked, watch, cancel)
            except ProviderError as problem:
                problem.advise((*problem.next, step("job stream", found.name)))
                raise
        record = self._record(look)
        watch.report(JobFinished(record))
        tell_of_end(self._opened, record, watch)
        return record

    def begin(self, job: "JobSpec", watch: Watch) -> "JobRecord":
        """Start it: it needs nobody here."""
        from bep.app.jobs.in_service.starting import begun, sent

        wanted = sent(self._opened, self._service, self._orders, job, watch)
        return self._served(begun(self._service, self._orders, job, wanted, watch))

    def order(self, job: "JobSpec", asked: Asked) -> "JobRecord":
        """Start it: the service has a line of its own."""
        from contextlib import nullcontext
        from threading import Event as Flag

        from bep.app.jobs.in_line.ordering import digest_of
        from bep.app.jobs.in_service.starting import begun, sent

        digest = digest_of(job)
        before = self._orders.requested(asked.request_id, digest)
        if before is not None and before.is_answered:
            return self.get(before.name)
        watch = Watch(lambda event: None, lambda text: None, lambda what: nullcontext(Flag()))
        wanted = sent(self._opened, self._service, self._orders, job, watch)
        return self._served(begun(self._service, self._orders, job, wanted, watch, asked.request_id, digest))

    def preview(self, job: "JobSpec", changes: Mapping[str, Any]) -> dict[str, Any]:
        """From the deployment, and the input as far as it is here."""
        from bep.app.jobs.in_service.ordering import wanted_of
        from bep.app.jobs.in_service.starting import name_troubles
        from bep.app.jobs.requests.previewing import served_preview

        wanted = wanted_of(self._opened, self._service, job)
        problems = list(name_troubles(self._service, self._orders, job))
        return served_preview(job, changes, wanted, problems, self._service.unknown)

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
        raise self._cannot("scores whole jobs alone")

    def logs(self, name: str) -> "WorkerLogs":
        """From the service, and from the store of its runs."""
        from bep.app.jobs.in_service.logs import ServedLogs

        return ServedLogs(self._service, self._named(name), self._masked)

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
            return found or (_gone(ordered) if ordered.is_answered else _not_started(ordered))
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
        from bep.app.jobs.in_service.logs import error_of
        from bep.runner.folder.record import Status

        record = self._served(look.job)
        if record.status is not Status.FAILED:
            return record
        return record.model_copy(update={"error": error_of(look, self._service, self._masked)})

    def _served(self, job: CloudJob) -> "ServedJob":
        from bep.app.jobs.in_service.record import served

        return served(job, self._orders.folder)

    def stream(self, name: str) -> Iterator[News]:
        """Ask for its logs every now and then."""
        from bep.app.jobs.in_service.following import looks

        yield from (news for _, news in looks(self._service, self._named(name), self._masked))

    def cancel(self, name: str, *, at_once: bool = False) -> "JobRecord":
        """Ask the service, and wait until the job is over; `at_once` does not wait. An order that never was answered is
        given up."""
        from bep.app.jobs.in_service.following import looks

        job = self._named(name)
        if job.status == NOT_STARTED:
            with self._orders.alone():
                for ordered in [one for one in self._orders.every() if one.name == job.name and not one.is_answered]:
                    self._orders.forget(ordered)
            return self._served(replace(job, status="Canceled"))
        record = self._served(job)
        if record.status in ("Completed", "Failed"):
            raise Refused(f"{record.name} is {record.status}: there is nothing to cancel")
        if record.status.is_final:
            return record
        self._service.cancel(job)
        if at_once:
            return self._served(self._service.look(job).job)
        return next(self._served(look.job) for look, news in looks(self._service, job, self._masked) if news.is_over)

    def resume(self, name: str, again: Again, watch: Watch, *, patience: float | None = None) -> "JobRecord":
        """No service goes on with a job."""
        self._goes_on_with_none()

    def retry(self, name: str, again: Again, watch: Watch, *, patience: float | None = None) -> "JobRecord":
        """No service scores the failed items of a job again."""
        self._goes_on_with_none()

    def _goes_on_with_none(self) -> NoReturn:
        anew = step("run")
        raise self._cannot(
            f"goes on with none: what a job scored before it ended is not kept; run it again: {anew}", anew
        )

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
                _room(folder, f"{ARTIFACTS}/{path}").write_bytes(self._masked(self._service.read(log)))

        return placed([*outputs, *([ARTIFACTS] if logs else [])], target, fill)

    def removable(self, records: "Sequence[JobRecord]", *, keep_output: bool = False) -> "list[Removal]":
        """A service keeps its jobs."""
        raise self._cannot("keeps them")

    def remove(self, removal: "Removal") -> None:
        """A service keeps its jobs."""
        self.removable([removal.record])

    def _cannot(self, why: str, *steps: Step) -> Refused:
        from bep.app.errors import Unavailable

        refused = Unavailable(self._opened.world.name, f"runs its jobs in a service, which {why}")
        refused.advise(steps)
        return refused


def _not_started(ordered: Ordered) -> CloudJob:
    return CloudJob(ordered.name, ordered.endpoint, ordered.deployment, NOT_STARTED, ordered.ordered)


def _gone(ordered: Ordered) -> CloudJob:
    """A job that its endpoint does not have any more: the service's history may."""
    from bep.runner.folder.record import Status

    return CloudJob(
        ordered.job, ordered.endpoint, ordered.deployment, Status.UNKNOWN.value, ordered.ordered, run=ordered.run
    )


def _room(folder: Path, name: str) -> Path:
    """Where a file of a service's goes below a folder, which is made. Raises `Refused` for a name that leads out."""
    target = folder / name
    if ".." in Path(name).parts or Path(name).is_absolute():
        raise Refused(f"the service names a file {name}, which is no name below a folder")
    target.parent.mkdir(parents=True, exist_ok=True)
    return target
