"""Jobs on the batch examples Azure publishes, for `python -m tests.published FOLDER --run`.

Scripts and conda files are as published. What an example's shell script downloads is made by a stand-in of the same
format from tests/stand_ins; what cannot run as published is expected to fail with the words given here.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

Bep = Callable[..., str]
STAND_INS = Path(__file__).parent / "stand_ins"
HEARTS = "deploy-models/heart-classifier-mlflow/data"


class Trial(NamedTuple):
    """What to score with an example: `data` is below cli/endpoints/batch, or what the stand-in makes if empty.

    `stand_in` runs in the example's folder, with the Python of the example's `conda` file if it makes a model with it.
    `fault` is what the script as published raises, whoever runs it: bep passes if its job fails with these words.
    """

    data: str = ""
    stand_in: str = ""
    conda: str = ""
    fault: str = ""


TRIALS = {
    "custom-outputs-parquet/deployment.yml": Trial(HEARTS),
    "heart-classifier-mlflow/deployment-simple/deployment.yml": Trial(HEARTS),
    "heart-classifier-mlflow/deployment-custom/deployment.yml": Trial(
        HEARTS, fault="module 'mlflow.pyfunc' has no attribute 'load'"
    ),
    "mnist-classifier/deployment-keras/deployment.yml": Trial(stand_in="digits"),
    "mnist-classifier/deployment-torch/deployment.yml": Trial(stand_in="digits"),
    "imagenet-classifier/deployment-by-file.yml": Trial(stand_in="images", conda="environment/conda.yaml"),
    "imagenet-classifier/deployment-by-batch.yml": Trial(
        stand_in="images", conda="environment/conda.yaml", fault="object of type 'numpy.float32' has no len()"
    ),
    "huggingface-text-summarization/deployment.yml": Trial(
        "deploy-models/huggingface-text-summarization/data", "summaries", "environment/torch200-conda.yaml"
    ),
    "openai-embeddings/deployment.yml": Trial("deploy-models/openai-embeddings/data", fault="KeyError: 'task'"),
}
"""By the deployment's path below deploy-models."""


def trial_of(deployment: Path) -> Trial | None:
    """What to score with a deployment, given its path below cli/endpoints/batch; None where nothing is at hand."""
    return TRIALS.get(deployment.as_posix().removeprefix("deploy-models/"))


def prepare(trial: Trial, folder: Path, bep: Bep) -> None:
    """Make in a copy of the example what it would download."""
    if not trial.stand_in:
        return
    python = sys.executable
    if trial.conda:
        asked = {"kind": "environment", "name": "stand-in", "version": "1", "conda_file": trial.conda}
        (folder / "stand-in.yml").write_text(json.dumps(asked))
        (folder / "bep.yml").write_text(json.dumps({"workspace": "published", "specs": ["stand-in.yml"]}))
        bep(folder, "apply", "--auto-approve")
        bep(folder, "env", "build", "stand-in")
        python = bep(folder, "env", "show", "stand-in/1", "--query", "interpreter", "-o", "tsv").strip()
    subprocess.run([python, STAND_INS / f"{trial.stand_in}.py"], cwd=folder, check=True, capture_output=True)


def score(trial: Trial, batch: Path, folder: Path, deployment: tuple[str, str], bep: Bep) -> str:
    """Run one job with an applied deployment, given endpoint and name; what there is to say of it."""
    data = str(batch / trial.data if trial.data else folder / "data")
    named = ("--endpoint", deployment[0], "--deployment", deployment[1], "--input", data, "--name", "published")
    bep(folder, "run", *named, expect=1 if trial.fault else 0, says=trial.fault)
    record = json.loads(bep(folder, "job", "show", "published", "-o", "json"))
    counts = record["counts"]
    if trial.fault:
        return f"its script as published raises {trial.fault!r}, and bep says so"
    made = f" (stand-in: {trial.stand_in})" if trial.stand_in else ""
    return f"{counts['scored']} of {counts['items']} files scored, {counts['rows']} rows{made}"
