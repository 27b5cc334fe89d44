"""The pages of jobs in a real browser, with a real job at work: seen, clicked, followed, used by the keyboard."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.bep.conftest import until
from tests.server.browsing import Browsing, Tab, browsing, looks
from tests.server.serving import Running, serving
from tests.server.studio_jobs import STORED, ended, go, in_progress, laid_out


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server over a workspace in which one job is over."""
    workspace = laid_out(tmp_path_factory.mktemp("studio"))
    ended(workspace)
    with serving(workspace) as found:
        yield found


@pytest.fixture
def browser(running: Running) -> Iterator[Browsing]:
    """A browser that looks at it."""
    with browsing(running) as found:
        yield found


OVER = "/studio/jobs/over"
PAGES = (
    "/studio/jobs", OVER, f"{OVER}/results", f"{OVER}/inputs", f"{OVER}/failed", f"{OVER}/logs",
    f"{OVER}/logs?file=job_error.txt&search=twelve", f"{OVER}/settings", f"{OVER}/steps/batchscoring",
    "/studio/datastores", "/studio/datastores/workspaceblobstore?path=azureml/over/score",
)  # fmt: skip


def test_each_page_is_sound_for_everybody(browser: Browsing) -> None:
    for width, scheme in looks():
        with browser.tab(width=width, scheme=scheme) as tab:
            for page in PAGES:
                tab.go(page).must_be_sound()


def test_each_page_of_a_job_at_work_is_sound_for_everybody(running: Running, browser: Browsing) -> None:
    with in_progress(running, "at-work") as name:
        for width, scheme in looks():
            with browser.tab(width=width, scheme=scheme) as tab:
                for page in ("", "/results", "/inputs", "/failed", "/logs", "/settings", "/steps/batchscoring"):
                    tab.go(f"/studio/jobs/{name}{page}").must_be_sound()


def test_the_drawn_report_is_shown_and_runs_nothing(browser: Browsing) -> None:
    with browser.tab() as tab:
        tab.go(f"{OVER}/report")
        assert tab.page.get_by_role("heading", name="Items scored per second").is_visible()
        assert tab.page.evaluate("window.origin") == "null"
        assert tab.troubles == []


def test_images_are_shown_beside_their_rows(browser: Browsing) -> None:
    with browser.tab() as tab:
        tab.go(f"{OVER}/inputs")
        tab.page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
        shown = "[...document.images].filter(image => image.complete && image.naturalWidth === 16).length"
        until(lambda: tab.page.evaluate(shown) == 24)
        assert tab.page.get_by_alt_text("Item 4: n03.png").is_visible()
        assert tab.page.locator("li", has_text="n03.png").get_by_text("24", exact=True).is_visible()


LABELS = """() => {
  const button = document.querySelector("button.copy");
  window.labels = [];
  new MutationObserver(() => labels.push(button.textContent)).observe(button, {childList: true});
}"""
"""Notes what a button that copies says: it says so for two seconds, which a busy machine may miss."""


def test_the_article_is_walked_step_by_step(running: Running, browser: Browsing) -> None:
    with browser.tab() as tab:
        page = tab.go("/").page
        page.get_by_role("navigation", name="Main").get_by_role("link", name="Jobs").click()
        page.get_by_role("table").get_by_role("link", name="over", exact=True).click()
        page.get_by_role("link", name="batchscoring").click()
        assert page.get_by_role("link", name="Outputs + logs").get_attribute("aria-current") == "page"
        page.get_by_text("Show data outputs").click()
        page.get_by_text("View output").click()
        path = page.locator(".view code").inner_text()
        page.evaluate(LABELS)
        page.get_by_role("button", name="Copy").click()
        until(lambda: bool({"Copied", "Selected"} & set(page.evaluate("labels"))))
        page.get_by_role("link", name="Open datastore").click()
        box = page.get_by_role("searchbox", name="Path")
        box.fill(path)
        box.press("Enter")
        page.get_by_role("table").get_by_role("link", name="predictions.csv").wait_for()
        with page.expect_download() as expected:
            page.get_by_role("link", name="predictions.csv").click()
        assert path == "azureml://datastores/workspaceblobstore/paths/azureml/over/score"
        assert Path(expected.value.path()).read_bytes().startswith(b"file,level,html")
        tab.must_be_sound()


