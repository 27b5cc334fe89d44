"""The pages of jobs, asked for as a program and as a browser without a script would."""

import html
import io
import json
import os
import re
import signal
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from bep.server.studio.overview import EVENTS
from tests.bep.conftest import until
from tests.server.serving import Running, serving
from tests.server.studio_jobs import HTML, ITEMS, STORED, ended, go, in_progress, is_over, laid_out


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server over a workspace in which one job is over."""
    workspace = laid_out(tmp_path_factory.mktemp("studio"))
    ended(workspace)
    with serving(workspace) as found:
        yield found


@pytest.fixture
def client(running: Running) -> Iterator[httpx.Client]:
    """Somebody who may do everything, with a browser."""
    with running.client() as found:
        found.headers.update(HTML)
        yield found


JOB = "/studio/jobs/over"
PAGES = ["/studio/jobs", JOB, f"{JOB}/results", f"{JOB}/inputs", f"{JOB}/failed", f"{JOB}/logs", f"{JOB}/settings",
         f"{JOB}/steps/batchscoring", f"{JOB}/report", "/studio/datastores",
         "/studio/datastores/workspaceblobstore"]  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
def test_each_page_is_there_for_who_may_look_and_nobody_else(running: Running, path: str) -> None:
    assert httpx.get(running.address + path).status_code == 401
    with running.client("invoke") as invoking, running.client("read") as reading:
        assert invoking.get(path).status_code == 403
        answer = reading.get(path, headers=HTML)
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text  # what a script has written is text
    assert 'style="' not in answer.text or path.endswith("/report")


@pytest.mark.parametrize(
    "path",
    ["/studio/jobs/none", "/studio/jobs/none/results", "/studio/jobs/none/events", "/studio/jobs/none/download",
     f"{JOB}/logs?file=none.txt", f"{JOB}/results?file=none.csv", f"{JOB}/inputs/{ITEMS}", f"{JOB}/inputs/999999/image",
     f"{JOB}/results/file?name=none", f"{JOB}/logs/file?name=none", f"{JOB}/logs/events?file=none",
     "/studio/datastores/none", "/studio/datastores/workspaceblobstore?path=none",
     "/studio/datastores/workspaceblobstore/file?path=none"],
)  # fmt: skip
def test_what_is_not_there_is_said_so(client: httpx.Client, path: str) -> None:
    assert client.get(path).status_code == 404


OUT = ["../job.json", "..%2fjob.json", "%2e%2e/job.json", "%2e%2e%2fjob.json", "/etc/hostname", "%2fetc%2fhostname",
       "..%5cjob.json", "link.txt", "link/job.json", "a%00b", "%ff", "a/../../job.json", ".", "..", "user",
       "x" * 5000]  # fmt: skip


@pytest.mark.parametrize("name", OUT)
def test_no_path_leads_out_of_a_jobs_folders(running: Running, client: httpx.Client, name: str) -> None:
    job = running.workspace.folder / ".bep/jobs/over"
    store = running.workspace.folder / ".bep/cloud/datastores/workspaceblobstore"
    for folder in (job / "logs", store / "azureml/over/score", store):
        for link, target in (("link.txt", job / "job.json"), ("link", job)):
            if not (folder / link).is_symlink():
                (folder / link).symlink_to(target)
    asked = [f"{JOB}/logs/file?name={name}", f"{JOB}/logs?file={name}", f"{JOB}/logs/events?file={name}",
             f"{JOB}/results/file?name={name}", f"{JOB}/results/image?name={name}", f"{JOB}/results?file={name}",
             f"/studio/datastores/workspaceblobstore/file?path={name}"]  # fmt: skip

    for path in asked:
        answer = client.get(path)
        assert 400 <= answer.status_code < 500, path
        assert "target" not in answer.text or "manifest_digest" not in answer.text, path


def test_the_list_is_filtered_as_it_is_on_the_command_line(client: httpx.Client) -> None:
    def names(**query: str) -> list[str]:
        return re.findall(
            r'<th scope="row"><a href="/studio/jobs/(\w+)">', client.get("/studio/jobs", params=query).text
        )

    assert "over" in names()
    assert "over" in names(status="completed", endpoint="letters", deployment="blue", since="1d")
    assert names(status="failed") == []
    assert names(endpoint="other") == []
    assert client.get("/studio/jobs", params={"status": "nonsense"}).status_code == 400
    assert client.get("/studio/jobs", params={"since": "nonsense"}).status_code == 400


def test_a_page_of_the_list_is_no_longer_than_a_page(running: Running, client: httpx.Client) -> None:
    first = client.get("/studio/jobs", params={"page": 2})

    assert first.status_code == 200
    assert "No job is one of those" in first.text
    assert client.get("/studio/jobs", params={"page": 0}).status_code == 400


def test_failed_items_have_their_traceback_and_their_file(client: httpx.Client) -> None:
    page = client.get(f"{JOB}/failed").text

    assert "n12" in page
    assert "&lt;b&gt;twelve&lt;/b&gt; cannot be read" in page
    assert "Traceback (most recent call last)" in page


def test_settings_say_what_the_job_has_set(client: httpx.Client) -> None:
    page = re.sub(r"<wbr>|</?code>", "", client.get(f"{JOB}/settings").text)

    assert re.search(r'max_retries</th><td>1 <span class="chip live">set by the job', page)
    assert re.search(r"error_threshold</th><td>-1</td>", page)
    assert "MENDED" in page
    assert str(Path("mended")) + "<" not in page  # names of variables, no values


def test_results_are_shown_a_page_at_a_time_and_kept(client: httpx.Client) -> None:
    page = client.get(f"{JOB}/results").text
    kept = client.get(f"{JOB}/results/file", params={"name": "predictions.csv"})

    assert "<td>n00.png</td><td>0</td><td>&lt;script&gt;" in page
    assert kept.headers["content-type"] == "application/octet-stream"
    assert kept.headers["content-disposition"].startswith("attachment")
    assert kept.headers["x-content-type-options"] == "nosniff"
    assert len(kept.text.splitlines()) == ITEMS  # one has failed, and there is a header


def test_parts_of_a_file_are_sent(client: httpx.Client) -> None:
    path = f"{JOB}/results/file?name=predictions.csv"
    whole = client.get(path)

    def part(value: str, **more: str) -> httpx.Response:
        return client.get(path, headers={"Range": value, **more})

    first = part("bytes=0-9")
    assert (first.status_code, first.content, first.headers["content-range"]) == (
        206, whole.content[:10], f"bytes 0-9/{len(whole.content)}"
    )  # fmt: skip
    assert part("bytes=-5").content == whole.content[-5:]
    assert part("bytes=20-").content == whole.content[20:]
    assert part("bytes=20-", **{"If-Range": first.headers["etag"]}).status_code == 206
    assert part("bytes=20-", **{"If-Range": '"another"'}).content == whole.content
    assert part("bytes=999999-").status_code == 416
    for whole_again in ("bytes=-", "bytes=0-1,3-4", "lines=1-2", "nonsense"):
        assert part(whole_again).content == whole.content


def test_all_of_it_is_packed_while_it_is_sent(client: httpx.Client) -> None:
    answer = client.get(f"{JOB}/download")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        names = set(archive.namelist())
        rows = archive.read("predictions.csv")

    assert answer.headers["content-type"] == "application/zip"
    assert "artifacts/job.json" in names
    assert "artifacts/failed_items.jsonl" in names
    assert any(name.startswith("artifacts/logs/user/stdout/") for name in names)
    assert not any("link" in name for name in names)
    assert rows.startswith(b"file,level,html")


def test_inputs_stand_beside_their_rows_with_their_images(client: httpx.Client) -> None:
    page = client.get(f"{JOB}/inputs").text
    image = client.get(f"{JOB}/inputs/3/image")

    assert page.count("<img ") == 24
    assert "no result" in page
    assert image.headers["content-type"] == "image/png"
    assert "sandbox" in image.headers["content-security-policy"]
    assert image.headers["x-content-type-options"] == "nosniff"
    assert image.content.startswith(b"\x89PNG")
    assert client.get(f"{JOB}/inputs/3").headers["content-disposition"].endswith("n03.png")


SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'


@pytest.mark.parametrize("content", [SVG, b"<html><script>alert(1)</script>", b"", b"\x89PN", b"GIF8", b"%PDF-1.7"])
def test_what_only_says_that_it_is_an_image_is_shown_by_nobody(
    running: Running, client: httpx.Client, content: bytes
) -> None:
    item = running.workspace.folder / "images/n05.png"
    before = item.read_bytes()
    item.write_bytes(content)
    try:
        answer = client.get(f"{JOB}/inputs/5/image")
        page = client.get(f"{JOB}/inputs").text
    finally:
        item.write_bytes(before)

    assert answer.status_code == 415
    assert "inputs/5/image" not in page


def test_an_image_that_is_too_large_is_there_to_be_kept(running: Running, client: httpx.Client) -> None:
    item = running.workspace.folder / "images/n06.png"
    before = item.read_bytes()
    with item.open("r+b") as stream:
        stream.truncate(30 << 20)
    try:
        assert client.get(f"{JOB}/inputs/6/image").status_code == 413
        assert "inputs/6/image" not in client.get(f"{JOB}/inputs").text
        assert len(client.get(f"{JOB}/inputs/6").content) == 30 << 20
    finally:
        item.write_bytes(before)


def test_an_input_that_is_gone_is_said_to_be(running: Running, client: httpx.Client) -> None:
    item = running.workspace.folder / "images/n07.png"
    aside = item.with_name("aside")
    item.rename(aside)
    try:
        assert client.get(f"{JOB}/inputs/7").status_code == 404
        assert client.get(f"{JOB}/inputs").status_code == 200
    finally:
        aside.rename(item)


@pytest.mark.parametrize("name", ["page.html", "drawing.svg", "program.js"])
def test_what_a_browser_would_run_is_an_attachment_or_plain_text(
    running: Running, client: httpx.Client, name: str
) -> None:
    job = running.workspace.folder / ".bep/jobs/over"
    score = running.workspace.folder / ".bep/cloud/datastores/workspaceblobstore/azureml/over/score"
    for folder in (job / "logs", score):
        (folder / name).write_bytes(SVG)
    log = client.get(f"{JOB}/logs/file", params={"name": name})
    output = client.get(f"{JOB}/results/file", params={"name": name})
    stored = client.get("/studio/datastores/workspaceblobstore/file", params={"path": f"azureml/over/score/{name}"})

    assert log.headers["content-type"] == "text/plain; charset=utf-8"
    for answer in (output, stored):
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["content-disposition"].startswith("attachment")
    for answer in (log, output, stored):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in answer.headers["content-security-policy"]


def test_logs_are_read_searched_and_kept(client: httpx.Client) -> None:
    page = client.get(f"{JOB}/logs").text
    worker = re.findall(r"file=(user%2Fstdout[^\"&]+)", page)[0]
    text = client.get(f"{JOB}/logs?file={worker}").text
    found = client.get(f"{JOB}/logs?file={worker}&search=READING").text

    assert "Scheduling finished" in page
    assert "reading n" in text
    assert "lines have that" in found
    assert "No line has that" in client.get(f"{JOB}/logs?file={worker}&search=nothing").text
    assert client.get(f"{JOB}/logs/file", params={"name": "job_result.txt"}).text.startswith("job over Completed")


def test_a_log_of_many_lines_is_shown_a_page_at_a_time(running: Running, client: httpx.Client) -> None:
    log = running.workspace.folder / ".bep/jobs/over/logs/long.txt"
    log.write_text("".join(f"line {number:06d}\n" for number in range(100_000)))
    page = client.get(f"{JOB}/logs?file=long.txt").text
    previous = re.findall(r'href="([^"]+)" rel="prev"', page)[0].replace("&amp;", "&")
    before = client.get(previous).text
    following = re.findall(r'href="([^"]+)" rel="next"', before)[0].replace("&amp;", "&")

    assert "line 099999" in page
    assert "line 099799" in before
    assert "line 099800" not in before
    assert "line 099800" in client.get(following).text
    assert len(page) < 100_000


def test_the_drawn_report_is_a_page_of_its_own_that_runs_nothing(client: httpx.Client) -> None:
    answer = client.get(f"{JOB}/report")

    assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert "Items scored per second" in answer.text


def test_a_datastore_is_browsed_by_a_path_that_was_pasted(client: httpx.Client) -> None:
    asked = "/studio/datastores/workspaceblobstore"
    address = "azureml://datastores/workspaceblobstore/paths/azureml/over/score"
    pages = [
        client.get(asked, params={"path": path}).text
        for path in (address, "azureml/over/score", "/azureml/over/score/")
    ]

    assert all("predictions" in page for page in pages)
    assert client.get(asked, params={"path": "../../.."}).status_code == 400
    assert client.get(asked, params={"path": "https://example.com/x"}).status_code == 400
    kept = client.get(f"{asked}/file", params={"path": "azureml/over/score/predictions.csv"})
    assert kept.text.startswith("file,level,html")


def test_the_steps_of_the_article_lead_to_the_output(client: httpx.Client) -> None:
    def link(page: str, words: str) -> str:
        found = re.findall(rf'<a [^>]*href="([^"]+)"[^>]*>(?:<span class="title">)?{words}', page)
        return html.unescape(found[0])

    job = client.get(link(client.get("/").text, "Jobs")).text
    run = client.get(link(job, "<code>over")).text
    step = client.get(link(run, "batchscoring")).text
    path = re.findall(r"<pre[^>]*><code>(azureml://[^<]+)</code>", step)[0]
    store = link(step, "Open datastore")
    found = client.get(store, params={"path": path}).text

    assert "Show data outputs" in step
    assert "View output" in step
    assert "predictions.<wbr>csv" in found


def events(answer: httpx.Response) -> Iterator[tuple[str, dict[str, str]]]:
    """The server-sent events of an answer, as they come."""
    kind = ""
    for line in answer.iter_lines():
        if line.startswith("event: "):
            kind = line[7:]
        elif line.startswith("data: "):
            yield kind, json.loads(line[6:])


def test_a_job_that_runs_is_followed_to_its_end(running: Running, client: httpx.Client) -> None:
    with in_progress(running) as name:
        page = client.get(f"/studio/jobs/{name}").text
        assert "Running" in page
        assert "mini-batch 15, items 29 to 30" in page
        assert "n28.<wbr>png" in page
        with client.stream("GET", f"/studio/jobs/{name}/events") as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            told = events(answer)
            kind, part = next(told)
            assert (kind, part["id"]) == ("part", "status")
            assert "Running" in part["html"]
            kind, part = next(told)
            assert (kind, part["id"]) == ("part", "live")
            assert "28 of 30 items" in part["html"]
            go(running.workspace)
            kinds = [(kind, part) for kind, part in told]

    assert kinds[-1][0] == "over"
    assert "30 of 30 items" in kinds[-2][1]["html"]
    assert "Completed" in kinds[-2][1]["html"]


def test_a_stream_ends_with_the_token_that_it_was_asked_with(running: Running) -> None:
    headers = {"Authorization": f"Bearer {running.token('read', name='leaving')}"}
    with in_progress(running, "watched") as name:
        page = httpx.get(f"{running.address}/studio/jobs/{name}/logs", headers={**HTML, **headers}).text
        log = re.findall(r'data-live="([^"]+)"', page)[0].replace("&amp;", "&")
        for path in (EVENTS, f"/studio/jobs/{name}/events", log):
            with httpx.stream("GET", running.address + path, headers=headers, timeout=60) as answer:
                told = answer.iter_lines()
                assert (answer.status_code, next(told)) == (200, "retry: 2000"), path
                running.workspace.bep("token", "revoke", "leaving")
                assert "event: over" not in list(told)  # it ends, though the job goes on
            headers = {"Authorization": f"Bearer {running.token('read', name='leaving')}"}
        go(running.workspace)


def test_lines_of_a_log_are_followed_to_its_end(running: Running, client: httpx.Client) -> None:
    with in_progress(running, "spoken") as name:
        page = client.get(f"/studio/jobs/{name}/logs").text
        follow = re.findall(r'data-live="([^"]+)"', page)[0].replace("&amp;", "&")
        with client.stream("GET", follow) as answer:
            go(running.workspace)
            told = list(events(answer))

    lines = "".join(part["html"] for kind, part in told if kind == "lines")
    assert told[-1][0] == "over"
    assert "job spoken Completed: 29 scored, 1 failed" in lines
    assert "Scheduling finished" not in lines  # which was shown already


def test_what_a_browser_missed_is_told_when_it_comes_again(running: Running, client: httpx.Client) -> None:
    path = f"{JOB}/logs/events?file=job_result.txt&at=5000"
    with client.stream("GET", path, headers={"Last-Event-ID": "0"}) as answer:
        told = list(events(answer))

    assert "job over Completed" in told[0][1]["html"]


def test_many_watch_one_job_and_all_are_told_of_its_end(running: Running, client: httpx.Client) -> None:
    with in_progress(running, "watched-by-many") as name, ExitStack() as stack:
        many = [
            events(stack.enter_context(client.stream("GET", f"/studio/jobs/{name}/events", timeout=60)))
            for _ in range(40)
        ]
        assert all(next(told)[0] == "part" for told in many)
        go(running.workspace)
        assert all([kind for kind, _ in told][-1] == "over" for told in many)


def test_a_server_that_stops_ends_its_streams(tmp_path: Path) -> None:
    workspace = laid_out(tmp_path)
    with serving(workspace) as running, in_progress_forever(running) as name, running.client() as client:
        with client.stream("GET", f"/studio/jobs/{name}/events") as answer:
            told = events(answer)
            assert next(told)[0] == "part"
            running.process.terminate()
            with suppress(httpx.RemoteProtocolError):  # it is cut, and a browser comes again when there is a server
                list(told)
        assert running.process.wait(60) == 0
    go(workspace)


@contextmanager
def in_progress_forever(running: Running) -> Iterator[str]:
    """A job that goes on when the server does not; it is ended with the workspace's own command."""
    running.workspace.bep("run", "job.yml", "--name", "left", "--no-wait")
    try:
        yield "left"
    finally:
        go(running.workspace)
        until(lambda: '"status": "Completed"' in running.workspace.bep("job", "show", "left", "-o", "json").stdout)


