"""The batch examples Azure publishes, taken through a whole life by bep: `python -m tests.published FOLDER`.

FOLDER is a clone of github.com/Azure/azureml-examples. Every batch deployment below cli/endpoints/batch is one line:
its example's folder, copied and unmodified, gets a bep.yml and a file that declares what the example makes with the
az command line (its compute, its registered model); then bep validates, plans, applies, plans again (which must find
nothing to do) and destroys. With --run a job is scored before that is destroyed, in the environment the example asks
for, built from the network (some of several GB); tests/published_jobs.py says with which data. --only TEXT takes the
deployments whose path has this text. A script that cannot run as published, whoever runs it, is `broken`: bep takes it
through its life and its job fails with the words expected. Exit code 1 when one fails or none is found.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import yaml

from tests.published_jobs import Trial, prepare, score, trial_of

BATCH = "cli/endpoints/batch"
ALONGSIDE = ("environment", "model", "compute", "data")
MADE = "made-by-hand.yml"


class Example(NamedTuple):
    """One deployment among the specs of its example: paths relative to `folder`, the one with the endpoint."""

    folder: Path
    endpoint: Path
    deployment: Path
    others: tuple[Path, ...]


class Failure(Exception):
    """A command that ended otherwise than it had to; the text is what it said."""


def sort_of(file: Path) -> str:
    """What a YAML file says it is by its `$schema`: `batchEndpoint`, `environment`; empty if it says nothing."""
    found = document(file).get("$schema", "")
    return PurePosixPath(str(found)).name.removesuffix(".schema.json")


def document(file: Path) -> dict[str, Any]:
    """The mapping a YAML file holds; empty if it holds something else."""
    found = yaml.safe_load(file.read_text())
    return found if isinstance(found, dict) else {}


def examples(batch: Path) -> Iterator[Example]:
    """Each deployment with the endpoint of the folder it is in or below; by path."""
    sorts = {file: sort_of(file) for file in sorted(batch.rglob("*.y*ml"))}
    for endpoint in (file for file, sort in sorts.items() if sort == "batchEndpoint"):
        folder = endpoint.parent
        near = {file.relative_to(folder): sort for file, sort in sorts.items() if file.is_relative_to(folder)}
        others = tuple(file for file, sort in near.items() if sort in ALONGSIDE)
        for file, sort in near.items():
            if sort.endswith("BatchDeployment"):
                yield Example(folder, endpoint.relative_to(folder), file, others)


def registered(reference: object) -> str | None:
    """The name in `azureml:name`, `azureml:name:1` or `azureml:name@latest`; None for what is not such a reference."""
    if not isinstance(reference, str) or not reference.startswith("azureml:"):
        return None
    return reference.removeprefix("azureml:").partition("@")[0].partition(":")[0]


def model_folder(example: Example) -> Path | None:
    """The `model` folder nearest to the deployment, relative to the example's; None if the repository has none."""
    for near in (example.deployment.parent, Path()):
        if (example.folder / near / "model").is_dir():
            return near / "model"
    return None


def skipped(example: Example) -> str | None:
    """Why an example cannot be tried; None when it can."""
    wanted = document(example.folder / example.deployment)
    if wanted.get("type") == "pipeline":
        return "it runs a pipeline, which this machine does not"
    name = registered(wanted.get("model"))
    if name and not model_folder(example):
        return f"its model {name} is not in the repository"
    return None


def made_by_hand(example: Example) -> str:
    """The specs of what the example's shell script makes beside its YAML files."""
    wanted = document(example.folder / example.deployment)
    made: list[dict[str, Any]] = []
    if compute := registered(wanted.get("compute")):
        made.append({"kind": "compute", "name": compute, "type": "amlcompute", "min_instances": 0, "max_instances": 5})
    if model := registered(wanted.get("model")):
        made.append({"kind": "model", "name": model, "version": "1", "path": str(model_folder(example))})
    return yaml.safe_dump_all(made)


def declare(example: Example) -> None:
    """Write the two files that make a copy of the example a workspace; its own stay as published."""
    (example.folder / MADE).write_text(made_by_hand(example))
    specs = [str(file) for file in (example.endpoint, example.deployment, *example.others)]
    (example.folder / "bep.yml").write_text(json.dumps({"workspace": "published", "specs": [*specs, MADE]}))


def bep(folder: Path, *arguments: str, expect: int = 0, says: str = "") -> str:
    """What `bep` prints in that folder. Raises Failure if it exits otherwise than expected, or does not say that."""
    command = [sys.executable, "-m", "bep", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != expect or says not in done.stdout + done.stderr:
        said = f"{done.stdout}{done.stderr}".strip().replace("\n", "\n    ")
        raise Failure(f"bep {' '.join(arguments)}: exit code {done.returncode}, not {expect}\n    {said}")
    return done.stdout


def life(folder: Path, job: Callable[[], str]) -> str:
    """What was made, scored and taken away again. Raises Failure at the first step that goes wrong."""
    bep(folder, "validate")
    bep(folder, "plan", "--detailed-exitcode", expect=2)
    bep(folder, "apply", "--auto-approve")
    made = bep(folder, "state", "list").split()
    bep(folder, "plan", "--detailed-exitcode")
    scored = job()
    bep(folder, "destroy", "--auto-approve")
    if left := bep(folder, "state", "list").split():
        raise Failure(f"bep destroy left {', '.join(left)}")
    return f"{len(made)} resources planned, applied, planned empty, destroyed{scored}"


def tried(example: Example, folder: Path, batch: Path, trial: Trial | None) -> tuple[str, str]:
    """The verdict on an example (passed, broken as published, failed, skipped), and what there is to say of it."""
    if not (trial and trial.stand_in) and (reason := skipped(example)):
        return "skipped", reason
    shutil.copytree(example.folder, folder)
    here = example._replace(folder=folder)
    wanted = document(folder / here.deployment)
    deployment = (str(document(folder / here.endpoint)["name"]), str(wanted["name"]))
    try:
        if trial:
            prepare(trial, folder, bep)
        declare(here)
        job = (lambda: f"; {score(trial, batch, folder, deployment, bep)}") if trial else str
        return "broken" if trial and trial.fault else "passed", life(folder, job)
    except subprocess.CalledProcessError as failure:
        return "failed", f"{failure}\n    {failure.stderr.decode()[-400:]}"
    except Failure as failure:
        return "failed", str(failure)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a line for each example and the counts; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.published", description=__doc__)
    parser.add_argument("folder", type=Path, help="a clone of azureml-examples")
    parser.add_argument("--run", action="store_true", help="run a job where data is at hand or can be made")
    parser.add_argument("--only", default="", metavar="TEXT", help="deployments whose path has this text")
    asked = parser.parse_args(arguments)
    batch = asked.folder.resolve() / BATCH
    counts: Counter[str] = Counter()
    for number, example in enumerate(examples(batch)):
        path = (example.folder / example.deployment).relative_to(batch)
        if asked.only not in path.as_posix():
            continue
        trial = trial_of(path) if asked.run else None
        with tempfile.TemporaryDirectory() as temporary:
            verdict, why = tried(example, Path(temporary) / f"example-{number}", batch, trial)
        counts[verdict] += 1
        print(f"{verdict:8}{path}: {why}", flush=True)
    print(", ".join(f"{counts[verdict]} {verdict}" for verdict in ("passed", "broken", "failed", "skipped")))
    return 0 if counts["passed"] + counts["broken"] and not counts["failed"] else 1


if __name__ == "__main__":
    sys.exit(main())
