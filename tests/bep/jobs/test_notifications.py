"""`notify:` in bep.yml: who is told of a job's end and of drift, by a real server on loopback and by a real command."""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from bep import api
from bep.cli import run
from tests.bep.conftest import FILES, Workspace, write
from tests.bep.plans.test_adopt import drift

Say = Callable[..., tuple[int, str]]
CANARY = "canary-in-the-url"


@dataclass
class Chat:
    """A server that takes notices: what came, at which path; `answer` is what it says, None for nothing at all."""

    port: int
    came: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    answer: int | None = 200
    closing: Event = field(default_factory=Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/{CANARY}"


@pytest.fixture
def chat() -> Iterator[Chat]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.headers["Content-Type"] == "application/json"
            taker.came.append((self.path, json.loads(body)))
            if taker.answer is None:
                taker.closing.wait(60)
                return
            self.send_response(taker.answer)
            if taker.answer in (301, 307):
                self.send_header("Location", f"http://127.0.0.1:{taker.port}/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_GET(self) -> None:
            taker.came.append((self.path, {}))

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    taker = Chat(server.server_port)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield taker
    taker.closing.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def told(
    applied: Workspace, chat: Chat, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    """bep in the small applied workspace, its URL in the environment; what `notify` says comes first."""
    monkeypatch.chdir(applied.folder)
    monkeypatch.setenv("CHAT", chat.url)

    def said(notify: str, *arguments: str) -> tuple[int, str]:
        write(applied.folder, {"bep.yml": FILES["bep.yml"] + f"notify: {notify}\n"})
        code = run(list(arguments))
        shown = capsys.readouterr()
        return code, shown.out + shown.err

    return said


HOOK = 'webhook: "${{ env.CHAT }}"'
EVERY = f"[{{{HOOK}}}, {{{HOOK}, shape: slack}}, {{{HOOK}, shape: teams}}]"


def test_who_is_named_is_told_of_a_job_that_completed_and_of_one_that_failed(
    told: Say, chat: Chat, applied: Workspace
) -> None:
    notify = f"{{completed: {EVERY}, failed: {EVERY}}}"
    assert told(notify, "run", "job.yml", "--name", "nightly")[0] == 0
    (path, whole), (_, slack), (_, teams) = chat.came
    assert path == f"/{CANARY}"
    assert {name: whole[name] for name in ("format_version", "event", "workspace", "stage", "folder", "why")} == {
        "format_version": 1,
        "event": "completed",
        "workspace": "letters",
        "stage": "",
        "folder": str(applied.folder),
        "why": "",
    }
    assert whole["title"] == "Job nightly of letters/blue completed: 5 scored, 0 failed"
    assert whole["job"]["counts"]["scored"] == 5
    assert [one["do"] for one in (*whole["look"], *whole["go_on"], *whole["undo"])] == [
        "bep job show nightly",
        "bep job delete nightly",
    ]
    assert slack.keys() == {"text"}
    assert slack["text"].splitlines()[0] == whole["title"]
    card = teams["attachments"][0]["content"]
    assert (teams["type"], card["type"]) == ("message", "AdaptiveCard")
    assert card["body"][0]["inlines"][0]["text"] == whole["title"]

    chat.came.clear()
    write(applied.folder, {"code/score.py": "def run(batch):\n    raise ValueError('<!channel> & so on')\n"})
    assert told(notify, "apply", "-y")[0] == 0
    code, shown = told(notify, "run", "job.yml", "--name", "bad", "--set", "error_threshold=0")
    assert (code, "nobody was told" in shown) == (1, False)
    (_, whole), (_, slack), _ = chat.came
    assert (whole["event"], whole["job"]["status"]) == ("failed", "Failed")
    assert whole["title"].startswith("Job bad of letters/blue failed: ")
    assert "fail" in whole["why"]
    assert [one["do"] for one in whole["look"]] == ["bep job show bad", "bep job logs bad --error"]
    assert [one["do"] for one in whole["undo"]] == ["bep rollback", "bep job delete bad"]
    assert [one["do"] for one in whole["go_on"]] == ["bep job retry bad --mended"]
    assert "<!channel>" not in slack["text"]
    everything = b"".join(f.read_bytes() for f in applied.folder.rglob("*") if f.is_file())
    assert CANARY.encode() not in everything


def test_a_retry_and_the_api_tell_too(told: Say, chat: Chat, applied: Workspace) -> None:
    write(applied.folder, {"bep.yml": FILES["bep.yml"] + 'notify: {completed: [{webhook: "${{ env.CHAT }}"}]}\n'})
    ours = api.Workspace.open(applied.folder)
    ours.jobs.run(applied.folder / "job.yml", name="one")
    assert [notice["job"]["name"] for _, notice in chat.came] == ["one"]
    assert "job show one" in chat.came[0][1]["look"][0]["do"]
    ours.jobs.retry("one")
    assert len(chat.came) == 1  # nothing was left to do


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (500, "the server in CHAT answered 500 Internal Server Error"),
        (404, "the server in CHAT answered 404 Not Found"),
        (307, "the server in CHAT answered 307 Temporary Redirect"),
        (None, "the server in CHAT "),
    ],
)
def test_a_notice_that_does_not_arrive_is_a_warning(told: Say, chat: Chat, answer: int | None, why: str) -> None:
    chat.answer = answer
    code, shown = told('{completed: [{webhook: "${{ env.CHAT }}", timeout: 2}]}', "run", "job.yml", "--name", "n")
    assert code == 0
    assert f"warning: notify.completed[0]: nobody was told: {why}" in shown
    assert CANARY not in shown
    assert [path for path, _ in chat.came] == [f"/{CANARY}"]


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "CHAT is not set in the environment"),
        (f"file:///{CANARY}", "CHAT has no address of http or https"),
        (f"http://127.0.0.1:1/{CANARY}", "the server in CHAT cannot be reached: Connection refused"),
        (f"http://127.0.0.1:{CANARY}/", "the server in CHAT cannot be reached: InvalidURL"),
        (f"http://127.0.0.1:1/{CANARY} \n", "the server in CHAT cannot be reached"),
        (f"http://[{CANARY}/", "the server in CHAT cannot be reached"),
    ],
)
def test_a_wrong_url_is_said_by_its_variable_alone(
    told: Say, monkeypatch: pytest.MonkeyPatch, applied: Workspace, url: str, why: str
) -> None:
    monkeypatch.setenv("CHAT", url)
    drift(applied, "compute/cpu-cluster", {("max_instances",): 9})
    code, shown = told('{drift: [{webhook: "${{ env.CHAT }}"}]}', "plan", "--notify")
    assert code == 0
    assert f"warning: notify.drift[0]: nobody was told: {why}" in shown
    assert CANARY not in shown


