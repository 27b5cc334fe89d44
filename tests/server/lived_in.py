"""A workspace that was worked with: two deployments, traffic that moved, jobs that went well and one that failed."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bep.conftest import FILES, Workspace, surroundings, until, write

GREEN = """\
---
name: green
endpoint_name: letters
type: model
model: {name: alphabet, version: 1, path: model}
code_configuration: {code: green, scoring_script: score.py}
environment: {name: plain, version: 1, image: python}
compute: azureml:cpu-cluster
resources: {instance_count: 2}
settings: {mini_batch_size: 3, logging_level: debug}
"""
SCRIPT = FILES["code/score.py"].replace("text.count(letter)", "2 * text.count(letter)")
PICKY = """\
import os

def init():
    pass

def run(mini_batch):
    for path in mini_batch:
        if os.path.basename(path) in ("b.txt", "d.txt"):
            raise ValueError(f"{os.path.basename(path)} has <b>no</b> letter that is wanted")
    return [os.path.basename(path) for path in mini_batch]
"""


def live_in(folder: Path) -> Workspace:
    """Work in a folder as a person would: five applies, four jobs, and a plan that is kept and not applied."""
    write(folder, FILES)
    found = Workspace(folder)
    found.bep("apply", "-y")
    found.bep("run", "job.yml", "--name", "first-of-blue")
    write(folder, {"green/score.py": SCRIPT, "picky/score.py": PICKY})
    (folder / "specs.yml").write_text(FILES["specs.yml"] + GREEN)
    found.bep("apply", "-y")
    found.bep("run", "job.yml", "--deployment", "green", "--name", "first-of-green")
    found.edit("specs.yml", "deployment_name: blue", "deployment_name: green")
    found.bep("apply", "-y")
    (folder / "specs.yml").write_text(
        (folder / "specs.yml").read_text()
        + GREEN.replace("name: green", "name: picky").replace("code: green", "code: picky").replace("-1", "0")
    )
    found.bep("apply", "-y")
    found.bep("run", "job.yml", "--deployment", "picky", "--name", "picky-one", "--set", "error_threshold=0", expect=1)
    found.bep("run", "job.yml", "--deployment", "picky", "--name", "picky-two")
    found.edit("specs.yml", "deployment_name: green", "deployment_name: blue")
    found.bep("plan", "-o", "back-to-blue.json")
    found.edit("specs.yml", "deployment_name: blue", "deployment_name: green")
    return found


WAITING = """\
import os, time

def init():
    pass

def run(mini_batch):
    if "a.txt" not in os.path.basename(mini_batch[0]):
        while not os.path.exists({go!r}):
            time.sleep(0.05)
    return [os.path.basename(path) for path in mini_batch]
"""


@contextmanager
def working(workspace: Workspace) -> Iterator[None]:
    """A job that has scored its first items and does not go on until this ends."""
    folder, go = workspace.folder, workspace.folder / "go"
    specs = folder / "specs.yml"
    write(folder, {"waiting/score.py": WAITING.format(go=str(go))})
    before = specs.read_text()
    one = GREEN.replace("name: green", "name: waiting").replace("code: green", "code: waiting")
    specs.write_text(before + one.replace("mini_batch_size: 3", "mini_batch_size: 1"))
    workspace.bep("apply", "-y")
    arguments = ["run", "job.yml", "--deployment", "waiting", "--name", "at-work"]
    job = subprocess.Popen(
        [sys.executable, "-m", "bep", *arguments],
        cwd=folder,
        env=surroundings(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        scored = ("job", "list", "--query", "[?name=='at-work'].counts.scored", "-o", "tsv")
        until(lambda: "1" in workspace.bep(*scored).stdout)
        yield
    finally:
        go.touch()
        assert job.wait(60) == 0
