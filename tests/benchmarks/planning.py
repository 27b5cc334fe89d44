"""What planning and applying N resources costs: `python -m tests.benchmarks.planning N --shape fan|chains|deep|each`.

Every command is a fresh process on the local provider's catalog; the resources are data assets that name a remote
path, so each operation is instant. Prints one JSON line a shape: wall seconds over the repeats (median and least),
processor seconds (user and system, the least: what a busy machine disturbs least), peak memory of the largest
process, and the machine. The bare interpreter's start-up, measured in between, is the yardstick. Bytecode is kept
in a folder of the benchmark's own, so that bep is measured as an installed one starts, whatever PYTHON* says.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

SHAPES = ("fan", "chains", "deep", "each")


def spec(number: int, needs: int | None, description: str = "as it was") -> str:
    """One data asset; with `needs` it comes after the asset of that number."""
    after = f"\nx-bep: {{depends_on: [data/asset-{needs}/1]}}" if needs is not None else ""
    return (
        f"kind: data\nname: asset-{number}\nversion: 1\ntype: uri_folder\ndescription: {description}\n"
        f"path: azureml://datastores/workspaceblobstore/paths/asset-{number}{after}\n"
    )


def needed(number: int, shape: str) -> int | None:
    """What the asset of this number comes after: one root, the one before it in its chain of ten, or the one before."""
    if number == 0 or shape == "each":
        return None
    if shape == "fan":
        return 0
    return number - 1 if shape == "deep" or number % 10 else None


def write_specs(folder: Path, count: int, shape: str, changed: int = 0) -> None:
    """A workspace of one file; the first `changed` assets have another description."""
    texts = [spec(n, needed(n, shape), "changed" if n < changed else "as it was") for n in range(count)]
    (folder / "bep.yml").write_text("workspace: benchmark\nspecs: [assets.yml]\n")
    (folder / "assets.yml").write_text("---\n".join(texts))


class Cost(NamedTuple):
    """What one process took: seconds, seconds, megabytes."""

    wall: float
    processor: float
    memory: float


def surroundings(bytecode: Path) -> dict[str, str]:
    """The environment of what is measured."""
    return {**os.environ, "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(bytecode)}


def measured(folder: Path, environment: Mapping[str, str], *arguments: str, expect: int = 0) -> Cost:
    """The cost of one process. Raises if it exits otherwise than expected."""
    begun = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *arguments], cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stderr.close()
    if process.returncode != expect:
        raise SystemExit(f"{' '.join(arguments)} exited {process.returncode}\n{said.decode(errors='replace')}")
    return Cost(time.perf_counter() - begun, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


BEP = ("-m", "bep")


def one_life(folder: Path, count: int, shape: str, environment: Mapping[str, str]) -> Iterator[tuple[str, Cost]]:
    """What each command costs, from an empty workspace to one with a change in it."""

    def cost(*arguments: str, expect: int = 0) -> Cost:
        return measured(folder, environment, *arguments, expect=expect)

    yield "python", cost("-c", "pass")
    yield "version", cost(*BEP, "version")
    write_specs(folder, count, shape)
    yield "validate", cost(*BEP, "validate")
    yield "plan_create", cost(*BEP, "plan", "--detailed-exitcode", expect=2)
    yield "apply_create", cost(*BEP, "apply", "--auto-approve")
    yield "plan_no_change", cost(*BEP, "plan", "--detailed-exitcode")
    write_specs(folder, count, shape, changed=max(1, count // 100))
    yield "plan_1_percent", cost(*BEP, "plan", "--detailed-exitcode", expect=2)
    yield "apply_1_percent", cost(*BEP, "apply", "--auto-approve")


def figures(count: int, shape: str, repeat: int) -> dict[str, object]:
    """One line of results."""
    costs: dict[str, list[Cost]] = {}
    with tempfile.TemporaryDirectory(prefix="bep-benchmark-") as temporary:
        environment = surroundings(Path(temporary, "bytecode"))
        for number in range(repeat + 1):
            folder = Path(temporary, str(number))
            folder.mkdir()
            for label, cost in one_life(folder, count if number else 1, shape, environment):
                if number:  # the first life only fills the caches
                    costs.setdefault(label, []).append(cost)
            shutil.rmtree(folder)
    return {
        "resources": count,
        "shape": shape,
        "repeat": repeat,
        "seconds": {label: round(statistics.median(c.wall for c in taken), 3) for label, taken in costs.items()},
        "least_seconds": {label: round(min(c.wall for c in taken), 3) for label, taken in costs.items()},
        "processor_seconds": {label: round(min(c.processor for c in taken), 3) for label, taken in costs.items()},
        "memory_mb": {label: round(max(c.memory for c in taken), 1) for label, taken in costs.items()},
        "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()},
    }


def main() -> None:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("count", type=int, metavar="N")
    parser.add_argument("--shape", choices=SHAPES, action="append", help="may be repeated; default: fan")
    parser.add_argument("--repeat", type=int, default=3)
    arguments = parser.parse_args()
    for shape in arguments.shape or ["fan"]:
        print(json.dumps(figures(arguments.count, shape, arguments.repeat)), flush=True)


if __name__ == "__main__":
    main()