def test_a_url_that_is_written_down_is_refused_and_not_shown(told: Say) -> None:
    for url in (
        f"https://hooks.example/{CANARY}",
        f"https://x.example/{CANARY}?sig=abcdefghijklmnopqrstuvwxyz0123456789",
    ):
        code, shown = told(f'{{failed: [{{webhook: "{url}"}}]}}', "validate")
        assert code == 3
        assert "notify.failed[0].webhook cannot be this value" in shown
        assert "Use ${{ env.NAME }}: whoever has the URL can post to it." in shown
        assert CANARY not in shown
    code, shown = told("{failed: [{command: [a], stages: [prod]}]}", "validate")
    assert code == 3
    assert "notify.failed[0] is for the stage 'prod', and there is none: nobody would ever be told" in shown
    code, shown = told("{faild: [], failed: [{webhok: x}], drift: [{}]}", "validate")
    assert code == 3
    for said in ("'faild' is not a field of 'notify'", "'webhok' is not a field of 'notify.failed[0]'"):
        assert said in shown


def test_a_command_reads_a_notice_and_drift_is_told_when_asked_for(told: Say, applied: Workspace, chat: Chat) -> None:
    keeps = json.dumps([sys.executable, "-c", "import sys; open('notice.json', 'w').write(sys.stdin.read())"])
    fails = json.dumps([sys.executable, "-c", "import sys; sys.stdin.read(); sys.exit('no pager')"])
    notify = (
        f'{{drift: [{{command: {keeps}}}, {{command: {fails}}}, {{webhook: "${{{{ env.CHAT }}}}", shape: slack}}]}}'
    )
    notice = applied.folder / "notice.json"
    assert told(notify, "plan", "--notify") == (0, "Nothing to do. 6 resources match their specs.\n")
    drift(applied, "compute/cpu-cluster", {("max_instances",): 9})
    assert told(notify, "plan")[0] == 0
    assert not notice.exists()
    code, shown = told(notify, "plan", "--notify", "--no-commands")
    assert (code, notice.exists()) == (0, False)
    assert "notify.drift[0]: nobody was told: it runs a command, and none may be run here" in shown
    chat.came.clear()
    code, shown = told(notify, "plan", "--notify", "--detailed-exitcode")
    assert code == 2
    assert "warning: notify.drift[1]: nobody was told: the command ended with exit code 1\nno pager" in shown
    found = json.loads(notice.read_text())
    assert (found["title"], found["why"]) == (
        "1 resource was changed outside bep in letters",
        "compute/cpu-cluster: max_instances 2 -> 9",
    )
    assert found["drift"][0]["fields"] == [{"field": "max_instances", "applied": "2", "now": "9"}]
    assert [one["do"] for one in (*found["look"], *found["go_on"], *found["undo"])] == [
        "bep plan",
        "bep adopt compute/cpu-cluster",
        "bep apply",
    ]
    assert [notice["text"].splitlines()[1] for _, notice in chat.came] == [
        "compute/cpu-cluster: max_instances 2 -&gt; 9"
    ]
    ours = api.Workspace.open(applied.folder)
    assert ours.notify_drift(ours.plan()) == (
        "notify.drift[1]: nobody was told: the command ended with exit code 1\nno pager",
    )
    assert told("{failed: []}", "plan", "--notify")[1].endswith(
        "warning: bep.yml names nobody under notify.drift: nobody was told of drift\n"
    )