def test_a_job_is_cancelled_and_gone_on_with(running: Running, client: httpx.Client) -> None:
    with in_progress(running, "ended") as name:
        path = f"/studio/jobs/{name}"
        with running.client("read") as reading:
            assert reading.post(f"{path}/cancel").status_code == 403
        answer = client.post(f"{path}/cancel")
        assert (answer.status_code, answer.headers["location"]) == (303, path)
        page = client.get(path).text
        assert "Canceled" in page
        assert 'action="/studio/jobs/ended/resume"' in page
        go(running.workspace)
        assert client.post(f"{path}/resume").status_code == 303
        until(lambda: is_over(client, name))

    assert "30 of 30 items" in client.get(path).text
    assert "in 2 runs" in client.get(path).text
    assert client.post(f"{path}/cancel").status_code == 400
    assert client.post(f"{path}/resume").status_code == 400


def test_who_watches_a_job_that_is_killed_is_told_and_it_is_gone_on_with(
    running: Running, client: httpx.Client
) -> None:
    with in_progress(running, "killed") as name:
        record = json.loads((running.workspace.folder / f".bep/jobs/{name}/job.json").read_bytes())
        with client.stream("GET", f"/studio/jobs/{name}/events") as answer:
            told = events(answer)
            assert "Running" in next(told)[1]["html"]
            os.kill(record["process"], signal.SIGKILL)
            parts = [part for kind, part in told if kind == "part"]  # it ends by itself
        page = client.get(f"/studio/jobs/{name}").text
        assert "NotResponding" in parts[-2]["html"]
        assert "which ran the job, is gone" in page
        assert "28 of 30 items" in page
        go(running.workspace)
        assert client.post(f"/studio/jobs/{name}/resume").status_code == 303
        until(lambda: "in 2 runs" in client.get(f"/studio/jobs/{name}").text)
        until(lambda: is_over(client, name))
    assert "30 of 30 items" in client.get(f"/studio/jobs/{name}").text


