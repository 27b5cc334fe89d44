"""What becomes an item, in which order, and what is said when nothing does."""

import http.server
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bep.runner.errors import InputsInvalid, OutputExists
from bep.runner.folder.folder import JobFolder
from bep.runner.inputs import expanding, manifest
from bep.runner.transfer import downloading, stores

Jobs = Any


def listed(root: Path, *texts: str) -> list[str]:
    found = expanding.expand([t if "://" in t else str(root / t) for t in texts], root / "downloads")
    return [os.path.relpath(os.fsdecode(name), root) for name in found]


def left(root: Path) -> list[str]:
    """What fetching has left that a job could take for a file of it."""
    found = (root / "downloads").rglob("*")
    return [path.name for path in found if path.is_file() and path.name not in ("lock", "latest.json")]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("in/a.txt", "in/a/z.txt", "in/a-b/y.txt", "in/.hidden", "in/b/.deep/x", "in/zero", "other.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("" if name == "in/zero" else name)
    return tmp_path


def test_a_folder_is_listed_whole_in_the_order_of_paths(tree: Path) -> None:
    found = listed(tree, "in")
    assert found == sorted(found, key=os.fsencode)
    assert found == ["in/.hidden", "in/a-b/y.txt", "in/a.txt", "in/a/z.txt", "in/b/.deep/x", "in/zero"]


def test_files_globs_and_lists_come_in_the_order_asked_for(tree: Path) -> None:
    assert listed(tree, "other.csv", "in/a.txt") == ["other.csv", "in/a.txt"]
    assert listed(tree, "in/*.txt") == ["in/a.txt"]
    assert listed(tree, "in/**/*.txt") == ["in/a-b/y.txt", "in/a.txt", "in/a/z.txt"]
    assert sorted(listed(tree, "in/**")) == listed(tree, "in")


def test_a_link_to_a_folder_is_followed_but_not_in_a_circle(tree: Path) -> None:
    (tree / "in" / "c").symlink_to(tree / "in" / "a")
    assert "in/c/z.txt" in listed(tree, "in")
    (tree / "in" / "a" / "up").symlink_to(tree / "in")
    with pytest.raises(InputsInvalid, match="a symbolic link to one of its own parent folders; remove it"):
        listed(tree, "in")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("in/nothing", r"in/nothing: no such file or folder; .*/in exists$"),
        ("no/such/place", r"no/such/place: no such file or folder; .* exists$"),
        ("in/*.png", r"in/\*\.png: no files there$"),
        ("bare", r"bare: no files there$"),
        ("dangling", r"dangling: a symbolic link to /nowhere, which does not exist$"),
        ("pipe", r"pipe: neither a file nor a folder$"),
    ],
)
def test_what_is_missing_is_named(tree: Path, text: str, told: str) -> None:
    (tree / "bare").mkdir()
    (tree / "dangling").symlink_to("/nowhere")
    os.mkfifo(tree / "pipe")
    with pytest.raises(InputsInvalid, match=told):
        listed(tree, text)


def test_a_job_without_inputs_or_with_an_output_in_its_way_does_no_work(jobs: Jobs) -> None:
    with pytest.raises(InputsInvalid, match="no such file or folder"):
        jobs.score(inputs=(str(jobs.root / "nowhere"),))
    with pytest.raises(InputsInvalid, match="the job has no inputs"):
        jobs.score(inputs=(), name="none")
    request = jobs.request(name="exists")
    request.output_folder.mkdir(parents=True)
    (request.output_folder / "predictions.csv").write_text("precious")
    with pytest.raises(OutputExists, match="is never overwritten"):
        jobs.run(request)
    assert (request.output_folder / "predictions.csv").read_text() == "precious"
    assert not list(request.folder.parent.iterdir())


def test_a_file_that_goes_away_after_the_listing_fails_alone(jobs: Jobs) -> None:
    script = """
        import os

        def run(mini_batch):
            rows = []
            for path in mini_batch:
                if path.endswith("/00003.txt") and os.path.exists(path):
                    os.remove(path)
                rows.append(open(path).read())
            return rows
    """
    record, output = jobs.score(script, items=10, mini_batch_size=4, max_retries=1)
    assert (record.status, record.counts.scored, record.counts.failed) == ("Completed", 9, 1)
    assert output.split() == [str(n) for n in range(10) if n != 3]
    (failure,) = record.failures
    assert failure.code == "FileNotFoundError"
    assert [Path(name).name for name in failure.files] == ["00003.txt"]


def test_the_manifest_gives_back_every_name(tmp_path: Path) -> None:
    folder = JobFolder(tmp_path)
    names = [b"/x/%d" % n for n in range(23)] + [b"/x/new\nline", b"/x/\xff"]
    made = manifest.write(folder, iter(names), 10)
    assert (made.items, len(made.starts)) == (25, 3)
    assert [os.fsencode(name) for name in made.names(0, 25)] == names
    assert [os.fsencode(name) for name in made.names(8, 4)] == names[8:12]
    assert made.names(24, 1) == (os.fsdecode(b"/x/\xff"),)


