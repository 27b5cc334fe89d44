"""Azure's released client over TLS: what people do with an endpoint, from sending a folder to fetching predictions."""

import contextlib
import http.server
import io
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.bep.conftest import FILES, Workspace, surroundings, until, write
from tests.server.released_client import released_client
from tests.server.serving import Running, serving

pytestmark = pytest.mark.filterwarnings("default")  # what the client's own libraries warn of is theirs

SCRIPT = """\
import os, time

def init():
    print("ready")

def run(mini_batch):
    rows = []
    for path in mini_batch:
        with open(path) as stream:
            text = stream.read()
        while "wait" in text and not os.path.exists(GATE):
            time.sleep(0.02)
        if "bad" in text:
            raise ValueError("no letters in it")
        rows.append(f"{os.path.basename(path)} {len(text)}")
    return rows
"""
DATA = "---\nkind: data\nname: texts\nversion: 1\ntype: uri_folder\npath: texts\n"
SCORED = {f"{name}.txt {count}" for count, name in enumerate("abcde", start=1)}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server with a certificate of its own, which trusted here; jobs wait for a gate where they are told to."""
    pytest.importorskip("azure.ai.ml", reason="azure-ai-ml is not installed: pip install -e .[services]")
    folder = tmp_path_factory.mktemp("released")
    script = SCRIPT.replace("GATE", repr(str(folder / "gate")))
    write(folder, {**FILES, "specs.yml": FILES["specs.yml"] + DATA, "code/score.py": script})
    workspace = Workspace(folder)
    workspace.bep("apply", "-y")
    with serving(workspace, "--dev-cert") as found, pytest.MonkeyPatch.context() as patch:
        patch.setenv("REQUESTS_CA_BUNDLE", str(folder / ".bep/access/dev-certificate.pem"))
        yield found


@pytest.fixture(scope="module")
def client(running: Running) -> Any:
    """Who may start jobs, and nothing else."""
    return released_client(running, "invoke")


@pytest.fixture
def gate(running: Running) -> Iterator[Path]:
    """What jobs wait for that are told to: closed at first."""
    found = running.workspace.folder / "gate"
    yield found
    found.unlink(missing_ok=True)


def an_input(kind: str, path: str | Path) -> Any:
    """An input as people write it."""
    from azure.ai.ml import Input

    return Input(type=kind, path=str(path))


def rows_of(client: Any, job: str, target: Path) -> set[str]:
    """What a job came to, waited for and fetched by the client."""
    until(lambda: client.jobs.get(job).status in ("Completed", "Failed", "Canceled", "NotResponding"))
    assert client.jobs.get(job).status == "Completed"
    client.jobs.download(job, download_path=target)
    assert [path.name for path in target.rglob("*") if path.is_file()] == ["predictions.csv"]
    return set((target / "predictions.csv").read_text().splitlines())


def test_a_folder_is_sent_scored_and_fetched(running: Running, client: Any, tmp_path: Path) -> None:
    job = client.batch_endpoints.invoke("letters", input=an_input("uri_folder", running.workspace.folder / "texts"))

    assert rows_of(client, job.name, tmp_path) == SCORED
    sent = running.workspace.folder / ".bep/cloud/datastores/workspaceblobstore/LocalUpload"
    assert {path.name for path in sent.rglob("*.txt")} == {f"{name}.txt" for name in "abcde"}


def test_a_relative_folder_is_sent(
    running: Running, client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(running.workspace.folder)
    job = client.batch_endpoints.invoke("letters", input=an_input("uri_folder", "texts"), deployment_name="blue")

    assert rows_of(client, job.name, tmp_path) == SCORED


def test_a_file_is_sent_and_scored(running: Running, client: Any, tmp_path: Path) -> None:
    job = client.batch_endpoints.invoke("letters", input=an_input("uri_file", running.workspace.folder / "texts/c.txt"))

    assert rows_of(client, job.name, tmp_path) == {"c.txt 3"}


def test_a_large_file_is_sent_in_blocks_and_fetched_in_ranges(running: Running, client: Any, tmp_path: Path) -> None:
    """Beyond 64 MiB the client sends blocks, beyond 32 MiB it fetches ranges."""
    size = 80 << 20
    with (tmp_path / "large.txt").open("wb") as stream:
        stream.truncate(size)
    job = client.batch_endpoints.invoke("letters", input=an_input("uri_file", tmp_path / "large.txt"))

    assert rows_of(client, job.name, tmp_path / "out") == {f"large.txt {size}"}
    from azure.ai.ml._artifacts._artifact_utilities import download_artifact_from_aml_uri

    sent = running.workspace.folder / ".bep/cloud/datastores/workspaceblobstore/LocalUpload"
    found = next(path for path in sent.rglob("large.txt"))
    uri = f"azureml://datastores/workspaceblobstore/paths/LocalUpload/{found.relative_to(sent).as_posix()}"
    download_artifact_from_aml_uri(uri, str(tmp_path / "back"), client.datastores)
    assert (tmp_path / "back/large.txt").stat().st_size == size


def test_a_data_asset_is_scored(client: Any, tmp_path: Path) -> None:
    for number, name in enumerate(("azureml:texts:1", "azureml:texts@latest")):
        job = client.batch_endpoints.invoke("letters", input=an_input("uri_folder", name))
        assert rows_of(client, job.name, tmp_path / str(number)) == SCORED


def test_a_path_in_a_datastore_is_scored(running: Running, client: Any, tmp_path: Path) -> None:
    store = running.workspace.folder / ".bep/cloud/datastores/workspaceblobstore"
    write(store, {"own/x.txt": "four"})
    short = "azureml://datastores/workspaceblobstore/paths/own"
    long = f"azureml://subscriptions/s/resourcegroups/g/workspaces/letters/{short.removeprefix('azureml://')}"
    for number, path in enumerate((short, f"{short}/", long)):
        job = client.batch_endpoints.invoke("letters", input=an_input("uri_folder", path))
        assert rows_of(client, job.name, tmp_path / str(number)) == {"x.txt 4"}


def test_a_web_address_is_scored(client: Any, tmp_path: Path) -> None:
    write(tmp_path / "web", {"w.txt": "12345"})
    handler = partial(Quiet, directory=str(tmp_path / "web"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}/w.txt"
        job = client.batch_endpoints.invoke("letters", input=an_input("uri_file", url))
        assert rows_of(client, job.name, tmp_path / "out") == {"w.txt 5"}
        server.shutdown()


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Files, and no line for each."""

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def test_one_input_may_have_any_name_and_several_are_refused(client: Any, tmp_path: Path) -> None:
    from azure.core.exceptions import HttpResponseError

    job = client.batch_endpoints.invoke("letters", inputs={"any": an_input("uri_folder", "azureml:texts:1")})
    assert rows_of(client, job.name, tmp_path) == SCORED
    several = {name: an_input("uri_folder", "azureml:texts:1") for name in "ab"}
    with pytest.raises(HttpResponseError, match="a job has exactly one input, not 2"):
        client.batch_endpoints.invoke("letters", inputs=several)


