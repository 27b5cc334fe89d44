"""The prepared job that somebody names: its record here, if this workspace has one, and where it is shared. Reads."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from bep.app.errors import Refused, Unavailable
from bep.app.job_records import record_named, record_of
from bep.lazy_dataclasses import dataclass
from bep.schemas.next_step import again

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Reading
    from bep.runner.events import Event
    from bep.runner.folder.record import JobRecord
    from bep.runner.shards.seen import Shared


@dataclass(frozen=True)
class Found:
    """A prepared job. `record` is None in a workspace that did not prepare it."""

    shared: "Shared"
    record: "JobRecord | None" = None


def found(opened: "Reading", name: str, share: str | None, tell: "Callable[[Event], None] | None" = None) -> Found:
    """The prepared job of a name, in the share that is named, else in the one that its record knows.

    A record may be named by its beginning; where there is none, `share` has to have the whole name. Raises `NotFound`,
    `Refused` for a job that was not prepared, and `ShareRefused`. A job here that was not prepared, and has by chance
    the name of one in `share`, is another job: its record is not that one's.
    """
    must_be_here(opened)
    record = record_named(opened.home, name) if share is None else record_of(opened.home, name)
    where = share or (record.share if record else "")
    if not where:
        say = again(share="PATH_OR_URL")
        told = (
            f"{record.name if record else name} was not prepared here for many machines, so there is no share to look"
        )
        raise Refused(f"{told} in\n    fix: {say}, where it was prepared elsewhere", next=(say,))
    shared = shared_at(opened, where, record.name if record else name, tell)
    return Found(shared, record if record and record.share else None)


def is_unmerged(record: "JobRecord") -> bool:
    """Whether what is scored of a job stands in its share, and not here."""
    from bep.runner.folder import parts
    from bep.runner.folder.folder import JobFolder

    return bool(record.share) and record.status != "Completed" and not parts.numbers(JobFolder(record.folder).parts)


def shared_at(opened: "Reading", where: str, name: str, tell: "Callable[[Event], None] | None" = None) -> "Shared":
    """A prepared job in a share, which need not have it. Raises `ShareRefused`."""
    from bep.runner.errors import ShareRefused
    from bep.runner.shards.seen import Shared
    from bep.runner.shares.share import share_at
    from bep.runner.transfer.transfers import Board

    board = Board("looking at the share", ShareRefused)
    if tell is not None:
        board = Board("looking at the share", ShareRefused, tell=tell)
    return Shared(share_at(where, opened.root), name, board)


def must_be_here(opened: "Reading") -> None:
    """Raise `Unavailable` where a service runs the jobs."""
    from bep.providers.worlds import SERVING

    if opened.glanced.provider in SERVING:
        raise Unavailable(opened.glanced.provider, "runs its jobs in a service, which cuts none into shards")
