"""What each command costs to start: `python -m tests.benchmarks.startup [10 1000] [--repeat N]`.

Every command is a fresh process in a workspace of that many resources, beside the bare interpreter (`python -c pass`)
and, where `terraform` is on PATH, beside its plan, apply and show of as many `terraform_data`. The runs are interleaved
and the medians taken, of wall and of processor seconds; a line is printed as soon as it is known, each figure as a
multiple of the bare interpreter's beside it. The interpreter is of a virtual environment made for this, where bep is
found by its path: an editable install's own finder, which slows the bare interpreter, is in no figure. Bytecode is
kept, as an installed bep has it.
"""

import argparse
import os
import shutil
import subprocess
import sysconfig
import tempfile
import time
import venv
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

from tests.benchmarks.planning import surroundings, write_specs

ROOT = Path(__file__).parents[2]
READING = (
    *("version --json", "--help", "plan --help", "validate", "plan", "plan --json", "show", "show data/asset-1/1"),
    *("output", "graph", "job list", "state list", "state show data/asset-1/1", "stage list", "env list"),
    *("gc --dry-run", "schema show model"),
)
"""What changes nothing, on a workspace where nothing is to be done."""


class Cost(NamedTuple):
    """Seconds of one process."""

    wall: float
    processor: float


class Case(NamedTuple):
    """One thing that is measured; `before` puts back what it changes."""

    label: str
    folder: Path
    arguments: Sequence[str]
    before: Callable[[], None] | None = None


def cost(case: Case, environment: dict[str, str]) -> Cost:
    """The cost of one process. Raises `SystemExit` if it fails."""
    if case.before is not None:
        case.before()
    begun = time.perf_counter()
    process = subprocess.Popen(
        case.arguments, cwd=case.folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=-1
    )
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    taken = Cost(time.perf_counter() - begun, usage.ru_utime + usage.ru_stime)
    process.stderr.close()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{case.label} exited {process.returncode}\n{said.decode(errors='replace')}")
    return taken


def interpreter(folder: Path) -> str:
    """A Python that has bep and what it needs, and nothing to do at its start."""
    venv.create(folder, symlinks=True)
    paths = f"{ROOT}\n{sysconfig.get_path('purelib')}\n"
    Path(sysconfig.get_path("purelib", vars={"base": str(folder)}), "bep.pth").write_text(paths)
    return str(folder / "bin" / "python")


def cases(python: str, folder: Path, count: int, environment: dict[str, str]) -> list[Case]:
    """Every command on a workspace of that many resources: all new, one changed, and nothing to do."""
    bep = (python, "-m", "bep")
    new, same, changed = folder / "new", folder / "same", folder / "changed"
    for workspace in (new, same):
        workspace.mkdir(parents=True)
        write_specs(workspace, count, "fan")
    cost(Case("apply", same, (*bep, "apply", "-y")), environment)
    shutil.copytree(same, changed)
    write_specs(changed, count, "fan", changed=1)

    def forget() -> None:
        shutil.rmtree(new / ".bep", ignore_errors=True)

    return [
        *(Case(f"bep {line}", same, (*bep, *line.split())) for line in READING),
        Case("bep plan, one changed", changed, (*bep, "plan")),
        Case("bep plan, all new", new, (*bep, "plan"), forget),
        Case("bep apply, all new", new, (*bep, "apply", "-y"), forget),
    ]


def terraform_cases(folder: Path, count: int, environment: dict[str, str]) -> list[Case]:
    """The like of Terraform; nothing where it is not installed."""
    program = shutil.which("terraform")
    if program is None:
        return []
    text = f'resource "terraform_data" "a" {{\n  count = {count}\n  input = "x-${{count.index}}"\n}}\n'
    new, same = folder / "terraform-new", folder / "terraform-same"
    for workspace in (new, same):
        workspace.mkdir(parents=True)
        (workspace / "main.tf").write_text(text)
        cost(Case("terraform init", workspace, [program, "init", "-input=false"]), environment)
    apply = [program, "apply", "-input=false", "-auto-approve"]
    cost(Case("terraform apply", same, apply), environment)

    def forget() -> None:
        for file in new.glob("terraform.tfstate*"):
            file.unlink()

    return [
        Case("terraform plan", same, [program, "plan", "-input=false"]),
        Case("terraform show", same, [program, "show"]),
        Case("terraform plan, all new", new, [program, "plan", "-input=false"], forget),
        Case("terraform apply, all new", new, apply, forget),
    ]


def report(count: int, repeat: int) -> None:
    """Measure and print, a line a command. The bare interpreter is measured beside each run of each command."""
    with tempfile.TemporaryDirectory(prefix="bep-startup-") as temporary:
        folder = Path(temporary)
        environment = {**surroundings(folder / "bytecode"), "TF_CLI_CONFIG_FILE": os.devnull, "CHECKPOINT_DISABLE": "1"}
        python = interpreter(folder / "venv")
        bare = Case("python -c pass", folder, (python, "-c", "pass"))
        print(f"{count} resources, median of {repeat}; x: times the bare interpreter", flush=True)
        for case in (*cases(python, folder, count, environment), *terraform_cases(folder, count, environment)):
            cost(case, environment)  # fills the caches
            pairs = [(cost(bare, environment), cost(case, environment)) for _ in range(repeat)]
            wall, processor = (median(taken[n] for _, taken in pairs) for n in (0, 1))
            bare_wall, bare_processor = (median(taken[n] for taken, _ in pairs) for n in (0, 1))
            print(
                f"  {case.label:32} wall {wall:6.3f} s {wall / bare_wall:6.1f}x"
                f"   processor {processor:6.3f} s {processor / bare_processor:6.1f}x",
                flush=True,
            )


def main() -> None:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("counts", type=int, nargs="*", metavar="N", default=[10, 1000], help="resources; 10 and 1000")
    parser.add_argument("--repeat", type=int, default=7)
    arguments = parser.parse_args()
    for count in arguments.counts:
        report(count, arguments.repeat)


if __name__ == "__main__":
    main()
