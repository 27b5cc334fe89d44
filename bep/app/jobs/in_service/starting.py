"""A service's job, started: its input is sent, its order is kept, then given. Follows none; prints nothing."""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from bep.app.errors import Conflict, Refused
from bep.app.jobs.events import JobStarted
from bep.app.jobs.in_service.ordering import Wanted, wanted_of
from bep.app.jobs.in_service.orders import Ordered, Orders, digest_of
from bep.app.jobs.in_service.record import served
from bep.lazy_dataclasses import replace
from bep.providers.cloud_jobs import Order, Unanswered
from bep.providers.protocol import ProviderError
from bep.runner.events import Transferring
from bep.schemas.next_step import step

if TYPE_CHECKING:
    from bep.app.jobs.service import Watch
    from bep.app.workspace.contexts import Reading
    from bep.providers.cloud_jobs import CloudJob, CloudJobs
    from bep.providers.protocol import Transferred
    from bep.schemas.job.job import JobSpec


def sent(opened: "Reading", service: "CloudJobs", orders: Orders, job: "JobSpec", watch: "Watch") -> Wanted:
    """What the service is to be asked for; what of it is on this machine is there afterwards. Raises as `wanted_of`."""
    from bep.app.workspace.write_access import must_keep_jobs

    must_keep_jobs(opened, orders.folder)
    wanted = wanted_of(opened, service, job)
    for note in wanted.notes:
        watch.say(note)
    if wanted.content is None:
        return wanted
    uri = service.upload(wanted.content, _told(watch, len(wanted.content.files)))
    return replace(wanted, input=replace(wanted.input, uri=uri))


def begun(
    service: "CloudJobs",
    orders: Orders,
    job: "JobSpec",
    wanted: Wanted,
    watch: "Watch",
    request: str = "",
    asked: str = "",
) -> "CloudJob":
    """The job that the service has for this order, which is kept before it is given; the same one for the same request.

    Raises `Refused` for a name that is taken, `Unanswered` where nobody knows whether there is a job now: the order
    stays, and whoever asks for the same gives it again.
    """
    order = _order_of(job, wanted)
    digest = digest_of(order)
    with orders.alone():
        if (before := orders.requested(request, asked)) is not None and before.is_answered:
            return _still_there(service, before)
        ordered, is_new = before or orders.unanswered(digest, job.name), False
        if ordered is not None:
            watch.say(f"job {ordered.name} was ordered before and never answered: it is asked for again")
        elif taken := next(name_troubles(service, orders, job, digest), ""):
            raise Refused(taken)
        if ordered is None:
            ordered, is_new = orders.begin(order, request, asked), True
        try:
            found = service.start(replace(order, name=ordered.name, key=ordered.key))
        except Unanswered as problem:
            problem.advise((step("run"), step("job list")))
            raise
        except ProviderError:
            if is_new:
                orders.forget(ordered)  # refused at once: there is no job
            raise
        orders.answered(ordered, found)
    watch.report(JobStarted(served(found, orders.folder)))
    return found


def _still_there(service: "CloudJobs", before: Ordered) -> "CloudJob":
    """The job that a request was given. Raises `Conflict` where the service has it no more."""
    if (known := service.find(before.endpoint, before.job)) is not None:
        return known
    raise Conflict(f"the request {before.request} was made before: job {before.name}, which the service has no more")


def name_troubles(service: "CloudJobs", orders: Orders, job: "JobSpec", digest: str = "") -> Iterator[str]:
    """Why a job cannot have the name that it asks for. An order without an answer is no trouble for the same job, whose
    `digest` is known once its input is sent."""
    if not job.name:
        return
    before = next((one for one in orders.every() if one.name == job.name), None)
    if before is not None and not before.is_answered:
        if digest not in ("", before.digest):
            yield f"there is an order {job.name} of something else, never answered\n    fix: choose another name"
    elif before is not None or service.find(job.endpoint, job.name) is not None:
        yield f"there is a job {job.name} already\n    fix: choose another name"


def _order_of(job: "JobSpec", wanted: Wanted) -> Order:
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


def _told(watch: "Watch", files: int) -> "Transferred":
    """What tells whoever looks on how far the bytes of an input are."""
    began = time.monotonic()

    def told(done: int, total: int) -> None:
        there = files if done == total else 0  # which of them are whole before all are, nobody says
        watch.report(Transferring("sending the input", there, files, done, total, time.monotonic() - began))

    return told
