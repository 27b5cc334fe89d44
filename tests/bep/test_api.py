"""Whatever a command does, a call of the API does; with values, public exceptions, and no word on the terminal."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from keyword import iskeyword
from pathlib import Path
from typing import Any, Final

import pytest

from bep import api
from bep.cli import COMMANDS
from tests.bep.conftest import FILES, Workspace, write

CALLS: Final[Mapping[str, str]] = {
    "init": "init",
    "validate": "Workspace.validate",
    "fmt": "Workspace.format",
    "plan": "Workspace.plan",
    "comment": "Plan.comment",
    "apply": "Workspace.apply",
    "destroy": "Workspace.destroy",
    "show": "Workspace.show",
    "run": "Jobs.run",
    "job list": "Jobs.list",
    "job show": "Jobs.get",
    "job stream": "Jobs.stream",
    "job cancel": "Jobs.cancel",
    "job resume": "Jobs.resume",
    "job retry": "Jobs.retry",
    "job merge": "Jobs.merge",
    "job download": "Jobs.download",
    "job logs": "Jobs.logs",
    "job report": "Jobs.report",
    "job compare": "Jobs.compare",
    "job delete": "Jobs.delete",
    "job prune": "Jobs.prune",
    "schedule list": "Schedules.list",
    "schedule run": "Schedules.run",
    "serve": "Workspace.application",
    "studio": "Workspace.sign_in_link",
    "token create": "Tokens.create",
    "token list": "Tokens.list",
    "token revoke": "Tokens.revoke",
    "env list": "Environments.list",
    "env show": "Environments.show",
    "env build": "Environments.build",
    "env prune": "Environments.prune",
    "import": "Workspace.import_",
    "adopt": "Workspace.adopt",
    "rollback": "Workspace.rollback",
    "output": "Workspace.outputs",
    "graph": "Workspace.graph",
    "doctor": "Workspace.doctor",
    "export": "Workspace.export",
    "policy test": "Workspace.test_policies",
    "stage list": "Workspace.stages",
    "state list": "State.list",
    "state show": "State.show",
    "state rm": "State.remove",
    "state mv": "State.move",
    "state pull": "State.pull",
    "state push": "State.push",
    "state restore": "State.restore",
    "state migrate": "State.migrate",
    "state repair": "State.repair",
    "gc": "Workspace.free",
    "unlock": "Workspace.unlock",
    "explain": "explain",
    "schema list": "schemas",
    "schema show": "schemas",
    "schema export": "schemas",
    "version": "__version__",
}
"""What does the same as each command. A new command needs a call, and a test that goes through it."""


def _commands() -> Iterator[str]:
    for name in COMMANDS:
        found = import_module(f"bep.commands.{name}_" if iskeyword(name) else f"bep.commands.{name}").app
        yield from (f"{name} {each}" for each in found.functions) if found.is_group else (name,)


def test_each_command_has_a_call() -> None:
    assert sorted(_commands()) == sorted(CALLS)
    for call in CALLS.values():
        found: Any = api
        for part in call.split("."):
            found = getattr(found, part)
        assert found.__doc__ is not None or call == "__version__", call


def test_importing_it_imports_no_more_than_it_says() -> None:
    script = "import sys, bep.api; print(*sorted(name for name in sys.modules if name.startswith('bep')))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["bep", "bep.api"]


def test_every_public_name_is_there_and_no_other() -> None:
    assert all(getattr(api, name) for name in api.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Workplace'"):
        _ = api.Workplace


def test_a_workspace_is_begun(tmp_path: Path) -> None:
    assert "bep.yml" in api.init(tmp_path)["written"]
    assert api.Workspace.open(tmp_path).plan().changes
    with pytest.raises(api.Refused, match="there already"):
        api.init(tmp_path)


@pytest.fixture
def ours(applied: Workspace) -> api.Workspace:
    return api.Workspace.open(applied.folder)


@pytest.fixture(autouse=True)
def silent(capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Nothing of the API is printed, and no signal of the caller's is handled otherwise than before."""
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    before = dict(os.environ), Path.cwd()
    yield
    assert capfd.readouterr() == ("", "")
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == handlers
    environment = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
    assert (environment, Path.cwd()) == (
        {name: value for name, value in before[0].items() if name != "PYTEST_CURRENT_TEST"},
        before[1],
    )


