"""The studio's pages of a workspace that was worked with: what stands on them; nothing that is shown is ever markup."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.bep.conftest import FILES, Workspace, write
from tests.server.browsing import browsing, looks
from tests.server.control_plane.asking import Asking
from tests.server.lived_in import live_in, working
from tests.server.pages_of import Page, must_be_harmless
from tests.server.serving import Running, serving

HTML = {"Accept": "text/html"}
HOSTILE = "</td><script>alert(1)</script><img src=x onerror=alert(1)> \u202e\x1b[2J"


@pytest.fixture(scope="module")
def lived_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server over a workspace that was worked with. No test changes it."""
    with serving(live_in(tmp_path_factory.mktemp("lived-in"))) as found:
        yield found


@pytest.fixture(scope="module")
def reader(lived_in: Running) -> httpx.Client:
    """Somebody who may look and no more."""
    return lived_in.client("read")


def page_at(client: httpx.Client, path: str) -> Page:
    answer = client.get(path, headers=HTML)
    assert answer.status_code == 200, answer.text
    return must_be_harmless(answer.text)


def plans_of(reader: httpx.Client) -> list[str]:
    """The addresses of the pages of plans, newest first."""
    return [one for one in page_at(reader, "/studio/plans").addresses if one.startswith("/studio/plans/")]


def test_the_overview_says_what_there_is_and_what_went_wrong(reader: httpx.Client) -> None:
    page = page_at(reader, "/")

    assert {"/studio/endpoints/letters", "/studio/jobs/picky-one"} <= set(page.addresses)
    assert "which exceeds error threshold 0" in page.text
    assert "Nothing is running, and nothing waits." in page.text
    assert "letters on local, state 4" in page.text


def test_a_job_that_runs_is_on_the_overview_with_how_far_it_is(tmp_path: Path) -> None:
    with serving(live_in(tmp_path)) as running, working(running.workspace), browsing(running) as opened:
        for width, scheme in looks():
            with opened.tab(width=width, scheme=scheme) as tab:
                tab.go("/").must_be_sound()
                text = tab.page.inner_text("main")
                assert "at-work" in text
                assert "1 of 5" in text


def test_the_endpoint_sets_its_deployments_side_by_side(reader: httpx.Client) -> None:
    page = page_at(reader, "/studio/endpoints/letters")

    assert "green 100 % of the traffic blue picky" in page.text
    assert "settings.mini_batch_size 3 2 3" in page.text
    assert "12 settings are the same" in page.text
    uri = f"{reader.base_url}".rstrip("/") + "/endpoints/letters/jobs"
    assert f"curl --request POST '{uri}'" in page.text
    shifts = [one for one in page.addresses if one.startswith("/studio/plans/")]
    assert len(shifts) == 2
    assert set(shifts) <= set(plans_of(reader))


def test_an_endpoint_that_is_not_there_is_said_with_the_nearest(reader: httpx.Client) -> None:
    answer = reader.get("/studio/endpoints/lettres", headers=HTML)

    assert answer.status_code == 404
    assert "Did you mean" in must_be_harmless(answer.text).text
    assert reader.get("/studio/endpoints/lettres").json()["error"]["code"] == "NotFound"


def test_every_plan_is_drawn_as_a_review(reader: httpx.Client) -> None:
    paths = plans_of(reader)
    assert len(paths) == 5  # four were applied, one lies in a file

    shifting = page_at(reader, paths[1])
    assert "Plan for letters on local" in shifting.text
    assert "traffic moves: blue 100 -> 0, green 0 -> 100" in shifting.text
    assert "applied" in shifting.text
    waiting = page_at(reader, paths[4])
    assert "not applied" in waiting.text
    assert "back-to-blue.json" in paths[4]


@pytest.mark.parametrize("name", ["nothing", "..%2Fstate", "1-0", "..%2F..%2Fbep.yml", "%00"])
def test_no_other_name_is_a_plan(reader: httpx.Client, name: str) -> None:
    assert reader.get(f"/studio/plans/{name}", headers=HTML).status_code == 404