def test_failed_items_are_tried_again(running: Running, client: httpx.Client) -> None:
    ended(running.workspace, "again")
    mended = running.workspace.folder / "mended"
    mended.touch()
    try:
        assert client.post("/studio/jobs/again/retry").status_code == 303
        until(lambda: is_over(client, "again"))
    finally:
        mended.unlink()

    page = client.get("/studio/jobs/again").text
    assert "in 2 runs" in page
    assert "/retry" not in page
    assert client.post("/studio/jobs/again/retry").status_code == 400


def test_why_a_job_does_not_go_on_is_said(running: Running, client: httpx.Client) -> None:
    ended(running.workspace, "changed")
    item = running.workspace.folder / "images/n12.png"
    before, times = item.read_bytes(), item.stat()
    item.write_bytes(before + b"more")
    try:
        answer = client.post("/studio/jobs/changed/retry")
        wrong = client.post("/studio/jobs/changed/retry", data={"changes": "nonsense"})
    finally:
        item.write_bytes(before)
        os.utime(item, ns=(times.st_atime_ns, times.st_mtime_ns))

    assert answer.status_code == 400
    assert "have changed since it listed them" in answer.text
    assert wrong.status_code == 400


def ordered(client: httpx.Client) -> str:
    """The name of a job that is put in line."""
    images = {"jobInputType": "UriFolder", "uri": STORED}
    asked = {"properties": {"inputData": {"images": images}}}
    answer = client.post("/endpoints/letters/jobs", headers={"Accept": "application/json"}, json=asked)
    return str(answer.json()["name"])


