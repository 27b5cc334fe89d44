"""The page of a job: whole, harmless, small, and true."""

import re
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import pytest

from bep.runner.folder.folder import JobFolder
from bep.runner.folder.record import JobRecord
from bep.runner.jobs import drawing
from bep.runner.reporting.html_axis import axis_of
from bep.runner.reporting.html_charts import latencies, throughput, workers
from bep.runner.reporting.html_data import BINS, Latencies, Timeline, gather
from bep.runner.reporting.numbers import duration, number_of
from bep.runner.worker import wire

Jobs = Any

HOSTILE = """
    import os

    def run(mini_batch):
        for path in mini_batch:
            if "13" in os.path.basename(path):
                raise ValueError("<script>alert('x')</script> \\x07 \\ud800 & " + os.path.basename(path))
            if "21" in os.path.basename(path):
                raise KeyError("</pre><img src=http://example.org/x.png>")
        return [open(path).read() for path in mini_batch]
"""


class Page(HTMLParser):
    """Tags that are open, in order; whatever is closed must be the one opened last."""

    empty = frozenset({"meta", "br", "img", "link", "input"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: Counter[str] = Counter()
        self.ids: list[str] = []
        self.addresses: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen[tag] += 1
        self.ids += [value or "" for name, value in attrs if name == "id"]
        self.addresses += [f"{tag} {name}" for name, _ in attrs if name in ("src", "href", "action", "onload")]
        if tag not in self.empty and not (self.get_starttag_text() or "").endswith("/>"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def report_of(record: JobRecord) -> str:
    return drawing.write(record.folder).read_text()


def test_a_page_needs_nothing_else_and_runs_nothing(jobs: Jobs) -> None:
    record, _ = jobs.score(HOSTILE, mini_batch_size=4, max_retries=1)
    text = report_of(record)
    page = Page(text)
    assert page.open == []
    assert page.seen["script"] == page.seen["img"] == page.seen["link"] == 0
    assert page.addresses == []
    assert "default-src 'none'" in text
    assert "url(" not in text
    assert len(set(page.ids)) == len(page.ids)


def test_what_a_script_said_is_text(jobs: Jobs) -> None:
    record, _ = jobs.score(HOSTILE, mini_batch_size=4, max_retries=1)
    text = report_of(record)
    assert "&lt;script&gt;alert" in text
    assert "\\x07" in text
    assert "\x07" not in text
    assert "\\ud800" in text
    assert "Failed items: 2" in text
    assert "00013.txt" in text
    assert "in run" in text  # the traceback


def test_every_number_is_the_records_own(jobs: Jobs) -> None:
    record, _ = jobs.score(mini_batch_size=1, items=40)
    text = report_of(record)
    tiles = dict(re.findall(r"<dt>([^<]*)</dt><dd class=\"[^\"]*\">([^<]*)</dd>", text))
    assert (tiles["Items"], tiles["Scored"], tiles["Failed"], tiles["Rows"]) == ("40", "40", "0", "40")
    found = gather(JobFolder(record.folder), record)
    assert found.latencies.count == sum(found.mini_batches.values()) == record.counts.mini_batches
    assert sum(found.timeline.items.values()) == pytest.approx(40)
    assert "mini_batch_size" in text
    assert Page(text).seen["svg"] == 3


def test_a_job_that_never_scored_has_a_page_too(jobs: Jobs) -> None:
    script = """
        def init():
            raise RuntimeError("no weights <here>")

        def run(mini_batch):
            return []
    """
    record, _ = jobs.score(script)
    text = report_of(record)
    assert "No mini-batch was scored" in text
    assert "no weights &lt;here&gt;" in text
    assert 'role="alert"' in text
    assert Page(text).seen["svg"] == 0


def test_a_value_of_a_variable_is_nowhere(jobs: Jobs) -> None:
    record, _ = jobs.score(variables={"TOKEN": "canary-4711"})
    text = report_of(record)
    assert "TOKEN" in text
    assert "canary-4711" not in text


def test_a_page_of_very_many_mini_batches_is_small(jobs: Jobs) -> None:
    record, _ = jobs.score(items=40, mini_batch_size=1)
    assert record.started
    began = record.started.timestamp()
    for worker in range(60):
        journal = b"".join(
            wire.record(number % 40, 1, 1, 0, 0, b"", began + number * 0.5, 0.1 + number % 7) for number in range(2000)
        )
        (record.folder / "parts" / f"{worker:06d}.journal").write_bytes(journal)
    text = report_of(record)
    assert len(text) < 500_000
    assert "60 workers" in text
    assert "20 more are not drawn" in text
    assert Page(text).open == []


def test_time_is_binned_wider_and_wider_and_nothing_is_lost() -> None:
    timeline = Timeline(1000.0)
    for number in range(5000):
        timeline.add(number % 3, 1000 + number * 0.7, 2.1, 10)
    assert len(timeline.items) <= BINS
    assert sum(timeline.items.values()) == pytest.approx(50_000)
    assert sum(sum(bins.values()) for bins in timeline.busy.values()) == pytest.approx(5000 * 2.1)


def test_one_call_of_a_day_is_drawn() -> None:
    timeline = Timeline(0.0)
    timeline.add(0, 3.0, 86_400.0, 1)
    assert sum(timeline.items.values()) == pytest.approx(1)
    assert "12 h" in throughput(timeline, axis_of(timeline))


def test_a_night_between_two_runs_is_cut_out() -> None:
    timeline = Timeline(0.0)
    for number in range(100):
        timeline.add(0, number * 0.1, 0.1, 1)
        timeline.add(1, 36_000 + number * 0.1, 0.1, 1)
    axis = axis_of(timeline)
    assert len(axis.gaps) == 1
    assert axis.gaps[0][2] == pytest.approx(36_000, rel=0.02)
    assert axis.shown < 600
    assert "10 h without a result" in throughput(timeline, axis).replace("9 h 59 min", "10 h")


def test_quantiles_are_near_and_the_longest_is_exact() -> None:
    found = Latencies()
    for number in range(1, 1001):
        found.add(number / 1000, number, 1, 0)
    assert found.quantile(0.5) == pytest.approx(0.5, rel=0.13)
    assert found.quantile(0.99) == pytest.approx(0.99, rel=0.13)
    assert found.quantile(1) == 1.0
    assert [entry[0] for entry in sorted(found.slowest)] == [0.996, 0.997, 0.998, 0.999, 1.0]


def test_drawings_are_the_same_every_time(golden: Callable[[str, str], None]) -> None:
    timeline, found = Timeline(0.0), Latencies()
    for number in range(40):
        seconds = 0.02 * (1 + number % 5)
        timeline.add(number % 2, number * 0.06, seconds, 5)
        found.add(seconds, number, 5, number % 2)
    axis = axis_of(timeline)
    drawn = [throughput(timeline, axis), latencies(found), workers(timeline, axis)]
    golden("runner/report_drawings.svg", "\n".join(drawn).replace("><", ">\n<") + "\n")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (0.00002, "20 µs"), (0.0123, "12.3 ms"), (0.5, "500 ms"), (1, "1 s"), (59.4, "59.4 s"),
     (59.7, "1 min"), (125, "2 min 5 s"), (5400, "1 h 30 min"), (86400, "24 h")],
)  # fmt: skip
def test_durations_read_well(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(("value", "text"), [(0, "0"), (0.25, "0.25"), (12, "12"), (1234.4, "1,234"), (2.5e6, "2.5 M")])
def test_numbers_read_well(value: float, text: str) -> None:
    assert number_of(value) == text


def test_nodes_have_rows_of_their_own_and_are_as_busy_as_all_their_workers() -> None:
    timeline = Timeline(0.0)
    for worker in range(2):
        timeline.add(worker, 0.0, 10.0, 5)
    axis = axis_of(timeline)
    whole, half = workers(timeline, axis, ("node0-0123abcd", "node1")), workers(timeline, axis, ("a", "b"), each=2)
    assert ">node0-012…</text>" in whole
    assert ">node1</text>" in whole
    assert "When each of 2 nodes was inside run()." in whole
    assert whole.count('fill-opacity="1"') == 2
    assert half.count('fill-opacity="0.6"') == 2
    assert ">worker 0</text>" in workers(timeline, axis)


TROUBLED = """
    import os, time

    def run(mini_batch):
        numbers = [int(open(path).read()) for path in mini_batch]
        if 3 in numbers:
            raise ValueError("three")
        if 7 in numbers:
            time.sleep(60)
        if 11 in numbers:
            os.abort()
        return numbers
"""


def test_attempts_that_failed_are_drawn_where_they_were(jobs: Jobs) -> None:
    record, _ = jobs.score(TROUBLED, items=20, mini_batch_size=1, max_retries=0, timeout=0.3)
    found = gather(JobFolder(record.folder), record)
    assert sum(sum(bins.values()) for bins in found.timeline.failed.values()) >= 0.3
    assert len(found.timeline.failed) >= 2  # each of the two that died was in a call
    drawn = workers(found.timeline, axis_of(found.timeline))
    assert drawn.count('<rect class="failed"') >= len(found.timeline.failed)  # two in one place are one
    text = report_of(record)
    assert "Red: an attempt that failed." in text
    assert all(told in text for told in ("ValueError once", "Timeout once", "WorkerCrashed once"))
    assert Page(text).open == []


def test_a_job_that_scored_nothing_still_shows_its_workers(jobs: Jobs) -> None:
    record, _ = jobs.score("def run(mini_batch): raise ValueError('no')", items=4, max_retries=0, error_threshold=0)
    assert record.status == "Failed"
    text = report_of(record)
    assert "No mini-batch was scored." in text
    assert '<rect class="failed"' in text


def test_texts_over_idle_time_do_not_overlap() -> None:
    timeline = Timeline(0.0)
    for number in range(60):
        timeline.add(0, number * 0.01, 0.01, 1)
    for number in range(1, 6):
        timeline.add(0, number * 100.0, 0.01, 1)
    timeline.reach(10_000.0)
    drawn = throughput(timeline, axis_of(timeline))
    begins = [(float(x), text) for x, text in re.findall(r'class="note" x="([0-9.]+)"[^>]*>([^<]+)<', drawn)]
    assert 1 <= len(begins) < drawn.count('class="cut"')
    for (x, text), (later, _) in pairwise(begins):
        assert x + 6 * len(text) < later
    assert begins[-1][0] + 6 * len(begins[-1][1]) < 940
