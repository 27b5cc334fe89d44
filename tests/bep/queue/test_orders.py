"""Jobs that are ordered: kept, started in turn, gone on with when their process dies, each once."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bep.app.access.servers import announced
from bep.app.errors import Conflict, Refused
from bep.app.jobs.service import Asked
from bep.app.queue.place import said_file
from bep.providers.protocol import ProviderError
from bep.schemas.findings.finding import SpecInvalid
from tests.bep.conftest import Workspace, until
from tests.bep.queue_workspace import Line, host_of, made, run


@pytest.fixture
def line(tmp_path: Path) -> Line:
    """Two instances."""
    return made(tmp_path, instances=2)


def _bytes(line: Line) -> bytes:
    """What an undisturbed job writes."""
    line.workspace.bep("run", "job.yml", "--name", "undisturbed")
    return line.output("undisturbed")


def test_an_order_is_in_line_at_once_and_is_carried_out_by_whoever_looks_after_the_queue(line: Line) -> None:
    ordered = line.order("nightly")
    assert (ordered.name, str(ordered.status)) == ("nightly", "Queued")
    assert line.status("nightly") == "Queued"
    table = line.workspace.bep("job", "list").stdout
    assert table.splitlines()[1].split()[:3] == ["nightly", "Queued", "letters/blue"]
    assert (
        line.workspace.bep("job", "list", "--status", "queued", "--query", "[].name", "-o", "tsv").stdout == "nightly\n"
    )
    line.dispatched("nightly")
    record = line.jobs.get("nightly")
    assert (str(record.status), record.counts.scored, record.created) == ("Completed", 5, ordered.created)
    assert line.output("nightly") == _bytes(line)
    assert not said_file(line.home, 1).exists()
    assert line.queue.tickets() == []


def test_orders_share_the_instances_with_jobs_that_are_run(line: Line) -> None:
    line.order("held")
    with line.running("held"):
        line.order("one")
        line.order("large", instance_count=2)
        beside = run(line, "beside")
        until(lambda: "beside" in line.statuses())
        assert line.statuses() == {"beside": "Queued", "large": "Queued", "one": "Queued", "held": "Running"}
    line.dispatched("held", "one", "large")
    assert beside.communicate()[0].startswith("job beside Completed")
    begun = list(dict.fromkeys(job for _, job, _ in line.ledger()))
    assert begun == ["held", "one", "large", "beside"]
    ledger = line.ledger()
    first, last = (
        ledger.index(("begin", "beside", "a.txt")),
        max(n for n, one in enumerate(ledger) if one[1] == "large"),
    )
    assert first > last  # it has both instances


def test_a_waiting_run_starts_the_orders_ahead_of_it(line: Line) -> None:
    for name in ("one", "two", "three"):
        line.order(name, instance_count=2)
    done = line.workspace.bep("run", "job.yml", "--name", "last")
    assert "waiting behind one, two and 1 more (0 of 2 instances of compute/cpu-cluster are taken)" in done.stderr
    assert set(line.statuses().values()) == {"Completed"}


def test_a_request_is_one_job_however_often_it_is_sent(line: Line) -> None:
    first = line.order(request="4711")
    assert line.order(request="4711").name == first.name
    assert line.order(request="4712").name != first.name
    with pytest.raises(Conflict, match=f"the request 4711 was made before, of another job: {first.name}"):
        line.order("another", request="4711")
    line.dispatched(first.name)
    again = line.order(request="4711")
    assert (again.name, str(again.status)) == (first.name, "Completed")
    line.workspace.bep("job", "delete", first.name, "-y")
    with pytest.raises(Conflict, match=f"job {first.name} has run and was removed"):
        line.order(request="4711")


def test_many_who_send_one_request_at_once_get_one_job(line: Line) -> None:
    script = (
        "import sys; from pathlib import Path; from tests.bep.queue_workspace import Line; "
        "from tests.bep.conftest import Workspace; "
        "print(Line(Workspace(Path(sys.argv[1]))).order(request='once').name)"
    )
    senders = [
        subprocess.Popen([sys.executable, "-c", script, str(line.folder)], stdout=subprocess.PIPE, text=True)
        for _ in range(6)
    ]
    names = {sender.communicate()[0] for sender in senders}
    assert len(names) == 1
    assert len(line.queue.tickets()) == 1


def test_what_can_be_seen_is_refused_when_it_is_ordered(line: Line) -> None:
    with pytest.raises(SpecInvalid, match="findings"):
        line.order("large", instance_count=3)
    with pytest.raises(ProviderError, match="there is no deployment green"):
        line.order("green", deployment="green")
    line.order("nightly")
    with pytest.raises(Refused, match="job nightly in line already"):
        line.order("nightly")
    refused = line.workspace.bep("run", "job.yml", "--name", "nightly", expect=1).stderr
    assert "there is a job nightly in line already; `bep job stream nightly` follows it" in refused
    assert [one.job for one in line.queue.tickets()] == ["nightly"]
    line.workspace.bep("run", "job.yml", "--name", "done")
    with pytest.raises(Refused, match="there is a job done already, which is Completed"):
        line.order("done")


def test_no_secret_is_kept_in_the_line(line: Line) -> None:
    job = line.spec(**{"environment_variables.TOKEN": "s3cr3t-value"})
    object.__setattr__(job, "secret_variables", ("TOKEN",))
    with pytest.raises(Refused, match="secret values to TOKEN, and a job in line is kept in a file"):
        line.jobs.order(job, Asked())
    assert line.queue.tickets() == []


def test_what_an_order_was_given_is_forgotten_when_it_is_over(line: Line) -> None:
    line.order("nightly", **{"environment_variables.WHERE": "far-away"})
    assert b"far-away" in line.queue._file.read_bytes()
    line.dispatched("nightly")
    until(lambda: line.queue.tickets() == [])
    entry = line.queue.entry(1)
    assert entry is not None
    assert entry.document is None


def test_the_deployment_is_the_one_that_had_the_traffic_when_it_was_ordered(line: Line) -> None:
    specs = (line.folder / "specs.yml").read_text()
    green = specs.split("---\n")[-1].replace("name: blue", "name: green", 1)
    (line.folder / "specs.yml").write_text(f"{specs}---\n{green}")
    line.workspace.bep("apply", "-y")
    line.order("nightly")
    line.workspace.edit("specs.yml", "deployment_name: blue", "deployment_name: green")
    line.workspace.bep("apply", "-y")
    line.order("later")
    line.dispatched("nightly", "later")
    assert {name: line.jobs.get(name).target.deployment for name in ("nightly", "later")} == {
        "nightly": "blue",
        "later": "green",
    }


def test_a_job_whose_process_was_killed_goes_on_and_writes_the_same(tmp_path: Path) -> None:
    line = made(tmp_path, seconds=0.2)
    line.order("nightly")
    dispatcher = line.dispatcher()

    def scored(many: int) -> bool:
        dispatcher.step()
        return sum(what == "end" for what, _, _ in line.ledger()) >= many

    for many in range(1, 5):  # more often than an order is started without having scored anything more
        until(lambda: scored(many))  # noqa: B023
        os.kill(host_of(line, "nightly"), signal.SIGKILL)
        until(lambda: line.status("nightly") == "Queued")
    line.dispatched("nightly")
    record = line.jobs.get("nightly")
    assert (str(record.status), record.counts.scored) == ("Completed", 5)
    assert record.runs > 1
    assert line.output("nightly") == _bytes(line)


def test_a_job_that_dies_without_having_scored_anything_is_given_up_in_the_end(line: Line) -> None:
    line.order("nightly")
    line.hold()
    dispatcher = line.dispatcher()
    for times in range(1, 4):

        def hosted() -> bool:
            dispatcher.step()
            return line.status("nightly") == "Running" and line.jobs.get("nightly").runs == times  # noqa: B023

        until(hosted)
        os.kill(host_of(line, "nightly"), signal.SIGKILL)
    line.dispatched("nightly")
    record = line.jobs.get("nightly")
    assert str(record.status) == "Failed"
    assert record.error is not None
    assert record.error.message == "its process died 3 times without having scored anything more"
    line.let_go()
    resumed = line.workspace.bep("job", "resume", "nightly", "--env", "JOB=nightly")
    assert resumed.stdout.startswith("job nightly Completed: 5 scored")
    assert line.status("nightly") == "Completed"
    assert line.output("nightly") == _bytes(line)


def test_two_who_look_after_the_queue_run_nothing_twice(line: Line) -> None:
    names = [f"job{number}" for number in range(4)]
    for name in names:
        line.order(name)
    first, second = line.dispatcher(), line.dispatcher()

    def over() -> bool:
        first.step()
        second.step()
        return all(line.jobs.get(name).status.is_final for name in names)

    until(over)
    assert sorted(line.ledger()) == sorted(
        (what, name, f"{item}.txt") for name in names for item in "abcde" for what in ("begin", "end")
    )
    assert {line.jobs.get(name).runs for name in names} == {1}


def test_an_order_that_cannot_begin_fails_and_says_why(line: Line) -> None:
    line.order("nightly", input="texts/a.txt")
    (line.folder / "texts/a.txt").unlink()
    line.dispatched("nightly")
    record = line.jobs.get("nightly")
    assert str(record.status) == "Failed"
    assert record.error is not None
    assert record.error.code == "SpecInvalid"
    assert "there is no " in record.error.message
    shown = line.workspace.bep("job", "show", "nightly").stdout
    assert "texts/a.txt" in shown
    assert "texts/a.txt" in Path(record.error.log).read_text()
    streamed = line.workspace.bep("job", "stream", "nightly", expect=1).stdout
    assert "SpecInvalid: the job has errors; nothing was run" in streamed
    line.workspace.bep("job", "delete", "nightly", "-y")
    assert line.statuses() == {}


def test_a_process_that_breaks_down_before_it_begins_is_told_of(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    line.order("nightly")
    monkeypatch.setattr("bep.app.queue.dispatching.HOST", "bep.no_such_module")
    line.dispatched("nightly")
    record = line.jobs.get("nightly")
    assert str(record.status) == "Failed"
    assert record.error is not None
    assert "ended with 1 before it had begun" in record.error.message
    assert "No module named 'bep.no_such_module'" in record.error.message


def test_an_order_that_waits_is_cancelled_and_stays_in_the_list(line: Line) -> None:
    line.order("nightly", request="4711")
    assert str(line.jobs.cancel("nightly").status) == "Canceled"
    assert line.dispatcher().step() == []
    assert line.statuses() == {"nightly": "Canceled"}
    assert str(line.order("nightly", request="4711").status) == "Canceled"
    with pytest.raises(Refused, match="there is a job nightly already, which is Canceled"):
        line.order("nightly")


def test_an_order_that_runs_is_cancelled_as_any_job(line: Line) -> None:
    line.order("nightly")
    with line.running("nightly"):
        cancelled = line.workspace.bep("job", "cancel", "nightly", "--force")
        assert "job nightly Canceled" in cancelled.stdout
    line.dispatcher().step()
    until(lambda: line.queue.tickets() == [])
    assert line.statuses() == {"nightly": "Canceled"}


def test_what_an_order_needs_is_made_ready_before_it_has_a_folder(line: Line) -> None:
    line.order("nightly")
    with line.queue.presence.shown() as mark:
        assert line.queue.take(1, mark, 2) is not None
        assert line.status("nightly") == "Preparing"
        refused = line.workspace.bep("job", "report", "nightly", expect=1).stderr
        assert "nightly is Preparing, and has not begun; `bep job stream nightly` waits for it" in refused
    assert line.status("nightly") == "Queued"


PREPARING = """\
import sys
import time
from pathlib import Path
from bep.app.queue.queue import Queue

