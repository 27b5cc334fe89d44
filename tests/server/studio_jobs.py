"""A workspace of images whose jobs can be looked at while they run: the last mini-batch waits for a file."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx
from PIL import Image

from tests.bep.conftest import FILES, Workspace, until, write
from tests.server.serving import Running

ITEMS: Final = 30
STORED: Final = "azureml://datastores/workspaceblobstore/paths/images"
"""The same images in the datastore."""
HTML: Final = {"Accept": "text/html"}

SCRIPT: Final = """\
import os, time

def run(mini_batch):
    rows = []
    for path in mini_batch:
        name = os.path.basename(path)
        print("reading", name, flush=True)
        if name == "n12.png" and not os.path.exists(os.environ["MENDED"]):
            raise ValueError("<b>twelve</b> cannot be read")
        while name == "n28.png" and not os.path.exists(os.environ["GO"]):
            time.sleep(0.02)
        rows.append({"file": name, "level": int(name[1:3]) * 8, "html": "<script>alert(1)</script>"})
    return rows
"""

JOB: Final = """\
kind: job
endpoint: letters
inputs: {images: {type: uri_folder, path: images}}
outputs: {score: {format: csv}}
settings: {mini_batch_size: 2, retry_settings: {max_retries: 1, timeout: 600}}
"""


def files(folder: Path) -> Mapping[str, str]:
    """The small workspace with another script, and what its deployment is told."""
    told = f"{{MENDED: {folder / 'mended'}, GO: {folder / 'go'}}}"
    specs = FILES["specs.yml"].replace("{mini_batch_size: 2}", f"{{mini_batch_size: 2, environment_variables: {told}}}")
    return {**FILES, "specs.yml": specs, "code/score.py": SCRIPT, "job.yml": JOB}


def laid_out(folder: Path) -> Workspace:
    """The workspace, applied."""
    write(folder, files(folder))
    (folder / "images").mkdir()
    for number in range(ITEMS):
        Image.new("L", (16, 16), number * 8).save(folder / f"images/n{number:02d}.png")
    workspace = Workspace(folder)
    workspace.bep("apply", "-y")
    shutil.copytree(folder / "images", folder / ".bep/cloud/datastores/workspaceblobstore/images")
    return workspace


def go(workspace: Workspace) -> None:
    """Let jobs come to their end."""
    (workspace.folder / "go").touch()


def ended(workspace: Workspace, name: str = "over") -> str:
    """The name of a job that is over: one item has failed."""
    go(workspace)
    workspace.bep("run", "job.yml", "--name", name)
    return name


@contextmanager
def in_progress(running: Running, name: str = "live") -> Iterator[str]:
    """The name of a job whose every item is done but those of the mini-batch that waits."""
    (running.workspace.folder / "go").unlink(missing_ok=True)
    running.workspace.bep("run", "job.yml", "--name", name, "--no-wait")
    client = running.client()
    try:
        until(lambda: _waits(client.get(f"/studio/jobs/{name}", headers=HTML).text))
        yield name
    finally:
        go(running.workspace)
        until(lambda: is_over(client, name))


def _waits(page: str) -> bool:
    return "28 of 30 items" in page and "n28.<wbr>png" in page


def is_over(client: httpx.Client, name: str) -> bool:
    """Whether its page says so."""
    return "/events" not in client.get(f"/studio/jobs/{name}", headers=HTML).text
