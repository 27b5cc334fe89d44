"""Jobs that run on this machine, with the runner. Prints nothing."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bep.app.errors import Refused
from bep.app.job_records import jobs_folder, must_have_begun, must_not_be_in_share, record_named, records
from bep.app.jobs.service import Again, Asked, News, Piece, Removal, Watch, tell_of_end

if TYPE_CHECKING:
    from bep.app.jobs.filters import JobFilter
    from bep.app.jobs.logs import WorkerLogs
    from bep.app.workspace.contexts import Reading
    from bep.runner.events import Event
    from bep.runner.folder.record import JobRecord
    from bep.runner.jobs.sampling import Sampled, Show
    from bep.schemas.job.job import JobSpec

_KEPT = "cancelling the job; what is scored is kept"
LOOK_AT_LOG = 0.5
"""Seconds between two looks at a job's log."""


class JobsHere:
    """The jobs below `.bep/jobs` of a workspace; see `service.Jobs`."""

    interval = 0.25

    def __init__(self, opened: "Reading") -> None:
        self._opened = opened

    def run(self, job: "JobSpec", watch: Watch, *, patience: float | None = None) -> "JobRecord":
        """Take a place in line, resolve it when it is its turn, and run it to its end."""
        from bep.app.jobs.in_line.waiting import Asking, TakenOut, place_held
        from bep.app.jobs.in_line.wanting import record_text, wanted_of
        from bep.app.jobs.requests.reaching import must_be_reached
        from bep.app.jobs.requests.resolving import checked
        from bep.app.workspace.clock import job_name
        from bep.app.workspace.write_access import must_keep_jobs

        opened, name, created = self._opened, job.name or job_name(), datetime.now(UTC)
        must_keep_jobs(opened)
        want = wanted_of(opened, job, name)
        must_be_reached(opened, want.cluster, want.compute)
        text = record_text(opened, job, want, created)
        asking = Asking(name, want.compute, want.settings.instance_count, text, lambda: checked(opened, job, name))
        try:
            with place_held(opened, asking, watch, patience):
                return self.run_in_place(job, name, created, watch)
        except TakenOut:
            return record_named(opened.home, name)

    def order(self, job: "JobSpec", asked: Asked) -> "JobRecord":
        """Keep it in the queue."""
        from bep.app.jobs.in_line.ordering import ordered

        return ordered(self._opened, job, asked)

    def run_in_place(self, job: "JobSpec", name: str, created: datetime, watch: Watch) -> "JobRecord":
        """Resolve a job whose instances this process holds, and run it to its end."""
        from bep.app.jobs.requests.resolving import request_of
        from bep.app.upkeep.collecting import referring
        from bep.runner.folder.removing import sweep
        from bep.runner.jobs.running import run

        opened = self._opened
        sweep(jobs_folder(opened.home))
        with referring(opened) as let_go:
            request = request_of(opened, job, watch.say, name=name, created=created)
            with watch.stopping(_KEPT) as cancel:
                ended = run(request, report=_once_started(watch.report, let_go), cancel=cancel)
        tell_of_end(opened, ended, watch)
        return ended

    def begin(self, job: "JobSpec", watch: Watch) -> "JobRecord | None":
        """A job here is a process."""
        return None

    def preview(self, job: "JobSpec", changes: Mapping[str, Any]) -> dict[str, Any]:
        """From the deployment, the settings and the inputs that are here."""
        from bep.app.jobs.requests.previewing import preview

        return preview(self._opened, job, changes)

    def sample(
        self,
        job: "JobSpec",
        items: int,
        say: Callable[[str], None],
        *,
        debug: bool = False,
        show: "tuple[Show, Show] | None" = None,
    ) -> "Sampled":
        """Resolve it as `run` does, and score the first items in a folder that goes with the call."""
        from bep.app.jobs.requests.resolving import request_of
        from bep.app.upkeep.collecting import referring
        from bep.runner.jobs.sampling import sample

        with referring(self._opened):
            request = request_of(self._opened, job, say, is_sample=True)
            target = request.target
            say(f"sample: {target.endpoint}/{target.deployment} with {target.interpreter[0]}")
            return sample(request, items, debug=debug, show=show)

    def logs(self, name: str) -> "WorkerLogs":
        """From the files in its folder, or in the share of the cluster that scores it."""
        from bep.app.jobs.logs import UserLogs

        record = must_have_begun(record_named(self._opened.home, name))
        if record.cluster is not None:
            from bep.app.jobs.logs_in_shares import logs_of_cluster

            if (there := logs_of_cluster(self._opened, record)) is not None:
                return there
        return UserLogs(record)

    def chosen(self, wanted: "JobFilter | None" = None) -> "list[JobRecord]":
        """From the records in their folders."""
        from bep.app.jobs.filters import chosen as chosen_of
        from bep.runner.jobs.counting import so_far

        every = records(self._opened.home)
        return every if wanted is None else [so_far(record) for record in chosen_of(every, wanted)]

    def get(self, name: str) -> "JobRecord":
        """From its record and its parts, or from the queue."""
        from bep.runner.jobs.counting import so_far

        record = so_far(record_named(self._opened.home, name))
        if record.status != "Queued":
            return record
        from bep.app.jobs.in_line.wanting import with_turn

        return with_turn(self._opened, record)

    def stream(self, name: str) -> Iterator[News]:
        """Look at the files of the log every now and then."""
        home = self._opened.home
        record = record_named(home, name)
        if record.is_prepared:
            must_not_be_in_share(record)
        logs = _Logs(record.folder / "logs")
        while True:
            now = record_named(home, record.name)
            is_over = now.status.is_final or now.is_prepared
            yield logs.fresh(is_over=is_over)
            if is_over:
                return
            time.sleep(LOOK_AT_LOG)

    def cancel(self, name: str, *, at_once: bool = False) -> "JobRecord":
        """Ask the process that runs it, and no other; a runner that died meanwhile is recorded for it."""
        from bep.app.jobs.in_line.cancelling import cancelled_in_line

        home = self._opened.home
        record = record_named(home, name)
        if record.status in ("Completed", "Failed"):
            raise Refused(f"{record.name} is {record.status}: there is nothing to cancel")
        if record.status == "Canceled":
            return record
        if record.is_prepared:
            must_not_be_in_share(record)
        return cancelled_in_line(home, record, at_once=at_once) or cancelled(record.folder, at_once=at_once)

    def resume(self, name: str, again: Again, watch: Watch, *, patience: float | None = None) -> "JobRecord":
        """Another run of it, with what is left."""
        return self._in_turn(name, watch, patience, lambda: self.resume_in_place(name, again, watch))

    def retry(self, name: str, again: Again, watch: Watch, *, patience: float | None = None) -> "JobRecord":
        """Another run of it, with what failed."""
        from bep.runner.jobs.running import retry

        return self._in_turn(name, watch, patience, lambda: self._continued(name, retry, again, watch))

    def resume_in_place(self, name: str, again: Again, watch: Watch) -> "JobRecord":
        """Go on with a job whose instances this process holds."""
        from bep.runner.jobs.running import resume

        return self._continued(name, resume, again, watch)

    def _in_turn(
        self, name: str, watch: Watch, patience: float | None, go_on: "Callable[[], JobRecord]"
    ) -> "JobRecord":
        """Go on with a job when it is its turn; one that has all is as it is."""
        from bep.app.jobs.in_line.waiting import Asking, TakenOut, place_held
        from bep.app.jobs.in_line.wanting import compute_now

        opened = self._opened
        record = must_not_be_in_share(must_have_begun(record_named(opened.home, name)))
        compute = compute_now(opened, record)
        asking = Asking(record.name, compute, record.settings.instance_count, None, lambda: None)
        try:
            with place_held(opened, asking, watch, patience):
                return go_on()
        except TakenOut:
            return record_named(opened.home, record.name)

    def _continued(self, name: str, step: "Callable[..., JobRecord]", again: Again, watch: Watch) -> "JobRecord":
        from bep.app.jobs.in_line.going_on import can_resume, can_retry
        from bep.app.jobs.in_line.wanting import compute_now
        from bep.app.jobs.requests.changed_settings import changed_settings
        from bep.app.jobs.requests.continuing import going_on
        from bep.app.jobs.requests.locating import output_again
        from bep.app.jobs.requests.reaching import must_be_reached
        from bep.app.upkeep.collecting import referring
        from bep.app.workspace.write_access import must_keep_jobs
        from bep.runner.folder.record import load, must_be_home
        from bep.runner.jobs.running import resume

        opened = self._opened
        record = must_not_be_in_share(load(jobs_folder(opened.home) / record_named(opened.home, name).name))
        must_be_home(record)
        must_keep_jobs(opened, record.folder)
        changed = changed_settings(again.changes)
        compute, is_left = compute_now(opened, record), can_resume if step is resume else can_retry
        with referring(opened) as let_go:
            found = going_on(opened, record, compute, mended=again.mended)
            if is_left(record):
                must_be_reached(opened, found.words.get("cluster"), compute)
            known = {name: value for name, value in found.variables.items() if name not in record.given_variables}
            with watch.stopping(_KEPT) as cancel:
                ended = step(
                    record.folder,
                    environment_variables={**known, **again.values},
                    environment=dict(opened.environment),
                    report=_once_started(watch.report, let_go),
                    cancel=cancel,
                    output_address=output_again(opened, record),
                    accept_changed_inputs=again.accept_changed_inputs,
                    **found.words,
                    **({"changes": changed} if changed else {}),
                )
        if ended.runs != record.runs:
            tell_of_end(opened, ended, watch)
        return ended

    def outputs(self, name: str) -> "list[str]":
        """What its output folder has."""
        from bep.app.jobs.downloading import outputs

        return list(outputs(must_have_begun(record_named(self._opened.home, name))))

    def download(self, name: str, target: Path, *, everything: bool = False) -> "list[Path]":
        """Copy what its folders have."""
        from bep.app.jobs import downloading

        record = must_have_begun(record_named(self._opened.home, name))
        wanted = downloading.outputs(record)
        return downloading.download({**wanted, **(downloading.artifacts(record) if everything else {})}, target)

    def removable(self, records: "Sequence[JobRecord]", *, keep_output: bool = False) -> "list[Removal]":
        """From their records and the sizes of their files."""
        from bep.app.jobs.removing import removals

        return removals(records, self._opened.root, keep_output=keep_output)

    def remove(self, removal: "Removal") -> None:
        """Its folder loses its name, then all goes."""
        from bep.app.jobs.removing import remove
        from bep.app.workspace.write_access import must_keep_jobs

        must_keep_jobs(self._opened, removal.record.folder)
        remove(removal, self._opened.home)


