"""Scripts are parsed by the Python that they are for, where this machine has it: real interpreters, nothing run."""

import os
import sys
from pathlib import Path

import pytest

from bep.providers.local.environments import script_parsing
from bep.providers.local.environments.script_parsing import parse
from tests.services.places import interpreter

OWN = ".".join(map(str, sys.version_info[:2]))
MATCH = b"match 1:\n    case 1:\n        pass\n"
ASYNC_NAME = b"async = 1\n"


def around(*pythons: str) -> dict[str, str]:
    """The surroundings of a process that finds these interpreters, besides those of the system and its own."""
    return {
        "PATH": os.pathsep.join(str(Path(one).parent) for one in pythons),
        "XDG_CACHE_HOME": os.environ["XDG_CACHE_HOME"],
    }


@pytest.mark.parametrize(
    ("asked", "source", "line"),
    [("3.6", ASYNC_NAME, 0), ("3.6", MATCH, 1), ("3.8", MATCH, 1), ("3.8", ASYNC_NAME, 1), ("3.12", MATCH, 0)],
)
def test_another_python_judges_its_own_grammar(asked: str, source: bytes, line: int) -> None:
    there = interpreter(asked)
    if not there:
        pytest.skip(f"no Python {asked} here")
    said = parse(asked, source, around(there))
    assert said is not None
    assert said.version.startswith(f"{asked}.")
    assert (bool(said.message), said.line) == (bool(line), line)


def test_nothing_of_a_script_is_run(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    said = parse(OWN, f"open({str(trace)!r}, 'w').close()\n".encode(), around(sys.executable))
    assert said is not None
    assert said.message == ""
    assert not trace.exists()


def test_the_newest_python_of_a_range_is_asked() -> None:
    minor = sys.version_info.minor
    said = parse(f">=3.{minor},<3.{minor + 1}", b"x = 1\n", around(sys.executable))
    assert said is not None
    assert said.version.startswith(f"{OWN}.")
    assert parse(">=3.90", b"x = 1\n", around(sys.executable)) is None


def test_an_answer_is_asked_for_once_and_damage_costs_only_time(monkeypatch: pytest.MonkeyPatch) -> None:
    surroundings, place = around(sys.executable), Path(os.environ["XDG_CACHE_HOME"], "bep", "scripts.json")
    first = parse(OWN, b"x =\n", surroundings)
    asked = script_parsing._asked
    monkeypatch.setattr(script_parsing, "_asked", lambda *_: pytest.fail("asked again"))
    assert parse(OWN, b"x =\n", surroundings) == first
    monkeypatch.setattr(script_parsing, "_asked", asked)
    for damage in (b"", b"[]", b'{"x": {"y": 1}}', b'{"x": []}', b"\xff"):
        place.write_bytes(damage)
        assert parse(OWN, b"x =\n", surroundings) == first
    place.unlink()
    place.mkdir()
    assert parse(OWN, b"x =\n", surroundings) == first


def test_what_is_no_interpreter_is_not_believed(tmp_path: Path) -> None:
    broken = tmp_path / "python3.99"
    broken.write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(0o755)
    assert parse("3.99", b"x = 1\n", around(str(broken))) is None