def test_an_output_is_where_it_was_asked_for(running: Running, client: Any, tmp_path: Path) -> None:
    from azure.ai.ml import Output

    place = "azureml://datastores/workspaceblobstore/paths/mine/there"
    job = client.batch_endpoints.invoke(
        "letters",
        inputs={"texts": an_input("uri_folder", "azureml:texts:1")},
        outputs={"score": Output(type="uri_folder", path=place)},
        job_name="named-here",
        params_override=[{"mini_batch_size": 1}, {"output_file_name": "predictions.csv"}],
    )

    assert job.name == "named-here"
    assert rows_of(client, job.name, tmp_path) == SCORED
    assert (running.workspace.folder / ".bep/cloud/datastores/workspaceblobstore/mine/there/predictions.csv").is_file()


class Following:
    """`jobs.stream` in a thread: what it has printed, and how it ended."""

    def __init__(self, client: Any, job: str) -> None:
        self._printed = io.StringIO()
        self.raised: BaseException | None = None
        self._thread = threading.Thread(target=self._follow, args=(client, job))
        self._real = sys.stdout

    def __enter__(self) -> "Following":
        sys.stdout = self._printed
        self._thread.start()
        return self

    def __exit__(self, *problem: object) -> None:
        self._thread.join(120)
        sys.stdout = self._real
        assert not self._thread.is_alive()

    def _follow(self, client: Any, job: str) -> None:
        try:
            client.jobs.stream(job)
        except BaseException as problem:
            self.raised = problem

    @property
    def printed(self) -> str:
        """All of it so far."""
        return self._printed.getvalue()


def waiting(running: Running, text: str = "wait") -> Path:
    """A file whose job waits for the gate."""
    found = running.workspace.folder / f"{text.replace(' ', '-')}.txt"
    found.write_text(text)
    return found


