"""The examples, whole, in copies of their folders: the commands of each README against what `expected/` says."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"
ROUND = ["bep plan", "bep apply --auto-approve", "bep run job.yml", "python3 accuracy.py"]

Golden = Callable[[str, str], None]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the environment of the digits is built once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def one_cache(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Build no environment that another test has built."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))


@pytest.mark.usefixtures("one_cache")
def test_digits_are_read_by_one_deployment_then_by_another(tmp_path: Path, golden: Golden) -> None:
    here = copied("01-digits", tmp_path)
    typed = commands(here)

    said = [shell(command, here) for command in typed]

    plans = [text for command, text in zip(typed, said, strict=True) if command == "bep plan"]
    for step, plan in enumerate(plans, start=1):
        golden(expected("01-digits", f"plan-{step}.txt"), plan)
    assert len(plans) == 3
    assert [text for command, text in zip(typed, said, strict=True) if command == "python3 accuracy.py"] == [
        "271 of 297 right (91.2%)\n",
        "285 of 297 right (96.0%)\n",
        "285 of 297 right (96.0%)\n",
    ]
    first, second, third = scored(here, "digits.csv")
    golden(expected("01-digits", "predictions-softmax.csv"), first.read_text())
    golden(expected("01-digits", "predictions-neighbours.csv"), second.read_text())
    assert third.read_bytes() == second.read_bytes()
    gone_without_a_trace(here)


@pytest.mark.usefixtures("one_cache")
def test_the_walk_of_the_demo_goes_through_the_same_steps(tmp_path: Path) -> None:
    here = copied("01-digits", tmp_path)

    walked = shell("sh walk.sh", here)

    assert "> shift traffic  traffic/digits" in walked
    assert "from softmax to neighbours" in walked
    assert re.findall(r"\d+ of 297 right", walked) == ["271 of 297 right", "285 of 297 right"]
    assert "Nothing to do." in walked


def test_digits_are_what_scikit_learn_ships(tmp_path: Path) -> None:
    numpy = pytest.importorskip("numpy")
    pytest.importorskip("sklearn")
    image = pytest.importorskip("PIL.Image")
    here, made = EXAMPLES / "01-digits", copied("01-digits", tmp_path)
    shutil.rmtree(made / "images")
    shutil.rmtree(made / "models")

    shell(f"'{sys.executable}' prepare.py", made)

    assert (made / "labels.csv").read_bytes() == (here / "labels.csv").read_bytes()
    names = sorted(path.name for path in (here / "images").iterdir())
    assert sorted(path.name for path in (made / "images").iterdir()) == names
    for name in names:
        with image.open(here / "images" / name) as committed, image.open(made / "images" / name) as again:
            assert committed.tobytes() == again.tobytes()
    for model in ("softmax/weights.npz", "neighbours/known.npz"):
        with numpy.load(here / "models" / model) as committed, numpy.load(made / "models" / model) as again:
            assert set(committed) == set(again)
            # Another release of scikit-learn may stop its search for the best weights a little earlier or later.
            assert all(numpy.allclose(committed[name], again[name], atol=0.02) for name in committed)


def test_an_mlflow_model_scores_tables_without_script_or_environment(tmp_path: Path, golden: Golden) -> None:
    here = copied("02-mlflow-tabular", tmp_path)
    assert commands(here) == [*ROUND, "bep show"]

    plan, _, _, right, shown = (shell(command, here) for command in commands(here))

    golden(expected("02-mlflow-tabular", "plan.txt"), plan)
    assert right == "164 of 169 right (97.0%)\n"
    assert "deployment/tumours/logistic" in shown
    (predictions,) = scored(here, "predictions.csv")
    golden(expected("02-mlflow-tabular", "predictions.csv"), predictions.read_text())
    trained_again_is_the_same(here)
    gone_without_a_trace(here)


@pytest.mark.usefixtures("one_cache")
def test_specs_for_azure_are_tried_on_this_machine(tmp_path: Path, golden: Golden) -> None:
    here = copied("04-azure", tmp_path)

    said = [shell(command, here) for command in commands(here)]

    golden(expected("04-azure", "plan-here.txt"), said[0])
    assert [text for text in said if "right" in text] == ["7 of 12 right\n", "12 of 12 right\n"]
    assert "Nothing to do." in shell("bep plan --provider local --detailed-exitcode", here)
    shell("bep destroy --provider local --auto-approve", here)
    assert sorted(path.name for path in (here / ".bep").iterdir()) == [".gitignore", "local"]


def test_jobs_at_set_times_are_declared_and_started_by_hand(tmp_path: Path, golden: Golden) -> None:
    here = copied("06-schedule", tmp_path)

    plan, _, listed, *_, jobs = (shell(command, here) for command in commands(here))

    golden(expected("06-schedule", "plan.txt"), plan)
    assert "at 02:30 on Monday to Friday, Romance Standard Time" in listed
    assert re.search(r"monthly +at 06:00 on day 1 and 15 of every month, UTC +disabled", listed)
    assert [line.split("-")[0] for line in jobs.splitlines()[1:]] == ["monthly", "nightly"]
    (predictions,) = (here / ".bep/cloud/datastores/workspaceblobstore/urgent").glob("nightly-*/predictions.csv")
    golden(expected("06-schedule", "predictions.csv"), predictions.read_text())
    gone_without_a_trace(here)


def trained_again_is_the_same(here: Path) -> None:
    """The environment bep made has the versions `train.py` names, so it can make the example anew."""
    (python,) = Path(os.environ["XDG_CACHE_HOME"], "bep/environments").glob("*/bin/python")
    made = here.parent / "made"
    made.mkdir()
    shutil.copy(here / "train.py", made)

    shell(f"'{python}' train.py", made)

    for name in ("labels.csv", *(f"samples/samples-{number}.csv" for number in (1, 2, 3, 4))):
        assert (made / name).read_bytes() == (here / name).read_bytes()
    assert (made / "model/requirements.txt").read_text() == (here / "model/requirements.txt").read_text()


def gone_without_a_trace(here: Path) -> None:
    assert "Nothing to do." in shell("bep plan --detailed-exitcode", here)
    shell("bep destroy --auto-approve", here)
    assert shell("bep state list", here).strip() == ""


def test_a_job_is_started_by_rest_with_the_bodies_of_both_years(tmp_path: Path, golden: Golden) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not here: make services")
    here = copied("07-rest", tmp_path)

    said = {command: shell(command, here) for command in commands(here)}

    golden(expected("07-rest", "moods.csv"), said["sh rest.sh body.json"])
    assert said["sh rest.sh body-2021.json"] == said["sh rest.sh body.json"]
    assert said["bep job list"].count("Completed") == 2


def copied(example: str, folder: Path) -> Path:
    """A copy of an example as a clone would have it, without what an earlier try left there."""
    left = shutil.ignore_patterns(".bep", "__pycache__")
    return Path(shutil.copytree(EXAMPLES / example, folder / example, ignore=left))


def commands(here: Path) -> list[str]:
    """What a README tells to type: its indented lines, without the remarks."""
    lines = (here / "README.md").read_text().splitlines()
    return [line.partition("#")[0].strip() for line in lines if line.startswith("    ")]


def shell(command: str, here: Path) -> str:
    """What a command prints, typed in a folder with this interpreter's bep before all others on the path."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    left_out = {"NO_COLOR", "FORCE_COLOR", "VIRTUAL_ENV", "PYTHONPATH"}
    surroundings = {name: value for name, value in os.environ.items() if name not in left_out}
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=here,
        env=surroundings | {"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def scored(here: Path, name: str) -> list[Path]:
    """The predictions of every job so far, oldest first."""
    files = (here / ".bep/cloud/datastores/workspaceblobstore/azureml").glob(f"*/score/{name}")
    return sorted(files, key=lambda file: file.stat().st_mtime)


def expected(example: str, name: str) -> str:
    return str(EXAMPLES / example / "expected" / name)
