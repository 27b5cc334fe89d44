import ensurepip
import fcntl
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from bep.providers.local.environments.builders import BY_PIP
from bep.providers.local.environments.built import Built, mark
from bep.providers.local.environments.conda import Recipe, recipe_of
from bep.providers.local.environments.digest import digest_by_pip, digest_of_one_workspace
from bep.providers.local.environments.environments import EnvironmentPlan, Environments
from bep.providers.local.environments.folder import workspaces
from bep.providers.protocol import ProviderError
from tests.providers.local.wheels import offline, wheel

VERSION = ".".join(str(part) for part in sys.version_info[:3])


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    folder = tmp_path / "wheels"
    wheel(folder, "alpha", "1.2.3")
    wheel(folder, "alpha", "2.0")
    wheel(folder, "beta", "0.1", needs="alpha")
    return folder


@pytest.fixture
def environments(tmp_path: Path, wheels: Path) -> Environments:
    return Environments(tmp_path / "cloud", surroundings=offline(wheels), python=sys.executable)


def says(python: str, code: str) -> str:
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_a_conda_file_becomes_an_environment_once(environments: Environments) -> None:
    recipe = recipe_of({"dependencies": ["alpha=1.2", {"pip": ["beta", "azureml-defaults"]}]})
    lines: list[str] = []
    built = environments.build("mine/1", recipe, lines.append)
    assert says(built.python, "import alpha, beta; print(alpha.VERSION, beta.VERSION)") == "1.2.3 0.1"
    assert built.version == VERSION
    assert lines[0] == f"mine/1: making a virtual environment with Python {VERSION}"
    assert "mine/1: Successfully installed alpha-1.2.3" in lines
    assert lines[-1] == "mine/1: ready"
    log = Path(built.log).read_text()
    assert "bep: azureml-defaults is left out" in log
    assert "Successfully installed beta-0.1" in log

    again: list[str] = []
    assert environments.build("other-name/7", recipe, again.append) == built
    assert again == []
    assert environments.list() == (built,)
    assert environments.show(built.digest) == built

    assert environments.prune(keep=[built.digest]) == ()
    assert environments.list() == (built,)
    assert environments.prune() == (built.digest,)
    assert environments.list() == ()
    assert {file.suffix for file in environments.folder.iterdir()} == {".lock", ".used"}


def test_what_pip_cannot_find_is_told_in_its_words_and_leaves_nothing_usable(environments: Environments) -> None:
    recipe = Recipe(first=("no-such-thing==1",))
    with pytest.raises(ProviderError, match="No matching distribution found for no-such-thing==1") as refusal:
        environments.build("mine/1", recipe)
    assert refusal.value.code == "EnvironmentFailed"
    log = Path(refusal.value.message.rpartition("The whole log: ")[2])
    assert "no-such-thing" in log.read_text()
    assert environments.list() == ()
    assert environments.prune() == (log.stem,)
    assert not log.exists()


def test_everything_impossible_is_told_at_once_and_nothing_is_begun(environments: Environments) -> None:
    recipe = recipe_of({"dependencies": ["libgdal", "r-ggplot2", "ffmpeg", {"pip": ["-r x.txt"]}]})
    with pytest.raises(ProviderError) as refusal:
        Environments(environments.folder.parent, surroundings={"PATH": ""}).build("mine/1", recipe)
    assert refusal.value.code == "EnvironmentUnbuildable"
    assert [word in refusal.value.message for word in ("libgdal", "r-ggplot2", "no 'ffmpeg' on PATH", "x.txt")] == [
        True
    ] * 4
    assert not environments.folder.exists()


def test_a_python_without_ensurepip_is_helped(tmp_path: Path, wheels: Path) -> None:
    bundled = next((Path(ensurepip.__file__).parent / "_bundled").glob("pip-*.whl"))
    (wheels / bundled.name).write_bytes(bundled.read_bytes())
    bare = tmp_path / "bare-python"
    real = Path(sys.executable).resolve()
    bare.write_text(
        '#!/bin/sh\ncase "$*" in *without-pip*) ;; *ensurepip*|*"-m venv"*)\n'
        'echo "ensurepip is not available" >&2; exit 1;; esac\n'
        f'exec {real} "$@"\n'
    )
    bare.chmod(0o755)
    environments = Environments(tmp_path / "cloud", surroundings=offline(wheels))
    interpreter = replace(environments._interpreter(Recipe()), path=str(bare))
    wanted = EnvironmentPlan("d" * 32, Recipe(first=("alpha",)), interpreter, None, BY_PIP)
    built = environments._built("mine/1", wanted, lambda _: None)
    assert says(built.python, "import alpha; print(alpha.VERSION)") == "2.0"


