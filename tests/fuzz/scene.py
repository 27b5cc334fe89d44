"""The workspace that is fuzzed: every kind applied, a plan file kept, one job completed and one ended halfway."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from tests.fuzz.documents import BASES, CONDA, files

SCRIPT = """\
import os

def run(mini_batch):
    if os.environ.get("FAIL") and any(path.endswith("b.txt") for path in mini_batch):
        raise ValueError("no b")
    return [len(open(path).read()) for path in mini_batch]
"""
MLMODEL = "flavors:\n  python_function: {loader_module: mlflow.sklearn, env: {conda: conda.yaml}}\nsignature: null\n"


def make(folder: Path) -> Path:
    """Lay the workspace in a folder and bring it to where every command has something to read."""
    laid = {
        **files(),
        "bep.yml": json.dumps({**BASES["workspace"], "provider": {"local": {"python": sys.executable}}}),
        "environment.json": json.dumps({**BASES["environment"], "conda_file": {"variables": {"B": "c"}}}),
        "code/score.py": SCRIPT,
        "flow/MLmodel": MLMODEL,
        "flow/conda.yaml": json.dumps(CONDA),
        "flow.json": json.dumps({"kind": "model", "name": "flow", "path": "flow"}),
        "flowing.json": json.dumps(
            {"name": "flowing", "endpoint_name": "letters", "model": "azureml:flow@latest", "compute": "local"}
        ),
        "unused.json": json.dumps({**BASES["environment"], "name": "unused", "conda_file": "conda.yml"}),
    }
    for name, text in laid.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    bep(folder, "plan", "--out", "kept.plan")
    bep(folder, "apply", "--auto-approve")
    bep(folder, "run", "job.yml", "--name", "whole", "--output-path", "out")
    halfway = ("--set", "environment_variables.FAIL=1", "--set", "error_threshold=0", "--set", "mini_batch_size=1")
    bep(folder, "run", "job.yml", "--name", "half", *halfway, expect=1)
    shutil.rmtree(folder / "out")
    (folder / "compute.json").write_text(json.dumps({**BASES["compute"], "max_instances": 5}))
    (folder / "data.json").unlink()
    _begin_to_apply(folder)
    return folder


def _begin_to_apply(folder: Path) -> None:
    """Leave an apply that was killed at its third record, and its journal."""
    script = (
        "import os, signal\n"
        "from bep.cli import run\n"
        "from bep.providers.state.journal_file import JournalFile\n"
        "append, written = JournalFile.append, []\n"
        "def third(self, lines):\n"
        "    append(self, lines)\n"
        "    written.extend(lines)\n"
        "    if len(written) >= 3: os.kill(os.getpid(), signal.SIGKILL)\n"
        "JournalFile.append = third\n"
        "run(['apply', '--auto-approve'])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr[-2000:]
    assert (folder / ".bep/state.json.journal").stat().st_size


def bep(folder: Path, *arguments: str, expect: int = 0) -> None:
    """Run the real command. Raises `AssertionError` when it ends otherwise than it should."""
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith("BEP_")}
    command = [sys.executable, "-m", "bep", *arguments]
    done = subprocess.run(command, cwd=folder, env=surroundings, capture_output=True, text=True, check=False)
    assert done.returncode == expect, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