def test_what_changed_between_two_states(reader: httpx.Client) -> None:
    page = page_at(reader, "/studio/states?before=1&after=3")

    assert "State 1 to 3" in page.text
    assert "1 created, 1 shifted" in page.text
    assert "deployment/letters/green" in page.text
    assert "Every resource is recorded as it was." in page_at(reader, "/studio/states?before=2&after=2").text
    assert reader.get("/studio/states?before=1&after=99", headers=HTML).status_code == 404
    assert reader.get("/studio/states?before=x&after=1", headers=HTML).status_code == 400


def test_two_jobs_are_compared(reader: httpx.Client) -> None:
    chosen = page_at(reader, "/studio/compare?first=first-of-blue")
    assert "first-of-green (letters/green)" in chosen.text

    found = page_at(reader, "/studio/compare?first=first-of-blue&second=first-of-green")
    assert "Different rows 3" in found.text
    assert "1 a.txt blue a.txt 1 green a.txt 2" in found.text
    wrong = page_at(reader, "/studio/compare?first=first-of-blue&second=picky-one")
    assert "picky-one cannot be compared: it is Failed" in wrong.text
    assert "there is no job 'nobody' here" in page_at(reader, "/studio/compare?first=nobody&second=nothing").text


def test_every_address_on_a_page_leads_somewhere(reader: httpx.Client) -> None:
    seen, waiting = set(), ["/"]
    while waiting:
        path = waiting.pop()
        answer = reader.get(path, headers=HTML)
        assert answer.status_code == 200, path
        seen.add(path)
        if answer.headers["content-type"].startswith("text/html"):
            found = {one.partition("#")[0] for one in must_be_harmless(answer.text).links}
            waiting += sorted(one for one in found - seen - set(waiting) if one and "/studio/jobs" not in one)
    assert {"/", "/studio/plans", "/studio/compare", "/studio/endpoints/letters"} <= seen


def test_drift_is_told_with_the_moment_of_the_look(applied: Workspace) -> None:
    with serving(applied) as running:
        reader = running.client("read")
        _take_away(applied, "compute/cpu-cluster")
        for _ in range(100):
            text = page_at(reader, "/").text
            if "being looked at" not in text:
                break
            time.sleep(0.1)
    assert "1 resource was changed outside bep" in text
    assert "cpu-cluster is gone" in text
    assert "Looked at just now" in text


def _take_away(workspace: Workspace, address: str) -> None:
    """As somebody does who deletes an object behind bep's back."""
    import sqlite3

    with sqlite3.connect(workspace.folder / ".bep/cloud/catalog.sqlite") as catalog:
        tables = [name for (name,) in catalog.execute("select name from sqlite_master where type = 'table'")]
        for table in tables:
            columns = [row[1] for row in catalog.execute(f"pragma table_info({table})")]
            if "address" in columns:
                catalog.execute(f"delete from {table} where address = ?", (address,))
    catalog.close()


def test_a_workspace_in_which_nothing_was_applied(workspace: Workspace) -> None:
    with serving(workspace) as running:
        reader = running.client("read")
        assert "No endpoint was applied yet" in page_at(reader, "/").text
        assert "No plan was applied here yet" in page_at(reader, "/studio/plans").text
        assert "No job has completed yet" in page_at(reader, "/studio/compare").text


def test_nothing_that_somebody_wrote_is_markup(tmp_path: Path) -> None:
    told = json.dumps(HOSTILE)
    specs = FILES["specs.yml"].replace("auth_mode: aad_token", f"auth_mode: aad_token\ndescription: {told}")
    specs = specs.replace("type: model\nmodel", f"type: model\ndescription: {told}\nmodel")
    script = f"def init(): pass\ndef run(paths):\n    return [{HOSTILE!r}, {HOSTILE!r} + paths[0]][: len(paths)]\n"
    write(tmp_path, {**FILES, "specs.yml": specs, "code/score.py": script})
    write(tmp_path / "texts", {"<b>&\u202e.txt": "a"})
    workspace = Workspace(tmp_path)
    workspace.bep("apply", "-y")
    workspace.bep("run", "job.yml", "--name", "one")
    write(tmp_path, {"code/score.py": script.replace("paths[0]", "paths[-1]")})
    workspace.bep("apply", "-y")
    workspace.bep("run", "job.yml", "--name", "two")
    write(tmp_path, {"code/score.py": f"def init(): pass\ndef run(paths): raise ValueError({HOSTILE!r})\n"})
    workspace.bep("apply", "-y")
    workspace.bep("run", "job.yml", "--name", "bad", "--set", "error_threshold=0", expect=1)
    with serving(workspace) as running:
        reader = running.client("read")
        paths = [
            "/",
            "/studio/endpoints/letters",
            "/studio/compare?first=one&second=two",
            "/studio/states?before=0&after=3",
        ]
        for path in [*paths, *plans_of(reader)]:
            text = page_at(reader, path).text
            assert "alert(1)" in text or path == "/", path
            assert "\\u202e" in text or path == "/", path
        for path in ("/studio/compare?first={}&second={}", "/studio/endpoints/{}", "/studio/plans/{}", "/{}"):
            quoted = path.replace("{}", "%3C%2Ftd%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E%E2%80%AE")
            must_be_harmless(reader.get(quoted, headers=HTML).text)


