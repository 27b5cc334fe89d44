"""What Azure's released client does over plain http, call by call, as docs/azure-clients.md says it."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.bep.conftest import FILES, Workspace, write
from tests.server.released_client import released_client
from tests.server.serving import Running, serving

pytestmark = pytest.mark.filterwarnings("default")  # what the client's own libraries warn of is theirs

DATA = "---\nkind: data\nname: texts\nversion: 1\ntype: uri_folder\npath: texts\n"
PAGE = Path(__file__).parents[2] / "docs/azure-clients.md"
NOT_OVER_HTTP = "not permitted for non-TLS protected"


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server over http, with a data asset."""
    pytest.importorskip("azure.ai.ml", reason="azure-ai-ml is not installed: pip install -e .[services]")
    folder = tmp_path_factory.mktemp("plain")
    write(folder, {**FILES, "specs.yml": FILES["specs.yml"] + DATA})
    workspace = Workspace(folder)
    workspace.bep("apply", "-y")
    workspace.bep("run", "job.yml", "--name", "first")
    with serving(workspace) as found:
        yield found


def calls(client: Any, folder: Path) -> dict[str, Callable[[], object]]:
    """What the page lists, in the words that it has for each."""
    from azure.ai.ml import Input

    asset = Input(type="uri_folder", path="azureml:texts:1")
    local = Input(type="uri_folder", path=str(folder / "texts"))
    return {
        "batch_endpoints.get": lambda: client.batch_endpoints.get("letters"),
        "batch_endpoints.list": lambda: list(client.batch_endpoints.list()),
        "batch_deployments.get": lambda: client.batch_deployments.get("blue", "letters"),
        "batch_deployments.list": lambda: list(client.batch_deployments.list("letters")),
        "environments.get": lambda: client.environments.get("plain", "1"),
        "data.get": lambda: client.data.get("texts", "1"),
        "datastores.get_default": lambda: client.datastores.get_default(),
        "invoke with what is in the workspace": lambda: client.batch_endpoints.invoke("letters", input=asset),
        "invoke with a local path": lambda: client.batch_endpoints.invoke("letters", input=local),
        "batch_endpoints.list_jobs": lambda: client.batch_endpoints.list_jobs("letters"),
        "workspaces.get": lambda: client.workspaces.get("letters"),
        "compute.get": lambda: client.compute.get("cpu-cluster"),
        "models.get": lambda: client.models.get("alphabet", "1"),
        "jobs.get": lambda: client.jobs.get("first"),
        "jobs.list": lambda: list(client.jobs.list()),
        "jobs.stream": lambda: client.jobs.stream("first"),
        "jobs.download": lambda: client.jobs.download("first", download_path=str(folder / "fetched")),
        "jobs.begin_cancel": lambda: client.jobs.begin_cancel("first").result(),
    }


def test_each_call_does_what_the_page_says(plain: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    from azure.storage.blob._shared.policies import StorageRetryPolicy

    monkeypatch.setattr(StorageRetryPolicy, "sleep", lambda *settings: None)  # the waits between its tries
    said = dict(re.findall(r"^\| `?([a-z_. ]+?)`? \| (yes|no) \|", PAGE.read_text(), re.MULTILINE))
    found = {}
    for name, call in calls(released_client(plain), plain.workspace.folder).items():
        try:
            call()
            found[name] = ""
        except Exception as problem:
            found[name] = str(problem)

    assert {name: "no" if why else "yes" for name, why in found.items()} == said
    assert all(NOT_OVER_HTTP in why or "SSL" in why for why in found.values() if why), found