queue = Queue(Path(sys.argv[1]))
try:
    with queue.presence.shown() as mark:
        if sys.argv[2] == "order":
            queue.take(1, mark, 2)
        else:
            queue.enter("nightly", "compute/cpu-cluster", 1, mark=mark, capacity=2, record=sys.argv[3])
        time.sleep(600)
except KeyboardInterrupt:
    if sys.argv[2] == "order":
        queue.end(1, "Canceled")
"""
"""A process that has a job's instances and makes ready what it needs, for long; it leaves off as a host does."""


@pytest.mark.parametrize("who", ["order", "run"])
@pytest.mark.parametrize("force", [[], ["--force"]])
def test_a_job_whose_environment_is_built_is_cancelled(line: Line, who: str, force: list[str]) -> None:
    line.order("nightly")
    entry = line.queue.entry(1)
    assert entry is not None
    assert entry.record is not None
    if who == "run":
        line.jobs.cancel("nightly")
        line.queue.remove("nightly")
    with subprocess.Popen([sys.executable, "-c", PREPARING, str(line.home), who, entry.record]) as process:
        until(lambda: line.statuses().get("nightly") == "Preparing")
        assert "job nightly Canceled" in line.workspace.bep("job", "cancel", "nightly", *force).stdout
        process.wait()
    assert line.queue.tickets() == []
    is_listed = who == "order" or bool(force)
    assert list(line.statuses()) == (["nightly"] if is_listed else [])