def test_a_bug_in_telling_is_a_warning_and_both_ways_of_one_are_gone(
    told: Say, chat: Chat, applied: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeps = json.dumps([sys.executable, "-c", "import sys; open('notice.json', 'w').write(sys.stdin.read())"])
    assert told(f"{{completed: [{{command: {keeps}, {HOOK}}}]}}", "run", "job.yml", "--name", "both")[0] == 0
    assert json.loads((applied.folder / "notice.json").read_text()) == chat.came[0][1]

    def fails(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("bep.app.workspace.notifying.notify", fails)
    code, shown = told(f"{{completed: [{{{HOOK}}}]}}", "run", "job.yml", "--name", "bug")
    assert code == 0
    assert "warning: nobody was told of the job's end, by a bug in bep: ZeroDivisionError" in shown


def test_a_stage_may_tell_nobody(chat: Chat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAT", chat.url)
    told = f"notify: {{completed: [{{{HOOK}, stages: [production]}}]}}\nstages: {{staging: {{}}, production: {{}}}}\n"
    write(tmp_path, {**FILES, "bep.yml": FILES["bep.yml"] + told})
    for stage in ("staging", "production"):
        ours = api.Workspace.open(tmp_path, stage=stage)
        ours.apply(confirm=api.approve).check()
        ours.jobs.run(tmp_path / "job.yml")
    assert [notice["stage"] for _, notice in chat.came] == ["production"]


def test_a_secret_in_drift_is_told_to_nobody(workspace: Workspace, chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAT", chat.url)
    store = (
        "---\nname: store\ntype: azure_blob\naccount_name: someone\ncontainer_name: things\n"
        "credentials: {account_key: canary-value}\n"
    )
    write(workspace.folder, {"specs.yml": FILES["specs.yml"] + store})
    write(workspace.folder, {"bep.yml": FILES["bep.yml"] + 'notify: {drift: [{webhook: "${{ env.CHAT }}"}]}\n'})
    workspace.bep("apply", "-y")
    drift(workspace, "datastore/store", {("credentials", "account_key"): "another-canary", ("account_name",): "else"})
    ours = api.Workspace.open(Path(workspace.folder))
    assert ours.notify_drift(ours.plan()) == ()
    [(_, notice)] = chat.came
    assert "account_name someone -> else" in notice["why"]
    assert "canary" not in json.dumps(notice)
