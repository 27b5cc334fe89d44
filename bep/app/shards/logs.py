"""What the workers of a prepared job said, read in its share: their machines may be gone. Reads only."""

from typing import TYPE_CHECKING

from bep.app.jobs.logs_in_shares import SharedLogs

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Reading


def logs_in_share(opened: "Reading", name: str, share: str | None) -> "SharedLogs | None":
    """The logs of a prepared job in the share that is named, or in that of its record while it is not merged; None for
    any other job. Raises as `finding.found`."""
    from bep.app.job_records import record_named
    from bep.app.shards.finding import found, is_unmerged
    from bep.providers.worlds import SERVING

    if share is None and (opened.glanced.provider in SERVING or not is_unmerged(record_named(opened.home, name))):
        return None
    there = found(opened, name, share)
    document = there.shared.document()
    return SharedLogs(there.shared, ("", document.target.code_name))