class _Answers(http.server.BaseHTTPRequestHandler):
    asked: list[str] = []  # noqa: RUF012 - one list for all requests

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(404 if "missing" in self.path else 200)
        self.send_header("Content-Length", "100" if "short" in self.path else "5")
        self.end_headers()
        self.wfile.write(b"12345")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    _Answers.asked.clear()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Answers) as served:
        thread = threading.Thread(target=served.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{served.server_port}"
        served.shutdown()
        thread.join()


def test_a_url_is_fetched_whole(tmp_path: Path, server: str) -> None:
    (name,) = listed(tmp_path, server + "/data/a%20b.csv?sig=secret")
    assert name.endswith("/a b.csv")
    assert (tmp_path / name).read_bytes() == b"12345"
    assert listed(tmp_path, server + "/data/a%20b.csv?sig=another") == [name]


@pytest.mark.parametrize("path", ["/missing.csv?sig=canary", "/short.csv?sig=canary"])
def test_a_url_that_fails_leaves_no_file_and_tells_no_secret(tmp_path: Path, server: str, path: str) -> None:
    with pytest.raises(InputsInvalid, match="cannot be fetched") as told:
        listed(tmp_path, server + path)
    assert "canary" not in str(told.value)
    assert left(tmp_path) == []


@pytest.fixture
def store() -> Any:
    """What fsspec keeps in this process's memory."""
    fsspec = pytest.importorskip("fsspec", reason="the environment has no fsspec")
    system = fsspec.filesystem("memory")
    system.pipe({"/bucket/images/b.txt": b"b", "/bucket/images/deep/a.txt": b"a", "/bucket/one file.txt": b"1"})
    yield system
    system.rm("/bucket", recursive=True)


def test_a_folder_of_any_store_that_fsspec_knows_is_fetched(tmp_path: Path, store: Any) -> None:
    names = listed(tmp_path, "memory://bucket/images")
    assert [(Path(name).name, (tmp_path / name).read_bytes()) for name in names] == [("b.txt", b"b"), ("a.txt", b"a")]
    assert names[1].endswith("/deep/a.txt")
    assert listed(tmp_path, "memory://bucket/images") == names


def test_a_store_is_counted_by_its_listing(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def get_file(*_: object, **__: object) -> None:
        raise AssertionError("a file was fetched")

    monkeypatch.setattr(store, "get_file", get_file)
    urls = ("memory://bucket/images", "memory://bucket/one file.txt", "http://localhost:1/a.csv")
    assert [downloading.count(url) for url in urls] == [2, 1, 1]
    with pytest.raises(InputsInvalid, match="no such file or folder"):
        downloading.count("memory://bucket/nowhere")


def test_a_file_of_a_store_is_scored_as_any_other(jobs: Jobs, store: Any) -> None:
    record, output = jobs.score(inputs=("memory://bucket/one file.txt", "memory://bucket/images"), items=0)
    assert record.status == "Completed", record.error
    assert output.split() == ["1", "b", "a"]


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("memory://bucket/nowhere", "memory://bucket/nowhere: no such file or folder"),
        ("nosuchstore://bucket/x", "Protocol not known: nosuchstore"),
    ],
)
def test_what_a_store_does_not_have_is_named(tmp_path: Path, store: Any, url: str, told: str) -> None:
    with pytest.raises(InputsInvalid, match=told):
        listed(tmp_path, url)
    assert left(tmp_path) == []


def test_a_fetch_that_breaks_off_leaves_nothing_and_says_why(
    tmp_path: Path, store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Refused(Exception):
        pass

    def get_file(_: object, source: str, target: str, **more: object) -> None:
        Path(target).write_text("half")
        if source.endswith("a.txt"):
            raise Refused("403")

    monkeypatch.setattr(type(store), "get_file", get_file)
    monkeypatch.setattr(stores, "_PAUSE", 0)
    with pytest.raises(InputsInvalid) as told:
        listed(tmp_path, "memory://bucket/images")
    assert sorted(str(told.value).split("\n")) == [
        "memory://bucket/images: /bucket/images/b.txt cannot be fetched: OSError: 4 of the 1 bytes that were listed "
        "have arrived",
        "memory://bucket/images: /bucket/images/deep/a.txt cannot be fetched: Refused: 403",
    ]
    assert left(tmp_path) == []


def test_without_fsspec_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(InputsInvalid, match=r"needs fsspec: pip install 'bep-batch\[fsspec\]'") as told:
        listed(tmp_path, "s3://bucket/images?token=canary")
    assert "canary" not in str(told.value)


def test_without_the_client_of_a_store_its_package_is_named(tmp_path: Path, store: Any) -> None:
    with pytest.raises(InputsInvalid, match=r"fix: pip install 'bep-batch\[fsspec\]' 'gcsfs'"):
        listed(tmp_path, "gs://bucket/images")


def test_a_file_address_is_read_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "a b.txt").write_text("x")
    assert listed(tmp_path, f"file://{tmp_path}/a%20b.txt") == ["a b.txt"]
    assert not (tmp_path / "downloads").exists() or not list((tmp_path / "downloads").rglob("*.txt"))
