"""Jobs from Python: run, looked at, stopped, gone on with. Decides nothing; where they run, the service says."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from threading import Event as Flag
from typing import TYPE_CHECKING, Any

from bep.api.errors import public_errors
from bep.api.job_values import Comparison, Job, LogLine, Removed
from bep.lazy_dataclasses import dataclass, replace

if TYPE_CHECKING:
    from bep.api.job_host import Order
    from bep.api.workspace import Workspace
    from bep.app.jobs.events import Event
    from bep.app.jobs.records import JobRecord
    from bep.app.jobs.service import Jobs as JobsService

OnEvent = Callable[["Event | str"], None]
"""Hears the events of a job, and lines about what is built or fetched before its first."""


@dataclass(frozen=True)
class Jobs:
    """The jobs of a workspace. A name may be the beginning of one that no other job shares."""

    _workspace: "Workspace"

    def run(
        self,
        file: str | Path | None = None,
        *,
        endpoint: str | None = None,
        deployment: str | None = None,
        inputs: Sequence[str | Path] = (),
        output_path: str | Path | None = None,
        name: str | None = None,
        settings: Mapping[str, object] | None = None,
        on_event: OnEvent | None = None,
        stop: Flag | None = None,
        wait: bool = True,
        timeout: float | None = None,
        local: bool = False,
    ) -> Job:
        """Run a job: of a file, of what is said here, or of both, when the latter counts.

        `settings` are the command line's overrides, `{"mini_batch_size": 50, "retry_settings.timeout": 120}`. The job
        when it is over, completed or not: `check()` raises for it. Without `wait`, when it has begun or waits in line:
        it then goes on without the caller. `timeout` is how many seconds it may wait there, else `Refused`.
        `stop` cancels one that is waited for, and so does `KeyboardInterrupt`. `local` applies the specs on this
        machine first, whatever world they are for, and scores here.
        Raises `SpecsInvalid`, `Refused`, `WorldFailed` before the first mini-batch.
        """
        from bep.api.job_host import Order

        if local:
            return self._applied_here(on_event, stop).run(
                file,
                endpoint=endpoint,
                deployment=deployment,
                inputs=inputs,
                output_path=output_path,
                name=name,
                settings=settings,
                on_event=on_event,
                stop=stop,
                wait=wait,
                timeout=timeout,
            )
        changes = _changes(endpoint, deployment, inputs, output_path, name, settings)
        path = str(file) if file is not None else None
        order = Order(*self._place(), "run", wait, file=path, changes=changes, patience=timeout)
        return self._hosted(order, on_event, stop)

    def order(
        self,
        file: str | Path | None = None,
        *,
        endpoint: str | None = None,
        deployment: str | None = None,
        inputs: Sequence[str | Path] = (),
        output_path: str | Path | None = None,
        name: str | None = None,
        settings: Mapping[str, object] | None = None,
        by: str = "",
        request_id: str = "",
    ) -> Job:
        """Put a job in line and return at once; it is kept on disk, and started by `bep serve` when it is its turn.

        The same `request_id` gives the same job again, however often it is sent; of another job it raises `Conflict`.
        `by` says who asks. A service is given the job. Otherwise as `run`.
        """
        from bep.app.jobs.requests.loading import JobSource, loaded_job
        from bep.app.jobs.service import Asked, jobs_of

        changes = _changes(endpoint, deployment, inputs, output_path, name, settings)
        with public_errors():
            opened = self._workspace._opened()
            loaded = loaded_job(opened, JobSource(str(file) if file is not None else None, changes))
            assert loaded.job is not None  # loaded_job raises otherwise
            return Job.of(jobs_of(opened).order(loaded.job, Asked(by, request_id)))

    def prepare(
        self,
        file: str | Path | None = None,
        *,
        share: str | Path,
        shared: Sequence[str | Path] = (),
        endpoint: str | None = None,
        deployment: str | None = None,
        inputs: Sequence[str | Path] = (),
        output_path: str | Path | None = None,
        name: str | None = None,
        settings: Mapping[str, object] | None = None,
        on_event: OnEvent | None = None,
        stop: Flag | None = None,
    ) -> Job:
        """Make a job ready in a share for other machines to score, or go on with that under the same name.

        `share` is a folder that all machines see, relative to the current one, or the address of a store; inputs below
        the folders `shared` stay where they are. `stop` ends it: what is uploaded is kept, and `Refused` is raised.
        Otherwise as `run`.
        """
        from contextlib import nullcontext

        from bep.app.errors import Refused
        from bep.app.jobs.requests.loading import JobSource, loaded_job
        from bep.app.jobs.service import Watch
        from bep.app.shards import preparing

        changes = _changes(endpoint, deployment, inputs, output_path, name, settings)
        watch = Watch(on_event or _nothing, on_event or _nothing, lambda _: nullcontext(stop or Flag()))
        with public_errors():
            opened = self._workspace._opened()
            loaded = loaded_job(opened, JobSource(str(file) if file is not None else None, changes))
            assert loaded.job is not None  # loaded_job raises otherwise
            seen = [Path(one) for one in shared]
            done = preparing.prepare(opened, loaded.job, str(share), watch, shared=seen, base=Path.cwd())
            if done is None:
                raise Refused("the preparation was stopped; what is uploaded is kept, and the same name goes on")
            return Job.of(done.record)

    def _applied_here(self, on_event: OnEvent | None, stop: Flag | None) -> "Jobs":
        """The jobs of this workspace on this machine, its specs applied there."""
        from contextlib import nullcontext

        from bep.app.plans.on_this_machine import on_this_machine

        with public_errors():
            here = on_this_machine(self._workspace._opened(), on_event or _nothing, nullcontext(stop or Flag()))
            return Jobs(replace(self._workspace, provider=here.workspace.provider))

    def preview(
        self,
        file: str | Path | None = None,
        *,
        endpoint: str | None = None,
        deployment: str | None = None,
        inputs: Sequence[str | Path] = (),
        output_path: str | Path | None = None,
        name: str | None = None,
        settings: Mapping[str, object] | None = None,
    ) -> dict[str, Any]:
        """The job as it would run: nothing is run, built or written. Its `problems` say what would stop it."""
        from bep.app.jobs.requests.loading import JobSource, loaded_job
        from bep.app.jobs.service import jobs_of

        changes = _changes(endpoint, deployment, inputs, output_path, name, settings)
        with public_errors():
            opened = self._workspace._opened()
            loaded = loaded_job(opened, JobSource(str(file) if file is not None else None, changes))
            assert loaded.job is not None  # loaded_job raises otherwise
            return jobs_of(opened).preview(loaded.job, changes)

    def sample(
        self,
        file: str | Path | None = None,
        *,
        items: int,
        endpoint: str | None = None,
        deployment: str | None = None,
        inputs: Sequence[str | Path] = (),
        settings: Mapping[str, object] | None = None,
        on_line: Callable[[str], None] | None = None,
    ) -> int:
        """Score the first items in one process and keep nothing: 0 when all was scored, as `bep run --sample` ends.

        `on_line` hears what the script prints, its results and its tracebacks.
        """
        from bep.app.jobs.requests.loading import JobSource, loaded_job
        from bep.app.jobs.service import jobs_of

        changes = _changes(endpoint, deployment, inputs, None, None, settings)
        hear = on_line or _nothing

        def line(text: bytes) -> None:
            hear(text.decode(errors="replace").removesuffix("\n"))

        with public_errors():
            opened = self._workspace._opened()
            loaded = loaded_job(opened, JobSource(str(file) if file is not None else None, changes))
            assert loaded.job is not None  # loaded_job raises otherwise
            return jobs_of(opened).sample(loaded.job, items, _nothing, show=(line, line)).code

    def list(
        self,
        *,
        status: Sequence[str] = (),
        endpoint: str | None = None,
        deployment: str | None = None,
        since: datetime | None = None,
        limit: int | None = None,
    ) -> tuple[Job, ...]:
        """The jobs of which all of it is true, newest first. `since` needs a time zone."""
        from bep.app.jobs.filters import JobFilter, statuses_named
        from bep.app.jobs.service import jobs_of

        with public_errors():
            wanted = JobFilter(statuses_named(status), endpoint, deployment, since, limit)
            return tuple(map(Job.of, jobs_of(self._workspace._opened()).chosen(wanted)))

    def get(self, name: str) -> Job:
        """One job, counted as of now. Raises `NotFound` with the nearest names."""
        from bep.app.jobs.service import jobs_of

        with public_errors():
            return Job.of(jobs_of(self._workspace._opened()).get(name))

    def wait(self, name: str, *, timeout: float | None = None) -> Job:
        """The job when it is over. Raises `TimeoutError` after so many seconds; the job goes on."""
        from bep.app.jobs.service import jobs_of

        until = None if timeout is None else time.monotonic() + timeout
        with public_errors():
            jobs = jobs_of(self._workspace._opened())
            while not (job := Job.of(jobs.get(name))).is_over:
                if until is not None and time.monotonic() >= until:
                    raise TimeoutError(f"job {job.name} is {job.status} after {timeout:g} seconds")
                time.sleep(jobs.interval)
            return job

    def stream(self, name: str) -> Iterator[str]:
        """The lines of its log as it grows, until the job is over. Whoever stops looking stops nothing else."""
        from bep.app.jobs.service import jobs_of

        with public_errors():
            for news in jobs_of(self._workspace._opened()).stream(name):
                for piece in news.every:
                    yield from piece.lines

    def logs(
        self,
        name: str,
        *,
        kinds: Sequence[str] = ("stdout", "stderr", "error", "log"),
        worker: int | None = None,
        share: str | Path | None = None,
    ) -> Iterator[LogLine]:
        """What its workers have said so far, each file from its beginning; of a prepared job in its share."""
        from bep.app.jobs.service import jobs_of
        from bep.app.shards.logs import logs_in_share

        with public_errors():
            opened = self._workspace._opened()
            shared = logs_in_share(opened, name, None if share is None else str(share))
            logs = shared or jobs_of(opened).logs(name)
            for file, content in logs.fresh(kinds, worker, to_the_end=True):
                yield LogLine(file.node, file.worker, file.kind, logs.as_written(content))

    def cancel(self, name: str, *, at_once: bool = False) -> Job:
        """End it and wait for that; what it scored stays. Raises `Refused` for one that is over, or does not stop."""
        from bep.app.jobs.service import jobs_of

        with public_errors():
            return Job.of(jobs_of(self._workspace._opened()).cancel(name, at_once=at_once))

    def resume(
        self,
        name: str,
        *,
        variables: Mapping[str, str] | None = None,
        accept_changed_inputs: bool = False,
        on_event: OnEvent | None = None,
        stop: Flag | None = None,
        wait: bool = True,
        timeout: float | None = None,
    ) -> Job:
        """Go on with what is left. `variables` are the environment variables that the job itself was given, again.

        Raises `Conflict` where its deployment is another by now. Otherwise as `run`.
        """
        again = {"values": dict(variables or {}), "accept_changed_inputs": accept_changed_inputs}
        return self._continued("resume", name, again, on_event, stop, wait, timeout)

    def retry(
        self,
        name: str,
        *,
        mended: bool = False,
        settings: Mapping[str, object] | None = None,
        variables: Mapping[str, str] | None = None,
        accept_changed_inputs: bool = False,
        on_event: OnEvent | None = None,
        stop: Flag | None = None,
        wait: bool = True,
        timeout: float | None = None,
    ) -> Job:
        """Score its failed items again, into the same output; `mended`: with the deployment as it is applied now.

        `settings` give more time or memory, `{"retry_settings.timeout": 300}`. Otherwise as `resume`.
        """
        again = {
            "values": dict(variables or {}),
            "accept_changed_inputs": accept_changed_inputs,
            "mended": mended,
            "changes": tuple(f"{key}={value}" for key, value in (settings or {}).items()),
        }
        return self._continued("retry", name, again, on_event, stop, wait, timeout)

    def merge(
        self,
        name: str,
        *,
        share: str | Path | None = None,
        output_path: str | Path | None = None,
        on_event: OnEvent | None = None,
        stop: Flag | None = None,
    ) -> Job:
        """Put together what the shards of a prepared job have scored, and finish the job.

        `share` is needed where its record does not know it, and `output_path`, a folder, in a workspace that did not
        prepare it. Raises `Refused` with nothing changed where items are missing; otherwise as `run`.
        """
        from bep.api.job_host import Order

        shared, target = (None if one is None else str(one) for one in (share, output_path))
        order = Order(*self._place(), "merge", True, name=name, share=shared, output_path=target)
        return self._hosted(order, on_event, stop)

    def shards(self, name: str, *, share: str | Path | None = None) -> dict[str, Any]:
        """How far the shards of a prepared job are, as `bep job show -o json` has it under `shards`."""
        from bep.app.shards.looking import shards_of

        with public_errors():
            return shards_of(self._workspace._opened(), name, None if share is None else str(share)).as_json()

    def download(self, name: str, target: str | Path, *, everything: bool = False) -> tuple[Path, ...]:
        """Copy its outputs to a folder, `everything` with logs, record and report; over nothing. What was copied."""
        from bep.app.jobs.service import jobs_of

        with public_errors():
            return tuple(jobs_of(self._workspace._opened()).download(name, Path(target), everything=everything))

    def delete(
        self, *names: str, confirm: Callable[[tuple[Removed, ...]], bool], keep_output: bool = False
    ) -> tuple[Removed, ...]:
        """Remove jobs that are over, once `confirm` has been asked with what would go. Raises `Refused`, `Declined`."""
        from bep.app.jobs.service import jobs_of

        with public_errors():
            jobs = jobs_of(self._workspace._opened())
            records = {record.name: record for record in map(jobs.get, names)}
            return _removed(jobs, [*records.values()], confirm, keep_output)

    def prune(
        self,
        *,
        confirm: Callable[[tuple[Removed, ...]], bool],
        ended_before: datetime | None = None,
        keep: int = 0,
        status: Sequence[str] = (),
        keep_output: bool = False,
    ) -> tuple[Removed, ...]:
        """Remove jobs by age, number or status, otherwise as `delete`; at least one of these must be said."""
        from bep.api.errors import Refused
        from bep.app.jobs.filters import statuses_named
        from bep.app.jobs.removing import prunable
        from bep.app.jobs.service import jobs_of

        if not (ended_before or keep or status):
            raise Refused("say which jobs: ended_before, keep, status, or several of them")
        with public_errors():
            jobs = jobs_of(self._workspace._opened())
            chosen = prunable(jobs.chosen(), ended_before, keep, statuses_named(status))
            return _removed(jobs, chosen, confirm, keep_output)

    def report(self, name: str) -> Path:
        """Draw it as one HTML page, in its folder; where that is."""
        from bep.app.jobs.reports import draw

        with public_errors():
            return draw(self._workspace._opened(), name)[1]

    def compare(self, first: str, second: str, *, most: int = 100) -> Comparison:
        """Two jobs of one endpoint on the same inputs, row by row; `most` differences are in it, all are counted."""
        from bep.app.jobs.comparing.comparison import compared

        with public_errors():
            return Comparison.of(compared(self._workspace._opened(), first, second, most=most))

    def _continued(
        self,
        doing: str,
        name: str,
        again: Mapping[str, Any],
        on_event: OnEvent | None,
        stop: Flag | None,
        wait: bool,
        timeout: float | None,
    ) -> Job:
        from bep.api.job_host import Order
        from bep.app.jobs.service import Again

        order = Order(*self._place(), doing, wait, name=name, again=Again(**again), patience=timeout)
        return self._hosted(order, on_event, stop)

    def _place(self) -> tuple[Path, Any]:
        opened = self._workspace._opened()
        return opened.root, opened.source

    def _hosted(self, order: "Order", on_event: OnEvent | None, stop: Flag | None) -> Job:
        from bep.api.hosting import hosted

        return Job.of(hosted(order, on_event, stop))


def _changes(
    endpoint: str | None,
    deployment: str | None,
    inputs: Sequence[str | Path],
    output_path: str | Path | None,
    name: str | None,
    settings: Mapping[str, object] | None,
) -> dict[str, Any]:
    """What is said over a job file, as the options of the command line say it."""
    said = {
        "endpoint": endpoint,
        "deployment": deployment,
        "input": [str(each) for each in inputs] or None,
        "output_path": str(output_path) if output_path is not None else None,
        "name": name,
        **(settings or {}),
    }
    return {key: value for key, value in said.items() if value is not None}


def _removed(
    jobs: "JobsService",
    records: "Sequence[JobRecord]",
    confirm: Callable[[tuple[Removed, ...]], bool],
    keep_output: bool,
) -> tuple[Removed, ...]:
    from bep.api.errors import Declined

    removals = jobs.removable(records, keep_output=keep_output)
    shown = tuple(Removed(one.record.name, one.bytes, one.output, one.stays) for one in removals)
    if shown and not confirm(shown):
        raise Declined("it was not confirmed; nothing was removed")
    for one in removals:
        jobs.remove(one)
    return shown


def _nothing(_: object) -> None:
    """Hears what is said on the way, where nobody listens."""