def test_a_job_that_waits_says_behind_whom(running: Running, client: httpx.Client) -> None:
    with in_progress(running, "first"):
        name = ordered(client)
        page = client.get(f"/studio/jobs/{name}").text
        assert "Queued" in page
        assert "aiting behind first" in page
        assert f"/studio/jobs/{name}" in client.get("/studio/jobs?status=queued").text
        assert client.get(f"/studio/jobs/{name}/logs").status_code == 200
        assert client.get(f"/studio/jobs/{name}/results").status_code == 200
        assert client.get(f"/studio/jobs/{name}/inputs").status_code == 200
        with client.stream("GET", f"/studio/jobs/{name}/events") as answer:
            assert "Queued" in next(events(answer))[1]["html"]
        assert client.post(f"/studio/jobs/{name}/cancel").status_code == 303
        assert "Canceled" in client.get(f"/studio/jobs/{name}").text


def test_who_watches_a_job_in_line_is_told_to_look_again_when_it_begins(running: Running, client: httpx.Client) -> None:
    with in_progress(running, "before"):
        name = ordered(client)
        with client.stream("GET", f"/studio/jobs/{name}/events") as answer:
            told = events(answer)
            assert "Queued" in next(told)[1]["html"]
            go(running.workspace)
            assert [kind for kind, _ in told][-1] == "over"
    until(lambda: is_over(client, name))