def test_a_workspace_goes_from_specs_to_objects_and_back(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    ours = api.Workspace.open(tmp_path)
    assert ours.validate() == ()
    plan = ours.plan()
    assert (bool(plan), plan.summary, plan.blocking) == (True, "5 create, 1 shift", ())
    assert {change.address for change in plan.changes} >= {"endpoint/letters", "deployment/letters/blue"}
    assert json.loads(plan.json())["changes"][0]["address"] == plan.changes[0].address
    assert "deployment/letters/blue" in plan.text()
    assert "deployment/letters/blue" in plan.markdown()
    assert plan.html().startswith("<!DOCTYPE html>")

    with pytest.raises(api.Declined):
        ours.apply(plan, confirm=lambda asked: asked is not plan)
    assert ours.show() == []
    events: list[str] = []
    kept = ours.read_plan(plan.save(tmp_path / "plan.json"))
    applied = ours.apply(kept, confirm=api.approve, on_event=lambda event: events.append(type(event).__name__))
    assert applied.check().done == tuple(change.address for change in plan.changes)
    assert events.count("Finished") == 6
    assert not ours.plan()
    with pytest.raises(api.Conflict, match="applied already"):
        ours.apply(kept, confirm=api.approve)

    assert {row["status"] for row in ours.show()} == {"in step"}
    assert ours.show("blue")["attributes"]["settings"]["mini_batch_size"] == 2
    assert '"deployment/letters/blue"' in ours.graph()
    assert ours.graph(plan, language="mermaid").startswith("flowchart")
    assert ours.outputs() == {}
    assert ours.stages() == []

    with pytest.raises(api.PlanBlocked) as refused:
        ours.rollback(confirm=api.approve)
    allow = [found.code for found in refused.value.plan.blocking]
    assert ours.rollback(confirm=api.approve, allow=allow).check().ok
    assert ours.show() == []
    ours.apply(confirm=api.approve).check()
    assert len(ours.destroy(confirm=api.approve).check().done) == 6
    assert ours.state.list() == []
    freed = ours.unreferenced()
    assert freed
    with pytest.raises(api.Declined):
        ours.free(confirm=lambda found: False)
    assert ours.free(confirm=api.approve) == freed
    assert ours.unreferenced() == ()


def test_specs_are_laid_out(applied: Workspace, ours: api.Workspace) -> None:
    applied.edit("specs.yml", "name: letters\nauth_mode: aad_token\n", "auth_mode: aad_token\nname: letters\n")
    assert ours.format(check=True) == ("specs.yml",)
    assert ours.format() == ("specs.yml",)
    assert ours.format() == ()
    assert not ours.plan().changes


def test_what_is_wrong_comes_out_with_its_place_and_what_would_help(tmp_path: Path) -> None:
    write(tmp_path, {**FILES, "specs.yml": FILES["specs.yml"].replace("mini_batch_size: 2", "mini_batch_sise: 2")})
    ours = api.Workspace.open(tmp_path)
    [found] = ours.validate()
    assert (found.severity, found.code, found.file, found.line) == ("error", "unknown-field", "specs.yml", 18)
    with pytest.raises(api.SpecsInvalid, match=r"specs\.yml:18:12: .*mini_batch_sise") as refused:
        ours.plan()
    assert refused.value.findings == (found,)
    with pytest.raises(api.NotFound):
        api.Workspace.open(tmp_path / "nowhere")


def test_a_finding_against_a_plan_names_the_steps_and_is_let_through(applied: Workspace, ours: api.Workspace) -> None:
    applied.edit("specs.yml", "defaults: {deployment_name: blue}\n", "")
    plan = ours.plan(targets=["deployment/letters/blue"], destroy=True)
    assert plan.findings
    blocked = ours.plan(replace=["deployment/letters/blue"])
    codes = {found.code for found in blocked.blocking}
    assert codes
    with pytest.raises(api.PlanBlocked) as refused:
        ours.apply(blocked, confirm=api.approve)
    assert [dict(step.options) for step in refused.value.next if not step.use_case] == [
        {"allow": found.code} for found in blocked.blocking
    ]
    assert not ours.plan(replace=["deployment/letters/blue"], allow=sorted(codes)).blocking
    assert [(risk.level, risk.code, risk.address) for risk in blocked.risks] == [
        ("high", "replaced", "deployment/letters/blue"),
        ("high", "traffic-removed", "traffic/letters"),
    ]
    blocked.save(applied.folder / "earlier.json")
    since = json.loads(ours.plan(since=applied.folder / "earlier.json").json())["since"]
    assert ([one["id"] for one in since["gone"]], since["same"]) == (
        ["delete deployment/letters/blue", "create deployment/letters/blue"],
        1,
    )


def test_an_error_of_the_callback_stops_an_apply_at_a_step(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    ours = api.Workspace.open(tmp_path)

    def tell(event: object) -> None:
        if type(event).__name__ == "Finished":
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ours.apply(confirm=api.approve, on_event=tell, parallelism=1)
    rest = ours.plan()
    assert 0 < len(rest.changes) < 6
    stop = threading.Event()
    stop.set()
    stopped = ours.apply(confirm=api.approve, stop=stop)
    assert (stopped.stopped, stopped.done, len(stopped.not_done)) == (True, (), len(rest.changes))
    with pytest.raises(api.ApplyIncomplete):
        stopped.check()
    ours.apply(confirm=api.approve).check()


def test_the_state_is_looked_at_and_mended(applied: Workspace, ours: api.Workspace) -> None:
    state = ours.state
    assert state.list("deployment/") == ["deployment/letters/blue"]
    assert state.show("blue")["address"] == "deployment/letters/blue"
    text = state.pull()
    assert state.remove("traffic/letters") == ["traffic/letters"]
    (applied.folder / "old.json").write_text(text)
    with pytest.raises(api.Conflict, match="yours is older") as refused:
        state.push(applied.folder / "old.json")
    assert [step.use_case for step in refused.value.next] == ["state pull", ""]
    put = state.push(applied.folder / "old.json", force=True)
    assert put.resources == 6
    assert Path(put.replaced[0]).exists()
    assert state.copies()
    assert state.restore(applied.folder / "old.json").resources == 6
    with pytest.raises(api.Refused, match="not of one kind"):
        state.move("deployment/letters/blue", "endpoint/letters")
    with pytest.raises(api.NotFound) as unknown:
        state.show("bleu")
    assert unknown.value.nearest == ("deployment/letters/blue",)
    assert state.repair(dry_run=True)["damaged"] == []
    with pytest.raises(api.Conflict):
        ours.unlock("abc")


def test_what_exists_is_taken_over_and_what_drifted_adopted(applied: Workspace, ours: api.Workspace) -> None:
    ours.state.remove("deployment/letters/blue", "compute/cpu-cluster")
    assert ours.import_("deployment/letters/blue").addresses == ("deployment/letters/blue",)
    assert ours.import_all(kinds=["compute"]).addresses == ("compute/cpu-cluster",)
    with pytest.raises(api.Refused, match="is in the state already") as refused:
        ours.import_("compute/cpu-cluster")
    assert [str(step) for step in refused.value.next] == ["`show compute/cpu-cluster`"]
    with pytest.raises(api.Refused, match="has not drifted"):
        ours.adopt("compute/cpu-cluster")
    ours.state.remove("deployment/letters/blue")
    applied.edit("bep.yml", "\nspecs: [specs.yml]", "")  # all YAML beside it, then
    applied.edit("specs.yml", "---\nname: blue", "---\nkind: data\nname: none\npath: texts\n---\nname: other")
    again = api.Workspace(applied.folder).import_("deployment/letters/blue", out=applied.folder / "found")
    assert (again.files, again.addresses) == (("found/endpoint-letters.yml",), ("deployment/letters/blue",))
    assert 'specs: ["*.yml", "found/*.yml"]' in (applied.folder / "bep.yml").read_text()


def test_schemas_and_environments(ours: api.Workspace) -> None:
    assert json.loads(api.schemas()["deployment"])["title"]
    assert set(api.explain("unknown-field")) == {"code", "why", "wrong", "right"}
    with pytest.raises(api.NotFound) as problem:
        api.explain("unknown-feild")
    assert problem.value.nearest[0] == "unknown-field"
    environments = ours.environments
    with pytest.raises(api.NothingToDo, match="nothing to build"):
        environments.build(deployment="letters/blue")
    assert environments.build() == ()
    assert environments.list() == []
    with pytest.raises(api.Refused, match="is built here"):
        environments.show("plain")
    assert environments.prune(confirm=lambda lines: False) == ()


def test_a_job_is_run_looked_at_downloaded_and_retried(applied: Workspace, ours: api.Workspace, tmp_path: Path) -> None:
    seen: list[str] = []
    job = ours.jobs.run("job.yml", name="mine", on_event=lambda event: seen.append(type(event).__name__)).check()
    assert (job.name, job.status, job.items, job.scored, job.failed) == ("mine", "Completed", 5, 5, 0)
    assert {"JobStarted", "JobFinished"} <= set(seen)
    assert len(Path(job.output).read_text().splitlines()) == 5
    assert job.as_json()["outputs"]["score"]["file"] == job.output
    assert ours.jobs.preview("job.yml", settings={"mini_batch_size": 5})["mini_batches"] == 1
    lines: list[str] = []
    assert ours.jobs.sample("job.yml", items=1, on_line=lines.append) == 0
    assert any("a.txt 1" in line for line in lines)
    assert [each.name for each in ours.jobs.list(status=["completed"], endpoint="letters", limit=1)] == ["mine"]
    assert ours.jobs.get("mi") == job
    assert ours.jobs.wait("mine", timeout=0) == job
    assert any("mine" in line or "5" in line for line in ours.jobs.stream("mine"))
    assert [*ours.jobs.logs("mine", kinds=["error"])] == []
    assert ours.jobs.report("mine").name == "report.html"
    with pytest.raises(api.Refused, match="mine is one job; name two"):
        ours.jobs.compare("mine", "mine")
    assert [path.name for path in ours.jobs.download("mine", tmp_path / "got")] == ["predictions.csv"]
    with pytest.raises(api.Refused, match="there already"):
        ours.jobs.download("mine", tmp_path / "got")
    assert ours.jobs.resume("mine") == job
    assert ours.jobs.retry("mine", mended=True).runs == 1
    with pytest.raises(api.NotFound) as unknown:
        ours.jobs.get("mime")
    assert unknown.value.nearest == ("mine",)
    with pytest.raises(api.WorldFailed, match="there is no deployment green"):
        ours.jobs.run("job.yml", deployment="green")
    with pytest.raises(api.SpecsInvalid) as unfit:
        ours.jobs.run("job.yml", settings={"mini_batch_size": "many"})
    assert [found.code for found in unfit.value.findings] == ["wrong-type"]
    with pytest.raises(api.Refused, match="there is a job mine already") as refused:
        ours.jobs.run("job.yml", name="mine")
    assert [step.use_case for step in refused.value.next] == ["job delete"]
    assert ours.jobs.prune(status=["failed"], confirm=api.approve) == ()
    with pytest.raises(api.Declined):
        ours.jobs.delete("mine", confirm=lambda found: found[0].name != "mine")
    assert [one.name for one in ours.jobs.delete("mine", confirm=api.approve)] == ["mine"]
    assert ours.jobs.list() == ()


def test_a_prepared_job_is_scored_in_shards_without_a_workspace_and_merged(
    applied: Workspace, ours: api.Workspace, tmp_path: Path
) -> None:
    apart = tmp_path / "apart"
    (apart / "share").mkdir(parents=True)
    ours.jobs.prepare("job.yml", share=apart / "share", name="night")
    with pytest.MonkeyPatch.context() as machine:
        machine.setenv("XDG_CACHE_HOME", str(apart / "cache"))
        machine.setenv("JOB_COMPLETION_INDEX", "1")
        machine.chdir(apart)
        _score_both_shards()
    assert ours.jobs.merge("night").check().scored == 5
    assert not list(apart.glob("cache/bep/shards/*/*/"))


def _score_both_shards() -> None:
    heard: list[str] = []
    one = api.score_shard("0/2", share="share", on_event=lambda event: heard.append(type(event).__name__)).check()
    assert (one.job, one.shard, one.shards, one.state, one.first, one.end) == ("night", 0, 2, "done", 0, 2)
    assert (one.items, one.scored, one.failed, one.left, one.before, one.error) == (2, 2, 0, 0, 0, None)
    assert "Progress" in heard
    stop = threading.Event()
    stop.set()
    with pytest.raises(api.BepError, match=r"nothing was scored|shard 1/2 of night is (cancelled|done)") as told:
        raise api.ShardNotDone(api.score_shard("1/2", share="share", stop=stop))
    assert isinstance(told.value, api.Refused | api.ShardNotDone)
    with pytest.raises(api.BepError, match="the shards of 2 are 0 to 1"):
        api.score_shard("2/2", share="share")
    other = api.score_shard("auto/2", share=Path("share"), name="night", workers=1).check()
    assert other.as_json()["shard"] == "1/2"
    assert other.scored + other.before == 3


WAITS: Final = """\
import os, time

def init():
    pass

def run(mini_batch):
    while not os.path.exists(os.environ["GO"]):
        time.sleep(0.02)
    if "c.txt" in str(mini_batch) and os.path.exists(os.environ["GO"] + ".fail"):
        raise ValueError("c")
    return [os.path.basename(path) for path in mini_batch]
"""


@pytest.fixture
def waiting(tmp_path: Path) -> api.Workspace:
    """A workspace whose script scores nothing until a file called `go` is there."""
    settings = f"settings: {{mini_batch_size: 1, environment_variables: {{GO: {tmp_path}/go}}}}"
    specs = FILES["specs.yml"].replace("settings: {mini_batch_size: 2}", settings)
    write(tmp_path, {**FILES, "specs.yml": specs, "code/score.py": WAITS})
    ours = api.Workspace.open(tmp_path)
    ours.apply(confirm=api.approve).check()
    return ours


def test_a_job_that_is_not_waited_for_goes_on_and_is_cancelled_and_resumed(waiting: api.Workspace) -> None:
    began = waiting.jobs.run("job.yml", name="apart", wait=False)
    assert not began.is_over
    with pytest.raises(TimeoutError):
        waiting.jobs.wait("apart", timeout=0.1)
    ended = waiting.jobs.cancel("apart")
    assert (ended.status, [step.use_case for step in ended.next]) == ("Canceled", ["job resume"])
    with pytest.raises(api.JobNotCompleted):
        ended.check()
    (waiting.root / "go.fail").touch()
    (waiting.root / "go").touch()
    again = waiting.jobs.resume("apart", wait=False)
    assert waiting.jobs.wait(again.name).failed == 1
    (waiting.root / "go.fail").unlink()
    retried = waiting.jobs.retry("apart", settings={"retry_settings.timeout": 90}).check()
    assert (retried.scored, retried.failed, retried.runs) == (5, 0, 3)


def test_a_flag_or_an_error_of_the_callback_cancels_a_job_that_is_waited_for(waiting: api.Workspace) -> None:
    stop = threading.Event()

    def started(event: object) -> None:
        if type(event).__name__ == "JobStarted":
            stop.set()

    assert waiting.jobs.run("job.yml", name="flagged", on_event=started, stop=stop).status == "Canceled"

    def fails(event: object) -> None:
        if type(event).__name__ == "JobStarted":
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        waiting.jobs.run("job.yml", name="raised", on_event=fails)
    assert waiting.jobs.get("raised").status == "Canceled"


CALLER: Final = """\
import sys
from bep import api
ours = api.Workspace.open(sys.argv[1])
try:
    ours.jobs.run("job.yml", name="called")
except KeyboardInterrupt:
    print("interrupted", ours.jobs.get("called").status)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_the_end_of_a_caller_that_waits_is_the_end_of_its_job(waiting: api.Workspace, number: signal.Signals) -> None:
    caller = subprocess.Popen(
        [sys.executable, "-c", f"import signal; signal.signal(2, signal.default_int_handler)\n{CALLER}", waiting.root],
        stdout=subprocess.PIPE,
        text=True,
    )
    _until(lambda: _status(waiting, "called") == "Running")
    caller.send_signal(number)
    said, _ = caller.communicate()
    assert said == ("interrupted Canceled\n" if number == signal.SIGINT else "")
    _until(lambda: _status(waiting, "called") == "Canceled")


def _status(ours: api.Workspace, name: str) -> str:
    try:
        return ours.jobs.get(name).status
    except api.NotFound:
        return ""


def _until(holds: Callable[[], bool]) -> None:
    while not holds():
        time.sleep(0.05)


def test_a_stage_is_chosen_for_one_workspace_alone(tmp_path: Path) -> None:
    stages = "stages: {staging: {}, production: {}}\n"
    write(tmp_path, {**FILES, "bep.yml": FILES["bep.yml"] + stages})
    with pytest.raises(api.SpecsInvalid, match="none was chosen"):
        api.Workspace.open(tmp_path)
    staging, production = (api.Workspace.open(tmp_path, stage=name) for name in ("staging", "production"))
    staging.apply(confirm=api.approve).check()
    assert (len(staging.state.list()), production.state.list()) == (6, [])
    assert [row["name"] for row in production.stages() if row["chosen"]] == ["production"]
