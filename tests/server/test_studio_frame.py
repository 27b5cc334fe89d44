"""What every page of the studio has: its frame, its own files, and a page for whoever is refused."""

import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from markupsafe import Markup

from bep.server.studio import texts
from tests.server.browsing import browsing, looks
from tests.server.serving import Running

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def test_whoever_is_not_known_is_told_how_to_sign_in(running: Running) -> None:
    person, program = httpx.get(running.address, headers=HTML), httpx.get(running.address)

    assert (person.status_code, program.status_code) == (401, 401)
    assert "bep studio" in person.text
    assert "letters" not in person.text  # nothing of the workspace
    assert program.json()["error"]["code"] == "Unauthorized"


def test_who_may_not_look_is_told_so_on_a_page(running: Running) -> None:
    answer = running.client("invoke").get("/", headers=HTML)

    assert answer.status_code == 403
    assert "<h1>Not allowed</h1>" in answer.text


def test_what_is_not_there_is_a_page_for_people(running: Running) -> None:
    answer = running.client().get("/studio/nowhere/%3Cscript%3E", headers=HTML)

    assert answer.status_code == 404
    assert "<h1>Not found</h1>" in answer.text
    assert "<script>" not in answer.text


def test_its_files_are_kept_by_browsers_and_need_no_session(running: Running) -> None:
    page = running.client().get("/").text
    files = set(re.findall(r'(?:href|src)="(/studio/assets/[^"]+)"', page))

    assert {file.rpartition(".")[2] for file in files} == {"css", "js", "svg"}
    for file in files:
        answer = httpx.get(running.address + file)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
    assert httpx.get(running.address + "/studio/assets/studio.css").status_code == 404


def test_no_page_is_kept_by_a_browser(running: Running) -> None:
    assert "no-store" in running.client().get("/").headers["cache-control"]


def test_the_frame_and_its_refusals_in_a_browser(running: Running) -> None:
    with browsing(running) as opened:
        for width, scheme in looks():
            with opened.tab(width=width, scheme=scheme) as tab:
                tab.go("/").must_be_sound()
                tab.go("/studio/nowhere", status=404).must_be_sound()
            with opened.tab(width=width, scheme=scheme, role="") as tab:
                tab.go("/", status=401).must_be_sound()
            with opened.tab(width=width, scheme=scheme, role="invoke") as tab:
                tab.go("/", status=403).must_be_sound()


def test_the_keyboard_gets_everywhere_and_past_the_navigation(running: Running) -> None:
    with browsing(running) as opened, opened.tab() as tab:
        reached = tab.go("/").walk()
        assert reached[0] == "Skip to the content"
        assert {"Overview", "Jobs", "Plans", "Compare"} <= set(reached)
        tab.go("/")
        tab.page.keyboard.press("Tab")
        tab.page.keyboard.press("Enter")
        assert tab.page.evaluate("document.activeElement.id") == "content"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("plain", "plain"),
        ("turned \u202e round", "turned \\u202e round"),
        ("two\nlines\tand \x1b[2J", "two\nlines\tand \\x1b[2J"),
        (Markup("<b>"), Markup("<b>")),
        (3, 3),
    ],
)
def test_what_turns_or_hides_writing_is_spelt_out(given: object, shown: object) -> None:
    assert texts.visible(given) == shown


def test_a_name_is_never_markup() -> None:
    assert texts.name("<script>/\u202e") == "<code>&lt;script&gt;/<wbr>\\u202e</code>"
    assert texts.running("say `<b>` & go") == "say <code>&lt;b&gt;</code> &amp; go"


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0, "just now"), (-10, "just now"), (300, "5 min ago"), (3569, "59 min ago"), (3599, "1 h ago"),
     (7200, "2 h ago"), (200000, "2 d ago"), (-300, "in 5 min")],
)  # fmt: skip
def test_how_long_ago_a_moment_was(seconds: float, told: str) -> None:
    now = datetime(2026, 11, 27, tzinfo=UTC)
    assert texts.ago(now - timedelta(seconds=seconds), now) == told


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(None, ""), (0.012, "12 ms"), (3.44, "3.4 s"), (42.3, "42 s"), (125, "2 min 5 s"),
     (5400, "1 h 30 min"), (273600, "3 d 4 h")],
)  # fmt: skip
def test_lengths_of_time(seconds: float | None, told: str) -> None:
    assert texts.duration(seconds) == told


@pytest.mark.parametrize(("count", "told"), [(None, ""), (512, "512 B"), (1400, "1.4 KB"), (2_100_000_000, "2.1 GB")])
def test_sizes(count: int | None, told: str) -> None:
    assert texts.size(count) == told