def test_an_order_goes_on_by_itself_and_nobody_else_does(line: Line) -> None:
    line.order("nightly")
    refused = line.workspace.bep("job", "resume", "nightly", expect=1).stderr
    assert "nightly is Queued, and has not begun" in refused
    line.hold()
    dispatcher = line.dispatcher()
    until(lambda: bool(dispatcher.step()) or line.status("nightly") == "Running")
    until(lambda: line.status("nightly") == "Running")
    os.kill(host_of(line, "nightly"), signal.SIGKILL)
    until(lambda: line.status("nightly") == "Queued")
    line.let_go()
    refused = line.workspace.bep("job", "resume", "nightly", "--env", "JOB=nightly", expect=1).stderr
    assert "there is a job nightly in line already" in refused
    line.dispatched("nightly")
    assert line.status("nightly") == "Completed"


def test_whoever_is_to_be_told_hears_of_an_order_that_could_not_begin(line: Line) -> None:
    write = "import sys; open('told', 'w').write(sys.stdin.read())"
    notify = json.dumps({"failed": [{"command": [sys.executable, "-c", write]}]})
    (line.folder / "bep.yml").write_text((line.folder / "bep.yml").read_text() + f"notify: {notify}\n")
    line.order("nightly", input="texts/a.txt")
    (line.folder / "texts/a.txt").unlink()
    line.dispatched("nightly")
    until(lambda: (line.folder / "told").exists())
    told = json.loads((line.folder / "told").read_text())
    assert told["title"].startswith("Job nightly of letters/blue failed")
    assert "there is no" in told["why"]