@pytest.mark.parametrize(("version", "renewed"), [("23.0.1", True), ("23.1", False)])
def test_a_pip_that_would_try_every_release_is_renewed_first(
    tmp_path: Path, wheels: Path, version: str, renewed: bool
) -> None:
    """An interpreter whose venv says that it came with that pip, and which does not say where it keeps it."""
    aged = tmp_path / "aged-python"
    real = Path(sys.executable).resolve()
    aged.write_text(
        f'#!/bin/sh\ncase "$*" in *ensurepip*) exit 1;; esac\n{real} "$@" || exit 1\nfor last; do :; done\n'
        f'cd "$last"/lib/python*/site-packages && mv pip-*.dist-info pip-{version}.dist-info\n'
    )
    aged.chmod(0o755)
    environments = Environments(tmp_path / "cloud", surroundings=offline(wheels))
    interpreter = replace(environments._interpreter(Recipe()), path=str(aged))
    wanted = EnvironmentPlan("d" * 32, Recipe(first=("beta",)), interpreter, None, BY_PIP)
    built = environments._built("mine/1", wanted, lambda _: None)
    assert says(built.python, "import beta; print(beta.VERSION)") == "0.1"
    assert (" -m pip install --upgrade pip" in Path(built.log).read_text()) is renewed


BUILDER = """
import json, sys
from pathlib import Path
from bep.providers.local.environments.conda import Recipe
from bep.providers.local.environments.environments import Environments
environments = Environments(Path(sys.argv[1]), surroundings=json.loads(sys.argv[2]), python=sys.executable)
built = environments.build("mine/1", Recipe(first=("beta",)), lambda line: print(line, flush=True))
print("BUILT", built.python, flush=True)
"""


def builder(environments: Environments) -> subprocess.Popen[str]:
    import json

    arguments = [
        sys.executable,
        "-c",
        BUILDER,
        str(environments.folder.parent),
        json.dumps(dict(environments.surroundings)),
    ]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)


def test_builds_killed_at_any_moment_leave_nothing_usable_looking_and_two_more_build_once(
    environments: Environments,
) -> None:
    for moment in (0.0, 0.5, 2.0):
        with builder(environments) as killed:
            assert killed.stdout
            assert killed.stdout.readline().startswith(("mine/1: ", "BUILT"))
            time.sleep(moment)
            os.kill(killed.pid, signal.SIGKILL)
        for there in environments.list():
            assert says(there.python, "import alpha, beta; print('ok')") == "ok"
    for built in environments.list():  # on a fast machine the last one may have been ready before its end
        environments.prune()
        assert not Path(built.python).exists()
    with builder(environments) as one, builder(environments) as two:
        said = [process.communicate()[0] for process in (one, two)]
    assert sum("making a virtual environment" in text for text in said) == 1
    assert "another process is building it; waiting" in "".join(said)
    pythons = {text.rpartition("BUILT ")[2].strip() for text in said}
    assert [says(python, "import alpha, beta; print('ok')") for python in pythons] == ["ok"]


