"""The one step of a job's run graph, as the compatible service has it: its outputs and logs, its details."""

from urllib.parse import urlencode

from fastapi import APIRouter, Response

from bep.app.jobs.looking.log_files import logs_of
from bep.app.jobs.looking.output_files import output_files_of
from bep.app.jobs.looking.progress import progress_of
from bep.app.jobs.summaries import output_uri_of
from bep.app.workspace.datastores import place_named
from bep.server.studio.jobs.heads import JOBS, head_of
from bep.server.studio.pages import Entry, Visiting
from bep.server.studio.refusals import Showing
from bep.server.studio.texts import address_of

router = APIRouter(tags=["studio"], route_class=Showing, include_in_schema=False)
STEP = "batchscoring"
DATASTORE = "azureml://datastores/"


@router.get(f"{JOBS}/{{name}}/steps/{STEP}")
def step(visit: Visiting, name: str) -> Response:
    """Where its outputs are, and its logs."""
    record = progress_of(visit.opened, name).record
    head = head_of(record)
    text, address = output_uri_of(record), ""
    if text.startswith(DATASTORE):
        place = place_named(visit.opened, text, "")
        address = f"{address_of('datastores', place.datastore)}?{urlencode({'path': place.path})}"
        datastore = address_of("datastores", place.datastore)
    else:
        datastore = ""
    below = address_of("jobs", record.name)
    return visit.page(
        "job_step.html",
        f"{STEP} of {record.name}",
        current=JOBS,
        trail=[Entry("Jobs", JOBS), Entry(record.name, head.path)],
        head=head,
        job=head,
        counts=record.counts,
        target=record.target,
        output=text,
        place=record.output_place if record.output_file and record.status == "Completed" else str(record.output_folder),
        datastore=datastore,
        address=address,
        files=output_files_of(record),
        logs=[
            (log.name, f"{below}/logs?{urlencode({'file': log.name}, errors='surrogateescape')}", log.size)
            for log in logs_of(record)
            if log.size
        ],
    )
