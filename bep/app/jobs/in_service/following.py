"""A service's job, followed to its end: looked at again and again, less often the longer it takes. Starts none."""

import time
from collections.abc import Iterator
from threading import Event as Flag
from typing import TYPE_CHECKING, Final

from bep.app.jobs.events import Logged, StatusChanged
from bep.app.jobs.in_service.logs import GrowingLogs, Mask
from bep.app.jobs.in_service.record import status_of
from bep.app.jobs.service import News
from bep.providers.protocol import ProviderError

if TYPE_CHECKING:
    from bep.app.jobs.service import Watch
    from bep.providers.cloud_jobs import CloudJob, CloudJobs, Look

_LONGEST: Final = 10  # times the service's interval, between two looks at a job that takes long
_SLOWER: Final = 1.2
_FAULTS: Final = 10  # looks that may fail one after the other


def followed(service: "CloudJobs", job: "CloudJob", mask: Mask, watch: "Watch", cancel: Flag) -> "Look":
    """The last look at a job, when it is over. Its status and its logs are told as they change; once the flag is set,
    the service is asked to end it."""
    status, is_asked = "", False
    for look, news in looks(service, job, mask, cancel):
        if look.job.status != status:
            status = look.job.status
            watch.report(StatusChanged(status))
        for piece in news.every:
            watch.report(Logged(piece.file, piece.begins, piece.lines))
        if cancel.is_set() and not is_asked and not news.is_over:
            service.cancel(job)
            is_asked = True
    return look


def looks(
    service: "CloudJobs", job: "CloudJob", mask: Mask, hurry: Flag | None = None
) -> "Iterator[tuple[Look, News]]":
    """A job as it is, with what its logs have that they had not, until it is over; the flag ends a pause.

    A look that fails is tried again, some time. Raises `ProviderError`.
    """
    logs, pause, faults = GrowingLogs(service.read, mask), service.interval, 0
    while True:
        try:
            look = service.look(job)
        except ProviderError as problem:
            faults += 1
            if not problem.retryable or faults > _FAULTS:
                raise
        else:
            faults, is_over = 0, status_of(look.job.status).is_final
            progress = tuple(logs.progress(look.logs, is_over=is_over))
            yield look, News(progress, logs.errors(look.logs, is_over=is_over), is_over)
            if is_over:
                return
        if hurry is None or hurry.is_set():
            time.sleep(service.interval if hurry is not None else pause)
        else:
            hurry.wait(pause)
        pause = min(pause * _SLOWER, service.interval * _LONGEST)
