"""Samples run the worker's own code with every Python there is, and leave nothing."""

import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from bep.runner.errors import InputsInvalid
from bep.runner.jobs.sampling import sample

Jobs = Any

PICKY = """
    import os

    def run(mini_batch):
        if "00002" in mini_batch[0]:
            raise ValueError("not this one")
        return [open(path).read() for path in mini_batch]
"""


@pytest.fixture(autouse=True)
def _own_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))


def interpreters() -> list[str]:
    found = (Path.home() / ".pyenv" / "versions").glob("3.*/bin/python")
    return [sys.executable, *map(str, sorted(found))]


@pytest.mark.parametrize("interpreter", interpreters())
def test_the_same_with_every_python(jobs: Jobs, interpreter: str, capfd: pytest.CaptureFixture[str]) -> None:
    request = jobs.request(PICKY, items=40, mini_batch_size=1, interpreter=interpreter)
    sampled = sample(request, 4, debug=False)
    said = capfd.readouterr()
    assert (sampled.code, said.out) == (1, "0\n1\n3\n")
    assert "ValueError: not this one" in said.err
    assert "in run" in said.err
    assert not request.folder.exists()
    assert not request.output_folder.exists()
    assert list((jobs.root / "temporary").iterdir()) == []


def test_nothing_to_sample_is_said(jobs: Jobs) -> None:
    with pytest.raises(InputsInvalid):
        sample(jobs.request(inputs=(str(jobs.root / "nowhere"),)), 1, debug=False)


def test_results_that_no_format_shows_are_shown_as_they_are(jobs: Jobs, capfd: pytest.CaptureFixture[str]) -> None:
    sampled = sample(jobs.request(output_action="summary_only"), 2, debug=False)
    assert (sampled.code, capfd.readouterr().out) == (0, "['0', '1']\n")
