"""Workers that are started while the inputs are still being listed: soon enough, not too many, never left behind."""

import http.server
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bep.runner.errors import InputsInvalid
from bep.runner.inputs import expanding

Jobs = Any

MARKS = """
    import os
    from pathlib import Path
    def init():
        Path(os.environ["MARKS"], str(os.getpid())).touch()
    def run(mini_batch):
        return [Path(path).name for path in mini_batch]
"""


class _WhenReady(http.server.BaseHTTPRequestHandler):
    """Answers when as many scripts as the path says have been prepared; if that never happens, with an error."""

    marks: Path

    def do_GET(self) -> None:
        wanted, until = int(self.path.lstrip("/").split("x")[0]), time.monotonic() + 20
        while len(list(self.marks.iterdir())) < wanted and time.monotonic() < until:
            time.sleep(0.01)
        self.send_response(200 if len(list(self.marks.iterdir())) == wanted else 500)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    _WhenReady.marks = tmp_path / "marks"
    _WhenReady.marks.mkdir()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _WhenReady) as served:
        thread = threading.Thread(target=served.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{served.server_port}"
        served.shutdown()
        thread.join()


@pytest.mark.parametrize(("items", "prepared"), [(40, 3), (20, 2), (9, 0)])
def test_scripts_are_prepared_while_an_input_is_still_on_its_way(
    jobs: Jobs, server: str, items: int, prepared: int
) -> None:
    there = jobs.files(items)
    request = jobs.request(
        MARKS, inputs=(*there, f"{server}/{prepared}x.txt"), workers=3, variables={"MARKS": str(jobs.root / "marks")}
    )
    record = jobs.run(request)
    assert (record.status, record.counts.scored) == ("Completed", items + 1), record.error


def test_a_job_whose_inputs_fail_leaves_no_worker(jobs: Jobs, living: Callable[[], list[int]]) -> None:
    script = "import time\ndef init():\n    time.sleep(600)\ndef run(mini_batch):\n    return mini_batch\n"
    with pytest.raises(InputsInvalid):
        jobs.score(script, inputs=(*jobs.files(100), str(jobs.root / "nowhere")))
    assert not living()


def test_a_worker_killed_before_it_had_a_journal_stands_in_nobodys_way(jobs: Jobs) -> None:
    request = jobs.request(items=20)
    for name in ("000000.rows", "000001.rows"):
        (request.folder / "parts").mkdir(parents=True, exist_ok=True)
        (request.folder / "parts" / name).touch()
    record = jobs.run(request)
    assert (record.status, record.counts.scored) == ("Completed", 20), record.error
    assert {file.stem for file in (request.folder / "parts").glob("*.journal")} <= {"000002", "000003"}


def test_files_are_counted_no_further_than_needed(tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / f"{number}.txt").touch()
    (tmp_path / "below").mkdir()
    folder, file = str(tmp_path), str(tmp_path / "0.txt")
    assert expanding.at_least([folder], 10) <= 10
    assert expanding.at_least([folder], 100) == 30
    assert expanding.at_least([file, file, folder], 2) == 2
    assert expanding.at_least([str(tmp_path / "nowhere"), "https://x/y.csv", str(tmp_path / "*.txt"), file], 5) == 1
