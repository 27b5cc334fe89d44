"""Jobs at set times, from Python: the schedules that were applied, and the job of one now. Decides nothing."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bep.api.errors import public_errors
from bep.api.job_values import Job
from bep.lazy_dataclasses import dataclass

if TYPE_CHECKING:
    from bep.api.workspace import Workspace


@dataclass(frozen=True)
class Schedules:
    """The schedules of a workspace, as they were applied."""

    _workspace: "Workspace"

    def list(self) -> "Sequence[dict[str, Any]]":
        """A row for each, by name: its trigger in words, when it comes next (UTC; None where it does not), its last job
        with that job's status, and the `error` of its last time where that has no job.
        """
        from bep.app.schedules.listing import listed

        with public_errors():
            return [one.as_json() for one in listed(self._workspace._opened(), datetime.now(UTC))]

    def run(self, name: str, *, wait: bool = True) -> Job:
        """The job of a schedule, now: when it is over, completed or not. Without `wait` it is put in line, and a server
        of the workspace starts it. Raises `NotFound`, and as `Jobs.run`; whoever stops waiting does not stop the job.
        """
        from bep.app.schedules.triggering import ended_now, ordered_now

        with public_errors():
            begin = ended_now if wait else ordered_now
            return Job.of(begin(self._workspace._opened(), name, datetime.now(UTC)))
