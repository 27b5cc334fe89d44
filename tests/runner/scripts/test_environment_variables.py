"""Environment variables are there from the first instruction of every process that the user's code runs in."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bep.runner.folder.record import Status
from bep.runner.jobs import sampling
from tests.runner.conftest import Jobs

EARLY = """
    import json, os, sys, time
    def run(mini_batch):
        said = {{
            "zone": time.tzname[0],
            "early": open("/proc/self/environ", "rb").read().decode().split(chr(0)),
            "hash": hash("a text"),
            "encoding": sys.stdout.encoding,
            "pools": os.environ["OMP_NUM_THREADS"],
            "model": os.environ["AZUREML_MODEL_DIR"],
            "optimized": sys.flags.optimize,
            "path": {there},
        }}
        return [json.dumps(said)] * len(mini_batch)
"""
VARIABLES = {
    "TZ": "Asia/Tokyo",
    "PYTHONHASHSEED": "42",
    "PYTHONIOENCODING": "latin-1",
    "PYTHONOPTIMIZE": "1",
    "OMP_NUM_THREADS": "77",
    "MALLOC_ARENA_MAX": "1",
    "AZUREML_MODEL_DIR": "/nowhere",
    "BEP_WORKER": "mine",
}


def said_by(jobs: Jobs, variables: dict[str, str], there: str = "sys.path") -> dict[str, Any]:
    record, output = jobs.score(EARLY.format(there=there), items=1, workers=1, variables=variables)
    assert record.status is Status.COMPLETED, record.error
    return dict(json.loads(output))


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="the system has no /proc")
def test_what_is_read_as_a_process_starts_is_as_the_deployment_says(jobs: Jobs) -> None:
    said = said_by(jobs, VARIABLES)
    assert said["zone"] == "JST"
    assert "MALLOC_ARENA_MAX=1" in said["early"]
    seed = subprocess.run(
        [sys.executable, "-c", "print(hash('a text'))"],
        env={"PYTHONHASHSEED": "42"}, check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert said["hash"] == int(seed.stdout)
    assert said["encoding"].lower().replace("-", "").replace("_", "") in ("latin1", "iso88591")
    assert said["optimized"] == 1
    assert said["pools"] == "77"  # bep's own bound is a default
    assert said["model"] == str(jobs.root / "model")  # the service's win
    assert not any(each == "BEP_WORKER=mine" for each in said["early"])


@pytest.mark.skipif(sys.platform != "linux", reason="LD_LIBRARY_PATH is Linux's")
def test_a_library_is_found_where_the_variable_says(jobs: Jobs, tmp_path: Path) -> None:
    library = next(Path("/").glob("usr/lib/*/libz.so.1"), None) or next(Path("/").glob("lib/*/libz.so.1"), None)
    if library is None:
        pytest.skip("there is no libz to copy")
    (tmp_path / "libs").mkdir()
    (tmp_path / "libs/libbeptest.so").write_bytes(library.read_bytes())
    script = """
        import ctypes
        def run(mini_batch):
            ctypes.CDLL("libbeptest.so").zlibVersion
            return [1] * len(mini_batch)
    """
    record, output = jobs.score(script, items=2, variables={"LD_LIBRARY_PATH": str(tmp_path / "libs")})
    assert (record.status, output) == (Status.COMPLETED, "1\n1\n"), record.failures


def test_modules_of_pythonpath_take_no_name_from_the_worker(jobs: Jobs, tmp_path: Path) -> None:
    """Each module of the library that the worker uses, under the same name on PYTHONPATH."""
    folder = tmp_path / "more"
    folder.mkdir()
    worker = Path(sampling.__file__).parent / "worker"
    names = {
        word.strip(",").partition(".")[0]
        for file in worker.glob("*.py")
        for line in file.read_text().splitlines()
        if line.strip().startswith(("import ", "from "))
        for word in line.split()[1:2]
    }
    started = {"os", "sys", "io", "types", "bep_worker"}  # the interpreter's own start needs these, with or without bep
    for name in names - started:
        if name and name.isidentifier():
            (folder / f"{name}.py").write_text("raise RuntimeError('mine')")
    (folder / "helper.py").write_text("ANSWER = 42")
    script = """
        import helper
        def run(mini_batch):
            if mini_batch[0].endswith("00001.txt"):
                raise ValueError("bad")
            return [{"answer": helper.ANSWER}] * len(mini_batch)
    """
    plain = getattr(sys, "_base_executable", sys.executable)  # a virtual environment's start may need some of these
    how: dict[str, Any] = {"interpreter": plain, "mini_batch_size": 1, "max_retries": 0, "output_format": "csv"}
    record, output = jobs.score(script, items=3, variables={"PYTHONPATH": str(folder)}, **how)
    assert record.status is Status.COMPLETED, record.error and record.error.traceback
    assert output == "answer\n42\n42\n"
    assert [failure.code for failure in record.failures] == ["ValueError"]


@pytest.mark.parametrize("variable", ["PYTHONHOME", "PYTHONHASHSEED"])
def test_a_variable_that_keeps_python_from_starting_is_named(jobs: Jobs, variable: str) -> None:
    record, _ = jobs.score(items=4, variables={variable: "/nowhere", "COLOUR": "blue"})
    assert record.status is Status.FAILED
    assert record.error
    assert record.error.code == "WorkerNotStarted"
    assert record.error.fix == f"it was started with the environment variables {variable}: mend or drop them"
    assert record.error.traceback  # what Python said
    assert record.counts.workers_lost <= 2


@pytest.mark.parametrize(("name", "value"), [("A=B", "x"), ("", "x"), ("NUL", "a\0b"), ("HALF", "\ud800")])
def test_what_no_process_can_have_is_refused_by_name(jobs: Jobs, name: str, value: str) -> None:
    record, _ = jobs.score(items=1, variables={name: value})
    assert record.status is Status.FAILED
    assert record.error
    assert f"environment_variables: no process can have {name!r}" in record.error.message


def test_more_than_a_process_can_have_is_said(jobs: Jobs) -> None:
    record, _ = jobs.score(items=1, variables={"LARGE": "x" * (1 << 21)})
    assert record.status is Status.FAILED
    assert record.error
    assert "environment_variables take too much room" in record.error.fix


def test_a_path_of_the_deployments_own_does_not_choose_the_interpreter(jobs: Jobs, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python").write_text("#!/bin/sh\necho wrong >&2\nexit 3\n")
    (tmp_path / "bin/python").chmod(0o755)
    request = jobs.request(
        "import os\ndef run(mini_batch): return [os.environ['PATH']] * len(mini_batch)",
        items=1, interpreter="python", variables={"PATH": str(tmp_path / "bin")},
    )  # fmt: skip
    here = {**(request.environment or {}), "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    record = jobs.run(request.model_copy(update={"environment": here}))
    assert record.status is Status.COMPLETED, record.error
    assert record.output_file
    assert record.output_file.read_text() == f"{tmp_path / 'bin'}\n"


def test_a_sample_has_them_too(jobs: Jobs) -> None:
    shown: list[bytes] = []
    request = jobs.request(EARLY.format(there="0"), items=1, variables={"TZ": "Asia/Tokyo", "PYTHONHASHSEED": "42"})
    assert sampling.sample(request, 1, debug=False, show=(shown.append, shown.append)).code == 0
    assert b'"zone": "JST"' in b"".join(shown)