def test_a_job_is_followed_to_its_end(running: Running, client: Any, gate: Path) -> None:
    job = client.batch_endpoints.invoke("letters", input=an_input("uri_file", waiting(running)))
    with Following(client, job.name) as following:
        until(lambda: "Scheduling finished" in following.printed)  # while it runs
        gate.touch()

    assert following.raised is None
    page = f"Web View: {running.address}/studio/jobs/{job.name}\n"
    begun, _, summed = following.printed.partition("Execution Summary\n=================\n")
    assert begun.startswith(f"RunId: {job.name}\n{page}\nStreaming user_logs/std_log.txt\n====")
    assert begun.count("Scheduling finished") == begun.count("Completed: 1 scored") == 1
    assert "process000 stdout\nready\n" in begun
    assert summed == f"RunId: {job.name}\n{page}\n"


def test_a_job_that_fails_raises_what_its_script_raised(running: Running, client: Any, gate: Path) -> None:
    job = client.batch_endpoints.invoke("letters", input=an_input("uri_file", waiting(running, "wait, then bad")))
    with Following(client, job.name) as following:
        until(lambda: "Scheduling finished" in following.printed)
        gate.touch()

    from azure.ai.ml.exceptions import JobException

    assert isinstance(following.raised, JobException)
    assert "ValueError: no letters in it" in str(following.raised)
    assert "ValueError: no letters in it" in following.printed
    assert client.jobs.get(job.name).status == "Failed"


def test_a_job_is_cancelled(running: Running, client: Any, gate: Path) -> None:
    job = client.batch_endpoints.invoke("letters", input=an_input("uri_file", waiting(running)))
    until(lambda: client.jobs.get(job.name).status == "Running")
    client.jobs.begin_cancel(job.name).result()

    until(lambda: client.jobs.get(job.name).status == "Canceled")
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        client.jobs.stream(job.name)
    assert "Execution Summary" in out.getvalue()


def test_jobs_are_got_and_listed(client: Any) -> None:
    job = client.batch_endpoints.invoke("letters", input=an_input("uri_folder", "azureml:texts:1"))
    listed = [one.name for one in client.batch_endpoints.list_jobs("letters")]

    assert listed[0] == job.name
    assert [one.name for one in client.batch_deployments.list_jobs("letters", name="blue")] == listed
    assert {one.name for one in client.jobs.list()} == set(listed)
    until(lambda: client.jobs.get(job.name).status == "Completed")
    assert [one.name for one in client.jobs.list(parent_job_name=job.name)] == [f"{job.name}~batchscoring"]


def test_what_is_refused_is_told_in_the_servers_words(running: Running, client: Any) -> None:
    from azure.ai.ml.exceptions import JobException, MlException
    from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

    with pytest.raises(ResourceNotFoundError):
        client.batch_endpoints.invoke("none", input=an_input("uri_folder", "azureml:texts:1"))
    with pytest.raises((HttpResponseError, MlException), match="texts"):
        client.batch_endpoints.invoke("letters", input=an_input("uri_folder", "azureml:texts:7"))
    reading = released_client(running, "read")
    with pytest.raises((HttpResponseError, MlException), match="read"):
        reading.batch_endpoints.invoke("letters", input=an_input("uri_folder", "azureml:texts:1"))
    with pytest.raises((HttpResponseError, MlException), match="read"):
        reading.batch_endpoints.invoke("letters", input=an_input("uri_folder", running.workspace.folder / "texts"))
    gated = client.batch_endpoints.invoke("letters", input=an_input("uri_file", waiting(running)))
    with pytest.raises(JobException, match="Download is allowed only in states"):
        client.jobs.download(gated.name)
    (running.workspace.folder / "gate").touch()
    until(lambda: client.jobs.get(gated.name).status == "Completed")
    (running.workspace.folder / "gate").unlink()


def test_the_printed_lines_are_a_client(running: Running) -> None:
    """As they are, in a process of their own: with a folder sent, followed and fetched by the lines after them."""
    folder = running.workspace.folder
    lines = running.workspace.bep("serve", "--dev-cert", "--print-client").stdout
    use = """\
job = client.batch_endpoints.invoke("letters", input=Input(type="uri_folder", path="texts"))
client.jobs.stream(job.name)
client.jobs.download(job.name, download_path="fetched")
"""
    ours = {name: value for name, value in surroundings().items() if not name.startswith("AZUREML_")}  # of this process
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", lines + use],
        cwd=folder,
        env={**ours, "BEP_TOKEN": running.token("invoke", name="printed")},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "Execution Summary" in done.stdout
    assert set((folder / "fetched/predictions.csv").read_text().splitlines()) == SCORED