def cancelled(folder: Path, *, at_once: bool) -> "JobRecord":
    """Ask, and wait until the record says that it is over. Raises `Refused` where the process does not stop."""
    from bep.app.jobs.in_line.cancelling import LOOK, PATIENCE, still_running
    from bep.app.jobs.on_clusters import end_drivers
    from bep.runner.folder.record import load
    from bep.runner.jobs.cancelling import interrupt, record_cancelled

    process = interrupt(folder, at_once=at_once)
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        record = load(folder)
        if record.status == "NotResponding":
            end_drivers(record)
            return record_cancelled(folder)
        if record.status.is_final:
            return record
        time.sleep(LOOK)
    raise still_running(folder.name, process)


def _once_started(tell: "Callable[[Event], None]", then: Callable[[], None]) -> "Callable[[Event], None]":
    """The same teller, which does `then` when the job has begun: all that it needs is in its records from then on."""
    from bep.runner.events import JobStarted

    def told(event: "Event") -> None:
        if isinstance(event, JobStarted):
            then()
        tell(event)

    return told


class _Logs:
    """What was added to the overview and the error log since the last look."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[Path, int] = {}

    def fresh(self, *, is_over: bool) -> News:
        """Whole new lines, file by file."""
        overviews = sorted(self._folder.glob("job_progress_overview*.txt"))
        progress = tuple(piece for piece in map(self._of, overviews) if piece)
        errors = self._folder / "job_error.txt"
        return News(progress, self._of(errors) if errors.is_file() else None, is_over)

    def _of(self, file: Path) -> Piece | None:
        begun = self._read.get(file, 0)
        with file.open("rb") as stream:
            stream.seek(begun)
            data = stream.read()
        whole = data[: data.rfind(b"\n") + 1]
        if not whole:
            return None
        self._read[file] = begun + len(whole)
        return Piece(file.name, not begun, tuple(whole.decode(errors="replace").splitlines()))