def test_a_job_is_seen_from_its_start_to_its_end(running: Running, browser: Browsing) -> None:
    with browser.tab() as tab, in_progress(running, "seen") as name:
        page = tab.go(f"/studio/jobs/{name}").page
        lane = page.get_by_role("list", name="Workers of node").get_by_role("listitem").filter(has_text="n28.png")
        assert "mini-batch 15, items 29 to 30" in lane.inner_text()
        since = lane.locator(".since").inner_text()
        until(lambda: lane.locator(".since").inner_text() != since)  # the page keeps up by itself
        go(running.workspace)
        page.get_by_text("30 of 30 items").wait_for()
        page.get_by_role("button", name="Retry 1 failed").wait_for()  # and is loaded anew at the end
        assert page.locator("#status").inner_text() == "Completed"
        tab.must_be_sound()


def test_lines_of_a_log_are_added_while_somebody_reads(running: Running, browser: Browsing) -> None:
    with browser.tab() as tab, in_progress(running, "read-on") as name:
        page = tab.go(f"/studio/jobs/{name}/logs").page
        lines = page.get_by_label("Lines of job_progress_overview")
        assert "Completed" not in lines.inner_text()
        go(running.workspace)
        lines.get_by_text("job read-on Completed").wait_for()
        assert lines.inner_text().count("Scheduling finished") == 1
        tab.must_be_sound()


def press(tab: Tab, name: str) -> None:
    """Go to a button by Tab, and press it."""
    page = tab.page
    page.evaluate("document.activeElement.blur()")
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()") == name:
            page.keyboard.press("Enter")
            return
    raise AssertionError(f"Tab reaches no {name}")


@pytest.mark.parametrize("script", [True, False])
def test_a_job_is_ended_gone_on_with_and_tried_again_by_the_keyboard(
    running: Running, browser: Browsing, script: bool
) -> None:
    """Also without JavaScript, where the page is loaded again to see more."""
    mended = running.workspace.folder / "mended"
    mended.unlink(missing_ok=True)
    with browser.tab(script=script) as tab, in_progress(running, f"used-{script}".lower()) as name:
        status = tab.go(f"/studio/jobs/{name}").page.locator("#status")
        if script:
            press(tab, "Cancel")
        else:  # nothing can be asked of what has the focus
            tab.page.get_by_role("button", name="Cancel").press("Enter")
        tab.page.get_by_role("button", name="Resume").wait_for()
        assert status.inner_text() == "Canceled"
        go(running.workspace)
        tab.page.get_by_role("button", name="Resume").press("Enter")
        comes(tab, tab.page.get_by_role("button", name="Retry 1 failed"), script=script)
        mended.touch()
        tab.page.get_by_role("button", name="Retry 1 failed").press("Enter")
        comes(tab, tab.page.get_by_text("in 3 runs"), script=script)
        comes(tab, tab.page.locator("#status", has_text="Completed"), script=script)
        assert tab.page.get_by_role("button", name="Retry").count() == 0
        assert tab.troubles == []


def comes(tab: Tab, sought: Any, *, script: bool) -> None:
    """Wait for a part of the page: a script shows it, and loads the page when it likes; else it is loaded again."""
    if script:
        sought.wait_for()
        return

    def is_there() -> bool:
        tab.page.reload()
        return bool(sought.is_visible())

    until(is_there)


def test_who_only_looks_is_offered_nothing_to_do(running: Running, browser: Browsing) -> None:
    with browser.tab(role="read") as tab:
        tab.go(OVER).must_be_sound()
        assert tab.page.locator("main").get_by_role("button", name="Retry").count() == 0
        assert tab.page.locator("main form[method=post]").count() == 0


def test_without_a_script_everything_is_read(running: Running, browser: Browsing) -> None:
    with browser.tab(script=False) as tab:
        for page in PAGES:
            tab.go(page)
            assert tab.page.get_by_role("heading", level=1).is_visible()
        tab.go("/studio/jobs").page.get_by_label("Status").select_option("Failed")
        tab.page.get_by_role("button", name="Show", exact=True).click()
        assert tab.page.get_by_text("No job is one of those").is_visible()
        tab.go("/studio/datastores/workspaceblobstore").page.get_by_label("Path").fill(STORED)
        tab.page.get_by_role("button", name="Go there").click()
        assert tab.page.get_by_role("link", name="n00.png").is_visible()
