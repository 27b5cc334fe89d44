"""Where a person looks at a job in a browser: its service's page, or that of the server which runs. Asks who runs."""

from typing import TYPE_CHECKING

from bep.app.access.addresses import job_page
from bep.app.access.servers import running_server
from bep.app.jobs.summaries import page_of

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Specs
    from bep.runner.folder.record import JobRecord


def page_now(opened: "Specs", record: "JobRecord") -> str | None:
    """Where somebody can look at a job now: None where this machine runs it and no server of the workspace does, or
    its service does not say."""
    if (page := page_of(record)) is not None:
        return page or None
    server = running_server(opened)
    return job_page(server, record.name) if server is not None else None
