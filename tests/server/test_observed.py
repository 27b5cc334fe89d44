"""What a server tells of itself: numbers, whether it is ready, a line for each request, and never a secret."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from bep.server.observing.log import Log
from tests.bep.conftest import Workspace, surroundings
from tests.server.serving import Running, serving


def numbers(running: Running) -> dict[tuple[str, tuple[str, ...]], float]:
    """Each sample by its name and the values of its labels."""
    text = running.client("read").get("/metrics").text
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found[sample.name, tuple(value for _, value in sorted(sample.labels.items()))] = sample.value
    return found


def test_requests_and_jobs_are_counted(running: Running) -> None:
    running.workspace.bep("run", "job.yml", "--name", "one")
    client = running.client()
    for path in ("/endpoints/letters/jobs/one", "/endpoints/letters/jobs/two", "/nowhere", "/else"):
        client.get(path)
    httpx.get(running.address + "/endpoints/letters/jobs/one")
    found = numbers(running)
    route = "/endpoints/{endpoint}/jobs/{job}"
    assert found["bep_requests_total", ("GET", route, "200")] == 1
    assert found["bep_requests_total", ("GET", route, "404")] == 1
    assert found["bep_requests_total", ("GET", route, "401")] == 1
    assert found["bep_requests_total", ("GET", "(none)", "404")] == 2  # no path of a stranger's is a label
    assert found["bep_request_seconds_count", ("GET", route)] == 3
    assert found["bep_jobs", ("Completed",)] == 1
    assert found["bep_faults_total", ()] == 0


def test_it_is_not_ready_where_what_it_serves_cannot_be_read(applied: Workspace) -> None:
    for file, word in (("access/tokens.json", "tokens"), ("state.json", "state")):
        with serving(applied) as running:
            running.token("read", name=word)
            path = applied.folder / ".bep" / file
            kept = path.read_bytes()
            path.write_bytes(b"{")
            answer = httpx.get(running.address + "/readyz")
            assert (answer.status_code, answer.text) == (503, word)
            assert httpx.get(running.address + "/healthz").text == "ok"
            path.write_bytes(kept)


def said_by(workspace: Workspace, *options: str) -> tuple[list[str], list[str]]:
    """What a server says while it is asked things with secrets in them, and those secrets."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bep", "serve", "--port", "0", "--json", *options], cwd=workspace.folder,
        env=surroundings(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    said = json.loads(process.stdout.readline())
    running = Running(workspace, process, said["address"], said["port"])
    secret, code = running.token("read", name=f"token{len(options)}"), running.link().rpartition("/")[2]
    headers = {"Authorization": f"Bearer {secret}"}
    httpx.get(running.address + "/endpoints/letters/jobs?sig=SIGNATURE", headers=headers)
    httpx.get(running.address + f"/login/{code}")
    httpx.get(running.address + "/a%1b%5b2Jb%0ac", headers=headers)
    process.terminate()
    _, told = process.communicate(timeout=60)
    return told.splitlines(), [secret, code, "SIGNATURE"]


def test_the_log_has_a_line_for_each_request_and_no_secret(applied: Workspace) -> None:
    lines, secrets = said_by(applied, "--log-format", "json")
    events = [json.loads(line) for line in lines if line.startswith("{")]
    asked = [(one["who"], one["method"], one["path"], one["status"]) for one in events if one["event"] == "request"]
    assert asked == [
        ("token2", "GET", "/endpoints/letters/jobs", 200),
        ("", "GET", "/login/{code}", 200),
        ("token2", "GET", "/a\x1b[2Jb\nc", 404),
    ]
    assert all(one["from"] == "127.0.0.1" and one["at"].endswith("+00:00") for one in events)
    text, others = said_by(applied)
    assert any(r"token0 GET /a\x1b[2Jb\nc 404" in line for line in text)
    for secret in (*secrets, *others):
        assert not any(secret in line for line in (*lines, *text)), secret
    audit = (applied.folder / ".bep/access/audit.jsonl").read_text()
    assert not any(secret in audit for secret in (*secrets, *others))


def test_what_cannot_be_recorded_is_not_done(running: Running) -> None:
    client = running.client()
    log = Path(running.workspace.folder, ".bep/access/audit.jsonl")
    log.unlink()
    log.mkdir()
    answer = client.post("/endpoints/letters/jobs/none/cancel")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "NotRecorded")
    assert client.get("/").status_code == 200


@pytest.mark.parametrize("path", ["/login/c0de", "/login/c0de/", "//login/c0de", "/Login/c0de"])
def test_no_line_has_a_link_that_signs_in_however_it_is_spelt(path: str) -> None:
    lines: list[str] = []
    for is_json in (False, True):
        Log(lines.append, lambda: datetime.now(UTC), is_json).request({}, "GET", path, 404, 0.1, 1)
    assert len(lines) == 2
    assert not any("c0de" in line for line in lines)
