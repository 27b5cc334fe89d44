"""The worker runs under every Python that an environment may ask for."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.services.places import interpreter

Jobs = Any

VERSIONS = ("3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14", "3.15")

SCRIPT = """
    import os, sys, time
    import runner
    from azureml.core import Model
    from azureml_user.parallel_run import EntryScript

    def init():
        EntryScript().logger.info("ready")

    def run(mini_batch):
        print("printed")
        for path in mini_batch:
            if path.endswith("00013.txt"):
                raise ValueError("bad")
            if path.endswith("00027.txt"):
                time.sleep(1000)
        return ["%d.%d" % sys.version_info[:2]] * len(mini_batch)
"""


@pytest.mark.parametrize("version", VERSIONS)
def test_a_job_in_an_environment_with_this_python(jobs: Jobs, version: str) -> None:
    found = interpreter(version)
    if not found:
        pytest.skip(f"no Python {version} here")
    record, output = jobs.score(
        SCRIPT, interpreter=found, modules={"runner.py": ""}, max_retries=1, timeout=0.5, mini_batch_size=2
    )
    assert record.status == "Completed", record.error
    assert output.split() == [version] * 38
    told = [json.loads(line) for line in (record.folder / "failed_items.jsonl").read_text().splitlines()]
    assert [(item["position"], item["type"]) for item in told] == [(13, "ValueError"), (27, "Timeout")]
    assert "in run" in told[0]["traceback"]
    assert "score.py" in told[1]["traceback"]
    assert "printed" in "".join(path.read_text() for path in (record.folder / "logs/user/stdout").rglob("*.txt"))


def test_an_environment_with_another_language_is_refused_with_what_it_said(jobs: Jobs) -> None:
    old = Path.home() / ".pyenv" / "versions" / "2.7.18" / "bin" / "python"
    if not old.exists():
        pytest.skip("no Python 2.7 here")
    record, _ = jobs.score(interpreter=str(old))
    assert record.status == "Failed"
    assert "SyntaxError" in record.error.traceback