def test_run_and_show_name_the_page_while_a_server_runs(running: Running) -> None:
    workspace = running.workspace
    go(workspace)
    opened = workspace.folder / "opened"
    browser = workspace.folder / "browser.sh"
    browser.write_text(f'#!/bin/sh\necho "$1" > {opened}\n')
    browser.chmod(0o755)
    said = workspace.bep("run", "job.yml", "--name", "named").stderr
    shown = workspace.bep("job", "show", "named", "--web", BROWSER=str(browser))

    assert f"page: {running.address}/studio/jobs/named" in said
    assert shown.stdout.strip() == f"{running.address}/studio/jobs/named"
    until(opened.exists)


def test_without_a_server_no_page_is_named(tmp_path: Path) -> None:
    workspace = laid_out(tmp_path)
    go(workspace)
    said = workspace.bep("run", "job.yml", "--name", "named").stderr
    refused = workspace.bep("job", "show", "named", "--web", expect=1)

    assert "page:" not in said
    assert "bep serve" in refused.stderr


def test_names_that_are_no_text_do_no_harm(running: Running, client: httpx.Client) -> None:
    score = running.workspace.folder / ".bep/cloud/datastores/workspaceblobstore/azureml/over/score"
    logs = running.workspace.folder / ".bep/jobs/over/logs"
    strange = os.fsdecode(b"caf\xe9 \x1b[2J \xe2\x80\xae.csv")
    for folder in (score, logs):
        (folder / strange).write_bytes(b"a,b\n")
    try:
        pages = [client.get(path) for path in (
            f"{JOB}/results", f"{JOB}/logs", f"{JOB}/steps/batchscoring", f"{JOB}/download",
            "/studio/datastores/workspaceblobstore?path=azureml/over/score",
        )]  # fmt: skip
    finally:
        for folder in (score, logs):
            (folder / strange).unlink()

    assert [page.status_code for page in pages] == [200] * 5
    assert "\x1b" not in pages[0].text


