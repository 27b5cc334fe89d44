"""Pip of a new environment: the one that its Python came with, complete, and taken away whole when another comes."""

import subprocess
from pathlib import Path

import pytest

from bep.lazy_dataclasses import replace
from bep.providers.local.environments.interpreters import Interpreter, probe
from bep.providers.local.environments.seeding import bundled, unpack
from tests.services.places import interpreter


def python(version: str) -> Interpreter:
    found = interpreter(version)
    if not found:
        pytest.skip(f"no Python {version} here")
    there = probe(found)
    assert there is not None
    return there


def said(*command: str | Path) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("version", ["3.6", "3.8", "3.11", "3.13"])
def test_an_environment_has_what_ensurepip_of_its_python_installs(tmp_path: Path, version: str) -> None:
    own = python(version)
    here = tmp_path / "with a space"
    said(own.path, "-m", "venv", "--without-pip", here)
    unpack(bundled(own), here, own.version)
    pip = said(own.path, "-c", "import ensurepip; print(ensurepip.version())").strip()
    assert said(here / "bin" / f"pip{version}", "--version").startswith(f"pip {pip} from {here}")
    frozen = said(here / "bin/pip", "freeze", "--all").splitlines()
    listed = {name for name, equal, _ in (line.partition("==") for line in frozen) if equal}
    assert listed == ({"pip", "setuptools"} if own.numbers < (3, 12) else {"pip"})

    said(here / "bin/pip", "uninstall", "--yes", "pip")
    assert not [*here.glob("bin/pip*"), *here.glob("lib/python*/site-packages/pip*")]


@pytest.mark.parametrize("answer", ["exit 1", "echo nonsense", "echo '[[]]'", "echo '[[\"/no/such.whl\"]]'"])
def test_where_a_python_does_not_say_what_it_came_with_nothing_is_guessed(tmp_path: Path, answer: str) -> None:
    stand_in = tmp_path / "python"
    stand_in.write_text(f"#!/bin/sh\n{answer}\n")
    stand_in.chmod(0o755)
    assert bundled(replace(python("3.11"), path=str(stand_in))) == ()
