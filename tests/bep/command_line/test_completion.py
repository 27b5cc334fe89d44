"""Shell completion: what a shell is told, what it costs, and the shells themselves."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from bep.command_line.completing import ALLOWED
from tests.bep.conftest import Workspace, surroundings

NAMES = [
    ("bep pl", "plan"),
    ("bep plan --det", "--detailed-exitcode"),
    ("bep job str", "stream"),
    ("bep show dep", "deployment/letters/blue"),
    ("bep show bl", "blue"),
    ("bep plan --target deployment/l", "deployment/letters/blue"),
    ("bep plan --target=compute/", "--target=compute/cpu-cluster"),
    ("bep apply --replace mod", "model/alphabet/1"),
    ("bep state rm env", "environment/plain/1"),
    ("bep adopt comp", "compute/cpu-cluster"),
    ("bep job show ni", "nightly"),
    ("bep job delete ni", "nightly"),
    ("bep run -e le", "letters"),
    ("bep run -e letters -d b", "blue"),
    ("bep run --output-format js", "jsonl"),
    ("bep --stage st", "staging"),
    ("bep plan --provider lo", "local"),
    ("bep --provider local show deployment", "deployment/letters/blue"),
    ("bep plan --stage st", "staging"),
    ("bep plan --allow delete-m", "delete-many"),
    ("bep explain unknown-f", "unknown-field"),
    ("bep schema show depl", "deployment"),
    ("bep schema show ev", "events"),
    ("bep job list --status Comp", "Completed"),
    ("bep job list -o js", "json"),
    ("bep import --all --kind datas", "datastore"),
    ("bep env show pl", "plain/1"),
]
STAGES = "stages:\n  staging: {}\n  production: {}\n"


@pytest.fixture(scope="module")
def known(applied_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace with a job's folder, and beside it the same with stages."""
    folder = tmp_path_factory.mktemp("known")
    shutil.copytree(applied_once, folder, dirs_exist_ok=True)
    (folder / ".bep/jobs/nightly").mkdir(parents=True)
    staged = folder / "staged"
    staged.mkdir()
    (staged / "bep.yml").write_text((folder / "bep.yml").read_text() + STAGES)
    return Workspace(folder)


def asked(workspace: Workspace, words: str, shell: str = "bash") -> list[str]:
    """What a shell is told."""
    where = Workspace(workspace.folder / "staged") if "--stage" in words else workspace
    count = str(words.count(" "))
    line: dict[str, Any] = {"COMP_WORDS": words, "COMP_CWORD": count, "_TYPER_COMPLETE_ARGS": words}
    done = where.bep(expect=0, **line, _BEP_COMPLETE=f"complete_{shell}")
    assert done.stderr == ""
    return done.stdout.split("\n")[:-1]


@pytest.mark.parametrize(("words", "expected"), NAMES)
def test_a_shell_is_told_how_a_word_goes_on(known: Workspace, words: str, expected: str) -> None:
    assert asked(known, words) == [expected]


def test_each_shell_is_told_in_its_own_way(known: Workspace) -> None:
    assert asked(known, "bep plan --target comp", "zsh") == ["compadd -U -- 'compute/cpu-cluster'"]
    assert asked(known, "bep apply ", "zsh") == ["_files"]
    assert asked(known, "bep plan --target comp", "fish") == ["compute/cpu-cluster"]
    assert asked(known, "bep state ") == sorted(
        ["list", "show", "rm", "mv", "pull", "push", "restore", "migrate", "repair"]
    )


def test_nothing_is_said_where_there_is_no_workspace_or_it_is_broken(workspace: Workspace) -> None:
    assert asked(workspace, "bep show ") == []
    (workspace.folder / ".bep").mkdir()
    (workspace.folder / ".bep/state.json").write_text("{")
    (workspace.folder / "bep.yml").write_text("state: [")
    assert asked(workspace, "bep show ") == []


def test_the_codes_are_those_of_the_planner() -> None:
    import re

    from bep.planner.planning import safety

    source = Path(str(safety.__file__)).read_text()
    assert set(ALLOWED) <= set(re.findall(r'"([a-z]+(?:-[a-z]+)*)"', source))


def test_an_answer_imports_neither_typer_nor_pydantic_nor_yaml(known: Workspace) -> None:
    code = "import sys\nfrom bep import cli\ntry:\n    cli.main()\nfinally:\n    print(sorted(sys.modules))"
    for words in ("bep show dep", "bep job show ni", "bep plan --target dep"):
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=known.folder,
            env={
                **surroundings(),
                "COMP_WORDS": words,
                "COMP_CWORD": str(words.count(" ")),
                "_BEP_COMPLETE": "complete_bash",
            },
            capture_output=True,
            text=True,
            check=True,
        )
        modules = done.stdout.splitlines()[-1]
        assert not [name for name in ("typer", "click", "pydantic", "yaml", "rich") if f"'{name}'" in modules]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_itself_completes_an_address_at_the_first_tab(known: Workspace, tmp_path: Path, shell: str) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"the system has no {shell}")
    script = known.bep("--show-completion", shell, _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1").stdout
    commands = tmp_path / "bin"
    commands.mkdir()
    (commands / "bep").write_text(f'#!/bin/sh\nexec {sys.executable} -m bep "$@"\n')
    (commands / "bep").chmod(0o755)
    given = {**surroundings(), "PATH": f"{commands}:{os.environ['PATH']}", "HOME": str(tmp_path), "TERM": "dumb"}
    assert "deployment/letters/blue" in FIRST_TAB[shell](program, script, known.folder, given, tmp_path)


def in_bash(program: str, script: str, folder: Path, given: dict[str, str], home: Path) -> str:
    """What the function that bash would call leaves in COMPREPLY."""
    ask = (
        f"{script}\nCOMP_WORDS=(bep plan --target dep); COMP_CWORD=3\n"
        "$(complete -p bep | sed 's/.*-F \\([^ ]*\\) .*/\\1/') bep; echo \"${COMPREPLY[@]}\""
    )
    done = subprocess.run([program, "-c", ask], cwd=folder, env=given, capture_output=True, text=True, check=True)
    return done.stdout


def in_fish(program: str, script: str, folder: Path, given: dict[str, str], home: Path) -> str:
    """What fish offers."""
    ask = f'{script}\ncomplete -C "bep plan --target dep"'
    done = subprocess.run([program, "-c", ask], cwd=folder, env=given, capture_output=True, text=True, check=True)
    return done.stdout


def in_zsh(program: str, script: str, folder: Path, given: dict[str, str], home: Path) -> str:
    """What stands in the line of a fresh zsh after one TAB."""
    import pty

    (home / "functions").mkdir()
    (home / "functions/_bep").write_text(script)
    (home / ".zshrc").write_text("fpath=(~/functions $fpath); autoload -Uz compinit; compinit -u; PS1='READY> '\n")
    ours, theirs = pty.openpty()
    said = ""
    with subprocess.Popen([program, "-i"], cwd=folder, env=given, stdin=theirs, stdout=theirs, stderr=theirs) as shell:
        os.close(theirs)
        until = time.monotonic() + 60
        typed = False
        while "deployment/letters/blue" not in said and time.monotonic() < until:
            said += os.read(ours, 4096).decode(errors="replace")
            if "READY>" in said and not typed:
                os.write(ours, b"bep plan --target dep\t")
                typed = True
        shell.kill()
    os.close(ours)
    return said


FIRST_TAB = {"bash": in_bash, "zsh": in_zsh, "fish": in_fish}
