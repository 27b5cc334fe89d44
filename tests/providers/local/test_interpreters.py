import os
import sys
import time
from pathlib import Path

import pytest

from bep.providers.local.environments.interpreters import Interpreter, choose, discovered, find, folders
from bep.providers.protocol import ProviderError


def python(version: str, path: str = "/a") -> Interpreter:
    return Interpreter(f"{path}/python{version}", version, "CPython", "linux-x86_64")


HERE = [python("2.7.18"), python("3.7.3"), python("3.7.9"), python("3.8.18"), python("3.11.7"), python("3.12.0rc1")]


@pytest.mark.parametrize(
    ("wanted", "version"),
    [
        ("3.7", "3.7.9"),
        ("3.7.3", "3.7.3"),
        ("3.7.5", "3.7.3"),
        ("3.7.16", "3.7.9"),
        ("3.8.0", "3.8.18"),
        ("3.12", "3.12.0rc1"),
        ("3.9", None),
        ("2.7", None),
        (">=3.7,<3.9", "3.8.18"),
        (">3.8.18,!=3.12", "3.11.7"),
        ("~=3.7", "3.11.7"),
        (">=3.12", "3.12.0rc1"),
        ("<=3.7", "3.7.9"),
        ("3", "3.11.7"),
        ("nonsense", None),
        (None, "3.11.7"),
    ],
)
def test_the_exact_patch_else_the_nearest_of_the_same_minor(wanted: str | None, version: str | None) -> None:
    chosen = choose(wanted, HERE)
    assert (chosen.version if chosen else None) == version


def test_previews_free_threaded_builds_and_pypy_are_for_when_nothing_else_suits() -> None:
    usual, older = python("3.14.2"), python("3.14.0")
    bare = Interpreter("/a/+freethreaded/python3.14", "3.14.2", "CPython free-threaded", "linux-x86_64")
    pypy = Interpreter("/z/pypy/python", "3.14.2", "PyPy", "linux-x86_64")
    preview = python("3.15.0a2")
    assert choose("3.14", [older, bare, usual, pypy]) == usual
    assert choose("3.14.2", [bare, older, pypy, usual]) == usual
    assert choose(">=3.10", [preview, usual, bare]) == usual
    assert choose("3.15", [preview, usual]) == preview
    assert choose("3.14", [bare]) == bare


def stand_in(folder: Path, name: str, version: str, counter: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    answer = (
        f'{{"path": "{folder / name}", "version": "{version}", "implementation": "CPython", "platform": "linux-x"}}'
    )
    (folder / name).write_text(f"#!/bin/sh\necho asked >> {counter}\necho '{answer}'\n")
    (folder / name).chmod(0o755)


def test_looks_on_path_and_where_version_switchers_keep_theirs(tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    stand_in(tmp_path / ".pyenv/versions/3.7.16/bin", "python3.7", "3.7.16", asked)
    (tmp_path / ".pyenv/versions/3.7.16/bin/python").symlink_to("python3.7")
    stand_in(tmp_path / "bin", "python3.41", "3.41.2", asked)
    stand_in(tmp_path / "bin", "python3-config", "1", asked)
    stand_in(tmp_path / ".pyenv/shims", "python3.55", "3.55", asked)
    surroundings = {"HOME": str(tmp_path), "PATH": f"{tmp_path}/.pyenv/shims:{tmp_path}/bin:/nowhere"}
    cache = tmp_path / "cloud" / "interpreters.json"
    assert find("3.7", surroundings, cache).path.endswith("3.7.16/bin/python3.7")
    assert find("3.41", surroundings, cache).version == "3.41.2"
    assert not [one for one in discovered(surroundings, cache) if one.version == "3.55"]
    assert asked.read_text().count("asked") == 2  # each once, and never again while it does not change
    os.utime(tmp_path / "bin/python3.41", (time.time() + 9, time.time() + 9))
    stand_in(tmp_path / "bin", "python3.41", "3.41.3", asked)
    assert find("3.41", surroundings, cache).version == "3.41.3"


@pytest.mark.parametrize(
    ("variable", "below"),
    [
        ("HOME", ".pyenv/versions/3.41.0"),
        ("PYENV_ROOT", "versions/3.41-dev"),
        ("HOME", ".local/share/uv/python/cpython-3.41.0-linux-x86_64-gnu"),
        ("UV_PYTHON_INSTALL_DIR", "cpython-3.41.0-linux-x86_64-gnu"),
        ("XDG_DATA_HOME", "uv/python/cpython-3.41.0-linux-x86_64-gnu"),
        ("HOME", ".asdf/installs/python/3.41.0"),
        ("ASDF_DATA_DIR", "installs/python/3.41.0"),
        ("HOME", ".local/share/mise/installs/python/3.41.0"),
        ("MISE_DATA_DIR", "installs/python/3.41.0"),
        ("HOME", "miniforge3/envs/new"),
    ],
)
def test_where_version_managers_keep_a_python_of_two_digits(tmp_path: Path, variable: str, below: str) -> None:
    stand_in(tmp_path / below / "bin", "python3.41", "3.41.0", tmp_path / "asked")
    surroundings = {"PATH": "", variable: str(tmp_path)}
    assert find("3.41", surroundings, tmp_path / "cache.json").version == "3.41.0"


def test_a_broken_cache_and_a_broken_interpreter_stop_nobody(tmp_path: Path) -> None:
    cache = tmp_path / "interpreters.json"
    cache.write_text("{")
    (tmp_path / "python3.8").write_text("#!/bin/sh\nexit 3\n")
    (tmp_path / "python3.8").chmod(0o755)
    surroundings = {"PATH": f"{tmp_path}:{Path(sys.executable).resolve().parent}"}
    version = ".".join(str(part) for part in sys.version_info[:3])
    assert find(version, surroundings, cache).version == version


def test_what_is_not_there_says_what_is_and_where_it_looked(tmp_path: Path) -> None:
    stand_in(tmp_path / "bin", "python3.41", "3.41.2", tmp_path / "asked")
    surroundings = {"HOME": str(tmp_path), "PATH": str(tmp_path / "bin")}
    with pytest.raises(ProviderError) as refusal:
        find("3.40", surroundings, tmp_path / "cache.json")
    message = refusal.value.message
    assert message.startswith("no Python 3.40 on this machine. Found: ")
    assert "3.41.2" in message
    assert f"Looked in: {', '.join(str(folder) for folder in folders(surroundings))}." in message
    assert "'pyenv install 3.40' or 'uv python install 3.40'" in message


def test_uv_is_asked_when_it_is_there(tmp_path: Path) -> None:
    stand_in(tmp_path / "managed", "python3.40", "3.40.1", tmp_path / "asked")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/uv").write_text(f'#!/bin/sh\n[ "$2" = find ] && echo {tmp_path}/managed/python3.40\nexit 0\n')
    (tmp_path / "bin/uv").chmod(0o755)
    assert find("3.40", {"PATH": str(tmp_path / "bin")}, tmp_path / "cache.json").version == "3.40.1"
