"""What a person reads of a job that failed: the user's own files and lines, and nothing twice."""

import json
import re
from pathlib import Path

import pytest

from bep.commands.jobs.equal_tracebacks import EqualTracebacks
from tests.bep.conftest import FILES, Workspace, write

SCORE = """\
import os, sys, time, traceback
from reading.numbers import number_in

def run(mini_batch):
    rows = []
    for path in mini_batch:
        try:
            rows.append(number_in(path))
        except ValueError:
            traceback.print_exc()
            raise
        if rows[-1] == 99:
            time.sleep(60)
    return rows
"""
READING = """\
from . import reader

def number_in(path):
    return int(reader.text(path))
"""
READER = "def text(path):\n    with open(path) as file:\n        return file.read()\n"
TEXTS = {"a": "1", "b": "bad", "c": "3", "d": "bad", "e": "99", "f": "bad"}


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A job that three files fail alike and one by taking too long, and that fails for it."""
    folder = tmp_path_factory.mktemp("failed")
    code = {"score.py": SCORE, "reading/__init__.py": "", "reading/numbers.py": READING, "reading/reader.py": READER}
    texts = {f"texts/{name}.txt": text for name, text in TEXTS.items()}
    write(folder, {**FILES, **{f"parts/code/{name}": text for name, text in code.items()}, **texts})
    workspace = Workspace(folder)
    workspace.edit("specs.yml", "code: code", "code: parts/code")
    workspace.edit("specs.yml", "{mini_batch_size: 2}", "{mini_batch_size: 2, retry_settings: {timeout: 2}}")
    workspace.bep("apply", "--auto-approve")
    said = workspace.bep(
        "run", "job.yml", "--name", "bad", "--set", "retry_settings.max_retries=1", "--set", "error_threshold=3",
        expect=1,
    )  # fmt: skip
    (folder / "said.txt").write_text(said.stdout + said.stderr)
    return workspace


def places(text: str) -> set[str]:
    """The files and lines that tracebacks in a text name, but the library's."""
    found = re.findall(r'File "([^"]*)", line (\d+)', text.replace('\\"', '"'))
    return {f"{file}:{line}" for file, line in found if "/lib/python" not in file and not file.startswith("<")}


RAISED = {"parts/code/score.py:8", "parts/code/reading/numbers.py:4"}
LATE = {"parts/code/score.py:13"}


def test_tracebacks_name_the_users_files_wherever_they_are_read(failed: Workspace) -> None:
    job = failed.folder / ".bep/jobs/bad"
    said = (failed.folder / "said.txt").read_text()
    assert RAISED <= places(said) <= RAISED | LATE
    assert RAISED <= places((job / "job.json").read_text()) <= RAISED | LATE  # the first three failures
    for file in ("failed_items.jsonl", "journal", "logs/job_error.txt"):
        assert places((job / file).read_text()) == RAISED | LATE, file
    assert places(failed.bep("job", "logs", "bad", "--error").stdout) >= RAISED | LATE
    assert places(failed.bep("job", "logs", "bad", "--stderr").stdout) == RAISED
    assert ".bep/jobs/bad/" in failed.bep("job", "logs", "bad", "--stderr", "--raw").stdout


def test_a_place_in_a_log_is_a_line(failed: Workspace) -> None:
    job = failed.folder / ".bep/jobs/bad"
    items = [json.loads(line) for line in (job / "failed_items.jsonl").read_text().splitlines()]
    raised = [item for item in items if item["type"] == "ValueError"]
    assert [Path(item["item"]).name for item in raised] == ["b.txt", "d.txt", "f.txt"]
    for item in raised:
        log, _, line = item["log"].rpartition(":")
        head, file = (job / log).read_text().splitlines()[int(line) - 1 :][:2]
        assert re.fullmatch(r"mini-batch \d, attempt \d: ValueError: invalid literal for int\(\) .*", head)
        assert file == "  " + item["item"]


def test_equal_tracebacks_are_streamed_once_with_how_often_they_came(failed: Workspace) -> None:
    streamed = failed.bep("job", "stream", "bad", expect=1).stdout
    told = re.findall(r"numbers\.py\", line 4", streamed)
    errors = (failed.folder / ".bep/jobs/bad/logs/job_error.txt").read_text()
    times = errors.count('numbers.py", line 4')
    assert len(told) == 1 < times
    assert f"(the same traceback as before, {times} times by now)" in streamed
    assert f"(the traceback above; it came {times} times)" in streamed
    assert streamed.count("attempt ") >= errors.count("attempt ")


def test_lines_that_come_in_pieces_are_told_as_if_they_came_at_once() -> None:
    entry = ["attempt 1 failed: E: x", "  a.txt", "Traceback (most recent call last):", "  File", "E: x", "log: l:1"]
    lines = [*entry, *entry, *entry]
    whole = list(EqualTracebacks().fresh(lines, to_the_end=True))
    assert whole.count("Traceback (most recent call last):") == 1
    assert [line for line in whole if "times by now" in line] == [
        "(the same traceback as before, 2 times by now)", "(the same traceback as before, 3 times by now)",
    ]  # fmt: skip
    for size in range(1, len(lines)):
        pieces = EqualTracebacks()
        told = [
            line
            for start in range(0, len(lines), size)
            for line in pieces.fresh(lines[start : start + size], to_the_end=start + size >= len(lines))
        ]
        assert told == whole


def test_the_page_of_a_failed_job_opens_with_the_cause(failed: Workspace) -> None:
    failed.bep("job", "report", "bad")
    page = (failed.folder / ".bep/jobs/bad/report.html").read_text()
    cause, traceback = page.index("exceeds error threshold"), page.index("parts/code/reading/numbers.py")
    charts = page.index("<svg") if "<svg" in page else page.index("How it went")
    assert page.index("<h1>") < cause < traceback < charts
    assert "split to find the bad files" in page