def test_every_page_in_a_real_browser(lived_in: Running, reader: httpx.Client) -> None:
    paths = [
        "/",
        "/studio/endpoints/letters",
        "/studio/plans",
        *plans_of(reader),
        "/studio/states?before=1&after=4",
        "/studio/compare",
        "/studio/compare?first=first-of-blue&second=picky-two",
    ]
    with browsing(lived_in) as opened:
        for width, scheme in looks():
            with opened.tab(width=width, scheme=scheme, role="read") as tab:
                for path in paths:
                    tab.go(path).must_be_sound()
        with opened.tab(role="read") as tab:
            for path in paths:
                reached = tab.go(path).walk()
                assert reached[0] == "Skip to the content"
                assert len(reached) == len(set(reached)) or len(reached) > 5


def test_pages_are_whole_without_a_script(lived_in: Running) -> None:
    with browsing(lived_in) as opened, opened.tab(script=False, role="read") as tab:
        tab.go("/studio/endpoints/letters")
        assert tab.page.locator("button.copy:visible").count() == 0
        assert "curl --request POST" in tab.page.inner_text("main")
        tab.go("/studio/compare")
        tab.page.select_option("select[name=first]", "first-of-blue")
        tab.page.click("main button[type=submit]")
        tab.page.select_option("select[name=second]", "first-of-green")
        tab.page.click("main button[type=submit]")
        assert "Different rows" in tab.page.inner_text("main")
        assert tab.troubles == []


def test_the_script_copies(lived_in: Running) -> None:
    with browsing(lived_in) as opened, opened.tab(role="read") as tab:
        tab.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        tab.go("/studio/endpoints/letters")
        tab.page.locator("button.copy").first.click()
        tab.page.locator("button.copy", has_text="Copied").first.wait_for()
        assert tab.page.evaluate("navigator.clipboard.readText()") == f"{lived_in.address}/endpoints/letters/jobs"


def test_the_overview_keeps_up_with_the_world(tmp_path: Path) -> None:
    with serving(live_in(tmp_path)) as running, browsing(running) as opened, opened.tab() as tab:
        tab.go("/")
        assert tab.page.inner_text("#standing") == "0 running, 0 waiting"
        with working(running.workspace):
            tab.page.locator("main a", has_text="at-work").first.wait_for(timeout=60_000)
            tab.page.locator("#standing", has_text="1 running").wait_for(state="attached", timeout=60_000)
        tab.page.locator("#standing", has_text="0 running").wait_for(state="attached", timeout=60_000)
        assert tab.troubles == []


def test_traffic_that_was_moved_through_the_server_is_told_with_who(applied: Workspace) -> None:
    with serving(applied) as running:
        asking, reader = Asking(running), running.client("read")
        there = asking.get("/batchEndpoints/letters")
        there["properties"]["defaults"] = {"deploymentName": None}
        assert asking.answer("PUT", "/batchEndpoints/letters", json=there).status_code in (200, 201)

        page = page_at(reader, "/studio/endpoints/letters")
        assert "admin" in page.text.partition("How traffic moved")[2].partition("Start a job")[0]
        assert "outside bep" in page.text
        assert "nowhere" in page_at(reader, "/").text
