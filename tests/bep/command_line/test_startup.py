"""What each command imports on a healthy small workspace: its start, held without a clock."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.bep.conftest import Workspace, surroundings

PACKAGES = frozenset(
    {
        "annotated_types",
        "azure",
        "deepdiff",
        "jmespath",
        "jsonschema",
        "networkx",
        "pathspec",
        "pydantic",
        "referencing",
        "typer",
    }
)
"""What bep depends on, but the reader of YAML: nothing here is needed while all is well."""

SLOW = frozenset(
    {
        *("asyncio", "concurrent", "dataclasses", "decimal", "email", "http", "importlib.metadata", "inspect"),
        *("logging", "multiprocessing", "socket", "ssl", "traceback", "unittest", "urllib.request", "xml"),
    }
)
"""Modules of the standard library that take long to import: no command needs one while all is well."""

NONE: frozenset[str] = frozenset()

COMMANDS: dict[str, tuple[frozenset[str], int]] = {
    "--help": (frozenset({"typer"}), 170),
    "plan": (NONE, 314),
    "plan --json": (NONE, 311),
    "plan --destroy": (NONE, 334),
    "validate": (NONE, 288),
    "fmt --check": (NONE, 220),
    "show": (NONE, 266),
    "show deployment/letters/blue": (NONE, 258),
    "output": (NONE, 286),
    "graph": (NONE, 289),
    "job list": (NONE, 326),
    "schedule list": (NONE, 300),
    "state list": (NONE, 254),
    "state show endpoint/letters": (NONE, 256),
    "stage list": (NONE, 211),
    "policy test": (NONE, 216),
    "token list": (NONE, 260),
    "studio --sign-out-all": (NONE, 260),
    "env list": (NONE, 285),
    "doctor": (NONE, 322),
    "gc --dry-run": (NONE, 272),
    "schema show model": (NONE, 142),
    "explain unknown-field": (NONE, 160),
    "version --json": (NONE, 110),
}
"""Which of the packages a command may import, and how many modules in all."""

PRINT_MODULES = """
import sys
from bep.cli import run
code = run(sys.argv[1:])
sys.stdout.flush()
print("\\0", *sorted(sys.modules), file=sys.__stderr__)  # sys.stderr spells what is no text
sys.exit(code)
"""


def imported(folder: Path, line: str) -> list[str]:
    """The modules that a command has imported when it is done; it must end well."""
    done = subprocess.run(
        [sys.executable, "-c", PRINT_MODULES, *line.split()],
        cwd=folder,
        env=surroundings(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
    modules = done.stderr.partition("\0")[2].split()
    assert "bep.cli" in modules
    assert not [module for module in modules if module.startswith("bep.providers.azure")], "the world is this machine"
    return modules


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_imports_what_it_has_a_use_for(applied: Workspace, line: str) -> None:
    packages, most = COMMANDS[line]
    modules = imported(applied.folder, line)
    assert {module.partition(".")[0] for module in modules} & PACKAGES - packages == set()
    assert SLOW.isdisjoint(modules) or "typer" in packages
    assert len(modules) <= most, f"{len(modules)} modules: {' '.join(modules)}"


def test_a_plan_with_changes_and_its_apply_import_no_more_packages(workspace: Workspace) -> None:
    for line in ("plan", "apply -y"):
        modules = imported(workspace.folder, line)
        assert {module.partition(".")[0] for module in modules} & PACKAGES == set()
        assert SLOW.isdisjoint(modules)
        assert len(modules) <= {"plan": 337, "apply -y": 406}[line], f"{line}: {len(modules)} modules"
    workspace.edit("specs.yml", "mini_batch_size: 2", "mini_batch_size: 3")
    assert len(imported(workspace.folder, "plan")) <= 335
    workspace.bep("plan", "-o", "plan.json")
    modules = imported(workspace.folder, "comment plan.json --platform gitlab --dry-run")
    assert {module.partition(".")[0] for module in modules} & PACKAGES == set()
    assert SLOW.isdisjoint(modules)
    assert len(modules) <= 194, f"{len(modules)} modules: {' '.join(modules)}"


def test_a_shard_that_is_scored_imports_no_specs_and_no_world(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "share").mkdir()
    workspace.bep("apply", "-y")
    workspace.bep("run", "job.yml", "--prepare", "--share", str(tmp_path / "share"), "--name", "night")
    modules = imported(workspace.folder, f"run --shard 0/1 --share {tmp_path}/share")
    assert {module.partition(".")[0] for module in modules} & PACKAGES == set()
    assert not [module for module in modules if module.startswith(("bep.providers", "bep.planner", "bep.specs"))]
    assert len(modules) <= 342, f"{len(modules)} modules: {' '.join(modules)}"


def test_the_help_of_all_commands_imports_none_of_them(workspace: Workspace) -> None:
    modules = imported(workspace.folder, "--help")
    assert not [module for module in modules if module.startswith(("bep.commands.", "bep.app"))]
