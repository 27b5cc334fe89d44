"""A job's page in a browser: opened, or said where a server shows it. Decides nothing about the job."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bep.app.jobs.records import JobRecord
    from bep.app.workspace.contexts import Specs
    from bep.console import Console


def say_page(console: "Console", opened: "Specs", record: "JobRecord") -> None:
    """Where a job is shown, if a server of the workspace runs; a service's page is said with the job itself."""
    from bep.app.jobs.pages import page_now
    from bep.app.jobs.summaries import page_of

    if page_of(record) is None and (page := page_now(opened, record)) is not None:
        console.say(f"page: {page}")


def show_page(console: "Console", opened: "Specs", record: "JobRecord") -> None:
    """Open the page, and print the link, for whoever looks from elsewhere. Raises `Refused` where there is none."""
    import webbrowser

    from bep.app.errors import Refused
    from bep.app.jobs.pages import page_now
    from bep.app.jobs.summaries import page_of
    from bep.schemas.next_step import step

    page = page_now(opened, record)
    if page is None and page_of(record) is not None:
        raise Refused(f"the service does not say where {record.name} has a page")
    if page is None:
        serve = step("serve")
        raise Refused(
            f"no server of this workspace runs, so {record.name} has no page now\n    fix: {serve}", next=(serve,)
        )
    console.result(page)
    webbrowser.open(page)
