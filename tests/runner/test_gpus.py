"""GPUs are shared out among workers through CUDA_VISIBLE_DEVICES; no GPU is needed to see who would get which."""

from pathlib import Path
from typing import Any

import pytest

from bep.runner.jobs import launching

Jobs = Any

SEES = """
    import os, time

    def run(mini_batch):  # does not end until every worker has begun one
        open("../" + str(os.getpid()) + ".begun", "w").close()
        until = time.monotonic() + 60
        while sum(name.endswith(".begun") for name in os.listdir("..")) < {workers} and time.monotonic() < until:
            time.sleep(0.01)
        return [os.environ.get("CUDA_VISIBLE_DEVICES", "all")] * len(mini_batch)
"""


def seen(jobs: Jobs, *, devices: str | None, workers: int, variables: dict[str, str] | None = None) -> set[str]:
    """What the workers of a job see where bep itself sees `devices`."""
    script = SEES.replace("{workers}", str(workers))
    request = jobs.request(script, workers=workers, items=4, mini_batch_size=1, variables=variables, timeout=100)
    there = {} if devices is None else {"CUDA_VISIBLE_DEVICES": devices}
    record = jobs.run(request.model_copy(update={"environment": {**request.environment, **there}}))
    return set(record.output_file.read_text().split())


@pytest.mark.parametrize(
    ("devices", "workers", "expected"),
    [
        ("2,5", 2, {"2", "5"}),
        ("0,1,2", 2, {"0,2", "1"}),
        ("GPU-a", 2, {"GPU-a"}),
        ("3,4", 1, {"3,4"}),
        ("", 2, set()),
    ],
)
def test_each_worker_gets_its_share(jobs: Jobs, devices: str, workers: int, expected: set[str]) -> None:
    assert seen(jobs, devices=devices, workers=workers) == expected


def test_a_deployment_that_chooses_for_itself_is_obeyed(jobs: Jobs) -> None:
    assert seen(jobs, devices="0,1", workers=2, variables={"CUDA_VISIBLE_DEVICES": "7"}) == {"7"}


def test_the_drivers_list_counts_where_nothing_is_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("0000:01:00.0", "0000:02:00.0"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(launching, "_DRIVER", tmp_path)
    assert launching.gpus({}) == ("0", "1")
    assert launching.gpus({"CUDA_VISIBLE_DEVICES": "1"}) == ("1",)
