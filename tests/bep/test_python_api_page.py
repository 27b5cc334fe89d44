"""The page on the API is true: its Python runs in a small workspace, and so does the example beside it."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bep import api
from tests.bep.conftest import FILES, surroundings, write

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "python-api.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
SCRIPT = ROOT / "examples" / "03-python" / "score_nightly.py"
VARIABLE = "variables: {instances: {type: integer, default: 1}}\n"


def test_each_block_of_the_page_runs_in_the_order_of_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    specs = FILES["specs.yml"].replace("max_instances: 2", "max_instances: ${{ var.instances }}")
    write(tmp_path, {**FILES, "bep.yml": FILES["bep.yml"] + VARIABLE, "specs.yml": specs})
    monkeypatch.chdir(tmp_path)
    said = []
    for number, block in enumerate(BLOCKS):
        code = compile(block, f"{PAGE.name}, block {number}", "exec")
        if "airflow" not in block:
            exec(code, {"__name__": "page"})
            said.append(capsys.readouterr().out)
    assert said[0].startswith("5 create, 1 shift\n")
    assert "\nCompleted 5 0 " in said[0]
    assert (tmp_path / "results" / "predictions.csv").is_file()
    assert said[2].startswith("there is no job 'nihgtly' here.")
    assert len(BLOCKS) == 4


def test_every_call_and_name_on_the_page_is_there() -> None:
    text = PAGE.read_text()
    for name in re.findall(r"\bapi\.(\w+)", text):
        assert getattr(api, name)
    rows = [line for line in text.splitlines() if line.startswith("| `bep ")]
    for row in rows:
        place: type = api.Jobs if "jobs." in row or "`.cancel(" in row or "`.download(" in row else api.Workspace
        place = api.Jobs if "bep job " in row else place
        place = api.State if "bep state" in row else api.Environments if "bep env" in row else place
        place = api.Schedules if "bep schedule" in row else place
        place = api.Tokens if "bep token" in row else place
        for call in re.findall(
            r"`(?:ours(?:\.jobs|\.state|\.environments|\.schedules|\.tokens)?)?\.(\w+)\(", row.partition(" | ")[2]
        ):
            assert hasattr(place, call) or hasattr(api.Plan, call), call


def test_the_example_scores_once_a_day_and_goes_on_with_what_is_there(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    script = shutil.copy(SCRIPT, tmp_path)
    for expected in ("5 create, 1 shift:", "5 scored, 0 failed: "):
        done = subprocess.run(
            [sys.executable, script, str(tmp_path), "2026-11-26"],
            cwd=tmp_path.parent,
            env=surroundings(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith(expected)
    assert [job.runs for job in api.Workspace.open(tmp_path).jobs.list()] == [1]
    (tmp_path / "specs.yml").write_text(FILES["specs.yml"].replace("mini_batch_size", "mini_batch_sise"))
    wrong = subprocess.run(
        [sys.executable, script, str(tmp_path), "2026-11-27"],
        env=surroundings(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert wrong.returncode == 1
    assert wrong.stderr.startswith("specs.yml:18:12: 'mini_batch_sise'")