def test_what_is_being_built_is_not_pruned(environments: Environments) -> None:
    (environments.folder / "abc").mkdir(parents=True)
    with (environments.folder / "abc.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert environments.prune() == ()
        assert (environments.folder / "abc").exists()
    assert environments.prune() == ("abc",)
    assert not (environments.folder / "abc").exists()


def test_another_python_than_the_one_asked_for_is_said(environments: Environments) -> None:
    asked = f"{sys.version_info[0]}.{sys.version_info[1]}.99"
    wanted = environments.wanted("mine/1", Recipe(python=asked))
    assert wanted.interpreter
    assert wanted.recipe.notes == (
        f"Python {asked} was asked for; this machine has no such one, and the nearest, {wanted.interpreter.version},"
        " is taken",
    )
    assert environments.wanted("mine/1", Recipe(python=asked[:-3])).recipe.notes == ()


def test_what_an_earlier_bep_built_for_one_workspace_is_used_where_it_is(tmp_path: Path, wheels: Path) -> None:
    cloud, recipe = tmp_path / "cloud", Recipe(first=("alpha",))
    shared = Environments(cloud, surroundings=offline(wheels), python=sys.executable, folder=tmp_path / "shared")
    interpreter = shared.wanted("mine/1", recipe).interpreter
    assert interpreter
    folder = cloud / "environments" / digest_of_one_workspace(interpreter, recipe)
    (folder / "bin").mkdir(parents=True)
    (folder / "bin/python").symlink_to(sys.executable)
    mark(Built(folder.name, "mine/1", str(folder / "bin/python"), VERSION), folder)
    assert shared.build("mine/1", recipe).folder == folder
    assert not shared.folder.exists()
    assert shared.wanted("mine/1", replace(recipe, constraints=("alpha<2",))).built is None
    assert shared.remove([folder.name]) == (folder.name,)
    assert shared.wanted("mine/1", recipe).built is None


def test_for_which_workspaces_it_was_built_is_noted(tmp_path: Path, wheels: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name / ".bep").mkdir(parents=True)
        mine = Environments(
            tmp_path / name / ".bep/cloud",
            surroundings=offline(wheels),
            python=sys.executable,
            folder=tmp_path / "shared",
            workspace=tmp_path / name,
        )
        for _ in range(2):
            built = mine.build("mine/1", Recipe(first=("alpha",)))
    assert workspaces(built.folder) == (str(tmp_path / "one"), str(tmp_path / "two"))
    (tmp_path / "one/.bep").rmdir()
    assert workspaces(built.folder) == (str(tmp_path / "two"),)


def test_the_index_and_the_build_of_the_interpreter_are_part_of_the_digest(tmp_path: Path, wheels: Path) -> None:
    def digest(**more: str) -> str:
        there = Environments(tmp_path, surroundings={**offline(wheels), **more}, python=sys.executable)
        return there.wanted("mine/1", Recipe(then=("alpha",))).digest

    (tmp_path / "pip.conf").write_text("[global]\nindex-url = https://u:p@h/simple\n")
    named = digest(PIP_CONFIG_FILE=str(tmp_path / "pip.conf"))
    assert len({digest(), named, digest(PIP_FIND_LINKS="/elsewhere")}) == 3
    (tmp_path / "pip.conf").write_text("[global]\nindex-url = https://another:secret@h/simple\n")
    assert digest(PIP_CONFIG_FILE=str(tmp_path / "pip.conf")) == named
    interpreter = Environments(tmp_path, surroundings=offline(wheels), python=sys.executable)._interpreter(Recipe())
    one, two = (
        digest_by_pip(each, Recipe(), {}) for each in (interpreter, replace(interpreter, build="another compiler"))
    )
    assert one != two


def test_whose_python_is_used_when_nothing_is_asked(tmp_path: Path) -> None:
    for place in ("setting", "venv/bin", "path"):
        (tmp_path / place).mkdir(parents=True)
        for name in ("python", "python3"):
            (tmp_path / place / name).write_text("#!/bin/sh\n")
            (tmp_path / place / name).chmod(0o755)
    venv, path = {"VIRTUAL_ENV": str(tmp_path / "venv")}, {"PATH": str(tmp_path / "path")}
    setting = str(tmp_path / "setting/python")

    def own(python: str | None, surroundings: dict[str, str]) -> str:
        return Environments(tmp_path, surroundings=surroundings, python=python).own()

    assert own(setting, venv | path) == setting
    assert own("python3", venv | path) == str(tmp_path / "path/python3")
    assert own(None, venv | path) == str(tmp_path / "venv/bin/python")
    assert own(None, path) == str(tmp_path / "path/python3")
    assert own(None, {"PATH": ""}) == sys.executable
    with pytest.raises(ProviderError, match=r"provider\.local\.python is nothing-like-it"):
        own("nothing-like-it", venv | path)