BAD = ["", "..", "a\0b", "\ud800", "x" * 4000, "%00", "../../etc/passwd", "\u202e", "-1", "9" * 30, "1e9", "null", "\n"]


@pytest.mark.parametrize("bad", BAD)
def test_nothing_that_is_asked_is_a_bug(client: httpx.Client, bad: str) -> None:
    said = quote(bad.encode(errors="surrogatepass"), safe="")
    names = [f"/studio/jobs/{said}{page}" for page in (
        "", "/results", "/inputs", "/failed", "/logs", "/settings", "/events", "/download", "/report",
        "/steps/batchscoring", "/inputs/0", "/inputs/0/image",
    )]  # fmt: skip
    queries = [f"{JOB}/{page}={said}" for page in (
        "results?file", "results?at", "results?back", "results/file?name", "results/image?name", "inputs?from",
        "failed?at", "logs?file", "logs?at", "logs?before", "logs?search", "logs/file?name", "logs/events?file",
        "logs/events?file=readme.txt&at",
    )]  # fmt: skip
    stores = [f"/studio/datastores/{said}", f"/studio/datastores/{said}/file"]
    stores += [f"/studio/datastores/workspaceblobstore{page}={said}" for page in ("?path", "?after", "/file?path")]
    lists = [f"/studio/jobs?{name}={said}" for name in ("status", "endpoint", "deployment", "since", "page")]
    for path in (*names, *queries, *stores, *lists, f"{JOB}/inputs/{said}", f"{JOB}/inputs/{said}/image"):
        with client.stream("GET", path) as answer:
            assert answer.status_code < 500, path
    for action in ("cancel", "resume", "retry"):
        form = {"content-type": "application/x-www-form-urlencoded"}
        answer = client.post(f"/studio/jobs/{said}/{action}", content=f"changes={said}", headers=form)
        assert answer.status_code < 500
