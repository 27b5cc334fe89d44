"""The line for instances, from Python."""

from pathlib import Path

import pytest

from bep import api
from bep.app.jobs.events import InLine
from tests.bep.conftest import until
from tests.bep.queue_workspace import Line, made


@pytest.fixture
def line(tmp_path: Path) -> Line:
    """One instance for all."""
    return made(tmp_path, instances=1)


def test_a_job_is_ordered_once_a_request_and_carried_out(line: Line) -> None:
    jobs = api.Workspace.open(line.folder).jobs
    job = jobs.order("job.yml", name="nightly", by="a test", request_id="4711")
    assert (job.name, job.status, job.is_over) == ("nightly", "Queued", False)
    assert jobs.order("job.yml", name="nightly", request_id="4711") == job
    with pytest.raises(api.Conflict, match="the request 4711 was made before"):
        jobs.order("job.yml", request_id="4711")
    with pytest.raises(api.Refused, match="in line already"):
        jobs.order("job.yml", name="nightly")
    line.dispatched("nightly")
    assert jobs.wait("nightly").check().scored == 5


def test_a_run_waits_or_gives_up_or_comes_back_from_the_line(line: Line) -> None:
    jobs = api.Workspace.open(line.folder).jobs
    line.hold()
    first = jobs.run("job.yml", name="first", wait=False)
    assert first.status == "Running"
    with pytest.raises(
        api.Refused, match=r"gave up waiting after 0\.1 seconds; nothing was scored: second was waiting"
    ):
        jobs.run("job.yml", name="second", timeout=0.1)
    third = jobs.run("job.yml", name="third", wait=False)
    assert third.status == "Queued"
    heard: list[object] = []

    def hear(event: object) -> None:
        heard.append(event)
        if isinstance(event, InLine) and "third" in event.behind and (line.folder / "hold").exists():
            line.let_go()

    last = jobs.run("job.yml", name="last", on_event=hear)
    assert last.check().scored == 5
    waited = [event for event in heard if isinstance(event, InLine)]
    assert waited[0].behind == ("first", "third")
    until(lambda: jobs.get("third").is_over)
    assert [job.status for job in jobs.list()] == ["Completed"] * 3