def test_a_dead_holder_of_an_order_that_was_cancelled_meanwhile(line: Line) -> None:
    line.order("nightly")
    line.hold()
    dispatcher = line.dispatcher()
    until(lambda: bool(dispatcher.step()) or line.status("nightly") == "Running")
    until(lambda: line.status("nightly") == "Running")
    os.kill(host_of(line, "nightly"), signal.SIGKILL)
    until(lambda: line.status("nightly") == "Queued")
    assert str(line.jobs.cancel("nightly").status) == "Canceled"
    line.let_go()
    assert dispatcher.step() == []
    assert line.statuses() == {"nightly": "Canceled"}
    assert line.queue.tickets() == []


def test_a_job_that_ended_just_before_its_process_died_is_not_run_again(line: Line) -> None:
    line.order("nightly")
    kept = line.queue._file.read_bytes()
    line.dispatched("nightly")
    until(lambda: line.queue.tickets() == [])
    before = line.ledger()
    line.queue._file.write_bytes(kept)  # as a kill between the job's end and that of its order leaves it
    assert line.status("nightly") == "Completed"
    dispatcher = line.dispatcher()
    until(lambda: bool(dispatcher.step()) or line.queue.tickets() == [])
    until(lambda: line.queue.tickets() == [])
    assert line.ledger() == before
    assert (line.status("nightly"), line.jobs.get("nightly").runs) == ("Completed", 1)


def test_a_plan_knows_of_the_jobs_that_wait(line: Line) -> None:
    line.order("nightly")
    line.workspace.edit("specs.yml", "mini_batch_size: 1", "mini_batch_size: 3")
    assert "nightly" in line.workspace.bep("plan", expect=None).stdout


def test_an_order_is_found_by_the_beginning_of_its_name(line: Line) -> None:
    line.order("nightly-1")
    line.order("weekly")
    assert line.jobs.get("night").name == "nightly-1"


def test_an_order_is_not_carried_out_by_a_copy_of_its_workspace_as_well(line: Line, tmp_path: Path) -> None:
    line.order("nightly")
    folder = tmp_path.parent / f"{tmp_path.name}-copy"
    shutil.copytree(line.folder, folder)
    copy = Line(Workspace(folder))
    assert copy.jobs.get("nightly").folder == folder / ".bep/jobs/nightly"
    copy.dispatched("nightly")
    failed = copy.jobs.get("nightly")
    assert (str(failed.status), failed.error and failed.error.code) == ("Failed", "Copied")
    assert f"it was ordered in {line.folder}, " in (failed.error.message if failed.error else "")
    line.dispatched("nightly")
    assert line.status("nightly") == "Completed"


def test_an_order_goes_with_a_workspace_that_is_moved(line: Line, tmp_path: Path) -> None:
    line.order("nightly")
    moved = Line(Workspace(line.folder.rename(tmp_path.parent / f"{tmp_path.name}-moved")))
    shutil.copytree(moved.folder / "texts", line.folder / "texts")  # an input is where it was said to be
    moved.dispatched("nightly")
    record = moved.jobs.get("nightly")
    assert str(record.status) == "Completed"
    assert record.output_folder.is_relative_to(moved.folder)


def test_an_order_that_nobody_starts_says_so(line: Line) -> None:
    line.order("nightly")
    shown = line.workspace.bep("job", "show", "nightly")
    assert "it is its turn, and no server runs here that would start it" in shown.stdout
    assert "bep serve" in shown.stderr
    with announced(line.home, "http://127.0.0.1:1", "2026-01-01T00:00:00Z"):
        shown = line.workspace.bep("job", "show", "nightly")
    assert "no server runs" not in shown.stdout
    assert "bep serve" not in shown.stderr


def test_what_a_process_said_goes_with_its_job(line: Line) -> None:
    line.order("nightly")
    (line.folder / "texts").rename(line.folder / "elsewhere")
    line.dispatched("nightly")
    assert line.status("nightly") == "Failed"
    assert said_file(line.home, 1).exists()
    line.workspace.bep("job", "delete", "nightly", "-y")
    assert not said_file(line.home, 1).exists()
