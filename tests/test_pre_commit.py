"""The hooks for contributors and workspaces: their files are as pre-commit reads them; what they start works."""

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
OURS: list[dict[str, Any]] = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
USERS: list[dict[str, Any]] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
HOOKS = {hook["id"]: hook for repository in OURS for hook in repository["hooks"]}
KNOWN = {"id", "name", "description", "entry", "language", "types", "types_or", "files", "exclude", "pass_filenames"}
"""Of what pre-commit reads in a hook, all that is used here."""


def started(folder: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)


def words_of(hook: dict[str, Any]) -> tuple[Path, list[str]]:
    """The program of an entry, beside the interpreter that runs the tests, and its options."""
    program, *options = shlex.split(hook["entry"])
    return Path(sys.executable).parent / Path(program).name, options


@pytest.mark.parametrize("hook", [*HOOKS.values(), *USERS], ids=lambda hook: hook["id"])
def test_a_hook_says_what_pre_commit_asks_and_nothing_it_does_not_know(hook: dict[str, Any]) -> None:
    assert {"id", "name", "entry", "language"} <= hook.keys() <= KNOWN
    assert hook["language"] in ("system", "python")
    assert hook.get("types") != []


def test_contributors_hooks_are_the_commands_of_make_lint() -> None:
    """Less the import contracts, which look at everything and take their time."""
    assert [repository["repo"] for repository in OURS] == ["local"]
    [recipe] = re.findall(r"^lint:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.M)
    lines = [line.removesuffix(" .") for line in recipe.replace("$(BIN)", ".venv/bin").split("\n\t")]
    commands = {line.strip().removesuffix(" .") for line in lines} - {".venv/bin/lint-imports"}
    assert {hook["entry"].replace(" --force-exclude", "") for hook in HOOKS.values()} == commands


@pytest.mark.parametrize(("hook", "wrong"), [("ruff", "import os\n"), ("ruff-format", "x  =  1\n")])
def test_a_hook_lets_a_good_file_pass_and_no_bad_one(hook: str, wrong: str, tmp_path: Path) -> None:
    program, options = words_of(HOOKS[hook])
    (tmp_path / "good.py").write_text("x = 1\n")
    (tmp_path / "bad.py").write_text(wrong)
    good, bad = (started(tmp_path, program, *options, name) for name in ("good.py", "bad.py"))
    assert (good.returncode, bad.returncode) == (0, 1), good.stdout + good.stderr + bad.stderr
    assert "bad.py" in bad.stdout + bad.stderr


def test_users_hook_checks_the_workspace_that_it_is_started_in(tmp_path: Path) -> None:
    [hook] = USERS
    program, options = words_of(hook)
    assert program.name in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    (tmp_path / "bep.yml").write_text("workspace: small\nspecs: [compute.yml]\n")
    (tmp_path / "compute.yml").write_text("name: cpu-cluster\ntype: amlcompute\n")
    good = started(tmp_path, sys.executable, "-m", program.name, *options)
    assert good.returncode == 0, good.stderr
    (tmp_path / "compute.yml").write_text("name: cpu-cluster\ntype: amlcompute\nmax_instance: 2\n")
    bad = started(tmp_path, sys.executable, "-m", program.name, *options)
    assert bad.returncode == 3
    assert "compute.yml:3" in bad.stdout + bad.stderr
