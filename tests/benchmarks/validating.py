"""What `bep validate` costs beside a bare read of the same bytes: `python -m tests.benchmarks.validating`.

Two workspaces: 10,000 deployments in 100 files; one document of 10 MB, an endpoint with its deployments inside.
Each run is a fresh process, yardstick and command by turns; what the bare interpreter and `bep validate` of one
deployment take is subtracted from neither. Prints one JSON line a workspace: processor seconds (user and system, the
least of the repeats) of both, their ratio, and the peak memory of `bep validate` in megabytes.
"""

import argparse
import json
import os
import platform
import tempfile
from pathlib import Path

from tests.benchmarks.planning import BEP, measured, surroundings

DEPLOYMENTS = 10_000
FILES = 100
DOCUMENT = 10 * 1024 * 1024 - 4096
"""Bytes of the one document: bep reads no file of more than 10 MiB."""
LOADED = "import sys, yaml\nfor name in sys.argv[1:]:\n    list(yaml.load_all(open(name, 'rb'), yaml.CSafeLoader))"

SHARED = """\
kind: compute
name: cpu-cluster
type: amlcompute
size: STANDARD_DS3_v2
min_instances: 0
max_instances: 8
---
kind: model
name: digits
version: 1
path: azureml://datastores/workspaceblobstore/paths/models/digits
type: mlflow_model
---
kind: endpoint
name: scores
auth_mode: aad_token
"""


def deployment(number: int) -> str:
    """One deployment as they are written: today's form, with all that teams set."""
    return f"""\
$schema: https://azuremlschemas.azureedge.net/latest/modelBatchDeployment.schema.json
name: digits-{number:05}
endpoint_name: scores
description: Scores the images of region {number}
type: model
model: azureml:digits:1
compute: azureml:cpu-cluster
resources:
  instance_count: 2
settings:
  mini_batch_size: {10 + number % 50}
  output_action: append_row
  output_file_name: predictions-{number}.csv
  max_concurrency_per_instance: 2
  retry_settings:
    max_retries: 3
    timeout: 300
  error_threshold: 10
  logging_level: info
  environment_variables:
    REGION: region-{number}
    THRESHOLD: "0.{number % 100:02}"
tags:
  team: vision
  region: region-{number}
"""


def many_files(folder: Path) -> list[Path]:
    """10,000 deployments in 100 files."""
    each = DEPLOYMENTS // FILES
    files = [folder / f"deployments-{number:03}.yml" for number in range(FILES)]
    for number, file in enumerate(files):
        file.write_text("---\n".join(map(deployment, range(number * each, (number + 1) * each))))
    return files


def one_document(folder: Path) -> list[Path]:
    """One endpoint with so many deployments inside that its document has 10 MB."""
    texts, size, number = ["kind: endpoint\nname: inside\ndeployments:\n"], 0, 0
    while size < DOCUMENT:
        lines = [line for line in deployment(number).splitlines() if not line.startswith(("$schema", "endpoint_name"))]
        text = "".join(f"  {'- ' if line is lines[0] else '  '}{line}\n" for line in lines)
        texts.append(text)
        size, number = size + len(text), number + 1
    file = folder / "endpoint.yml"
    file.write_text("".join(texts[:-1]))
    return [file]


WORKSPACES = {"files": many_files, "document": one_document}


def figures(name: str, repeat: int) -> dict[str, object]:
    """One line of results."""
    with tempfile.TemporaryDirectory(prefix="bep-benchmark-") as temporary:
        environment = surroundings(Path(temporary, "bytecode"))
        folder = Path(temporary, name)
        folder.mkdir()
        files = WORKSPACES[name](folder)
        (folder / "shared.yml").write_text(SHARED)
        (folder / "bep.yml").write_text(
            f"workspace: benchmark\nspecs: [shared.yml, {', '.join(f.name for f in files)}]\n"
        )
        costs = []
        for number in range(repeat + 1):
            yardstick = measured(folder, environment, "-c", LOADED, *(file.name for file in files))
            command = measured(folder, environment, *BEP, "validate")
            if number:  # the first turn only fills the caches
                costs.append((yardstick, command))
        loaded, validated = (min(cost[place].processor for cost in costs) for place in (0, 1))
        return {
            "workspace": name,
            "megabytes": round(sum(file.stat().st_size for file in files) / 1e6, 1),
            "repeat": repeat,
            "loader_seconds": round(loaded, 2),
            "validate_seconds": round(validated, 2),
            "ratio": round(validated / loaded, 2),
            "memory_mb": round(max(command.memory for _, command in costs), 1),
            "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()},
        }


def main() -> None:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=WORKSPACES, help="one of the workspaces")
    parser.add_argument("--repeat", type=int, default=3)
    arguments = parser.parse_args()
    for name in [arguments.only] if arguments.only else WORKSPACES:
        print(json.dumps(figures(name, arguments.repeat)), flush=True)


if __name__ == "__main__":
    main()
