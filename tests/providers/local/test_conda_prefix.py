"""Environments that micromamba, mamba or conda make: who is taken, what is made, what a kill leaves."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from bep.providers.local.environments.builders import conda_program, settled
from bep.providers.local.environments.conda import Recipe, recipe_of
from bep.providers.local.environments.environments import Environments
from bep.providers.protocol import ProviderError
from tests.providers.local.conda_stand_in import stand_in
from tests.providers.local.wheels import offline, wheel

PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"
WORDS = {
    "name": "words",
    "channels": ["conda-forge"],
    "dependencies": [f"python={PYTHON}", "r-words=1.2", "azureml-core", {"pip": ["alpha", "azureml-defaults"]}],
}


@pytest.fixture
def surroundings(tmp_path: Path) -> dict[str, str]:
    """No conda of this machine's on PATH, a wheel to be had, and another environment active."""
    wheel(tmp_path / "wheels", "alpha", "1.2.3")
    active = {"CONDA_PREFIX": "/another", "CONDA_PREFIX_1": "/base", "CONDA_DEFAULT_ENV": "x", "CONDA_SHLVL": "2"}
    own = {"PATH": "/usr/bin:/bin", "CONDA_PKGS_DIRS": "/the/users/own", "PYTHONPATH": "/elsewhere"}
    return {**offline(tmp_path / "wheels"), **active, **own}


def with_programs(surroundings: Mapping[str, str], folder: Path, *names: str) -> dict[str, str]:
    return {**surroundings, "PATH": f"{stand_in(folder, *names)}:{surroundings['PATH']}"}


def environments(tmp_path: Path, surroundings: Mapping[str, str], builder: str = "auto") -> Environments:
    return Environments(tmp_path / "cloud", surroundings=surroundings, python=sys.executable, builder=builder)


def test_a_program_of_condas_makes_what_pip_cannot_have_and_its_pip_the_rest(
    tmp_path: Path, surroundings: dict[str, str]
) -> None:
    there = environments(tmp_path, with_programs(surroundings, tmp_path / "bin", "micromamba"))
    lines: list[str] = []
    built = there.build("words/1", recipe_of(WORDS), lines.append)
    assert lines[0] == "words/1: making an environment with micromamba"
    assert lines[-2:] == ["words/1: Successfully installed alpha-1.2.3", "words/1: ready"]
    assert built.python == str(there.folder / built.digest / "bin/python")
    assert (built.builder, built.version) == ("micromamba", ".".join(str(part) for part in sys.version_info[:3]))
    assert built.requirements == (f"python={PYTHON}", "r-words=1.2", "pip", "alpha")
    assert [note.split()[0] for note in built.notes] == ["azureml-defaults", "azureml-core"]
    assert built.variables == {"WORDS_DATA": str(there.folder / built.digest / "share/words")}
    log = Path(built.log).read_text()
    assert "Executing transaction" in log
    assert "- r-words=1.2\n" in log
    assert there.list() == (built,)
    assert there.prune() == (built.digest,)
    assert there.list() == ()


@pytest.mark.parametrize("name", ["micromamba", "mamba", "conda"])
def test_each_of_them_gets_the_command_line_that_it_documents(
    tmp_path: Path, surroundings: dict[str, str], name: str
) -> None:
    there = environments(tmp_path, with_programs(surroundings, tmp_path / "bin", name))
    conda = {**WORDS, "dependencies": [f"python={PYTHON}", "r-words=1.2"]}
    built = there.build("words/1", recipe_of(conda))
    assert yaml.safe_load((there.folder / built.digest / "conda-meta/history").read_text()) == {
        "by": name,
        "channels": ["conda-forge"],
        "dependencies": [f"python={PYTHON}", "r-words=1.2"],
    }


def test_credentials_of_channels_are_read_by_conda_and_left_nowhere(
    tmp_path: Path, surroundings: dict[str, str]
) -> None:
    has = with_programs({**surroundings, "WHO": "canary@user", "TOKEN": "canary/token"}, tmp_path / "bin", "micromamba")
    channels = ["https://${{ env.WHO }}:${{ env.TOKEN }}@h/a", "https://h/t/${{ env.TOKEN }}/b"]
    there = environments(tmp_path, has)
    built = there.build("words/1", recipe_of({**WORDS, "channels": channels}))
    history = yaml.safe_load((built.folder / "conda-meta/history").read_text())
    assert history["channels"] == ["https://****:****@h/a", "https://h/t/****/b"]  # it had them
    for file in (file for file in there.folder.rglob("*") if file.is_file()):
        assert not re.search(rb"canary(@|%40)user|canary(/|%2F)token", file.read_bytes()), file
    with pytest.raises(ProviderError, match="the environment has no TOKEN, which 'https://h/t/"):
        environments(tmp_path / "more", {**has, "TOKEN": ""}).build("w/1", recipe_of({**WORDS, "channels": channels}))


def test_the_quickest_is_taken_and_which_it_was_makes_no_other_environment(
    tmp_path: Path, surroundings: dict[str, str]
) -> None:
    stand_in(tmp_path / "shims", "micromamba")
    shimmed = {**surroundings, "PATH": f"{tmp_path / 'shims'}:{surroundings['PATH']}"}
    assert conda_program(shimmed) is None
    every = with_programs(shimmed, tmp_path / "bin", "conda", "mamba", "micromamba")
    found = conda_program(every)
    assert found
    assert (found.name, found.path) == ("micromamba", str(tmp_path / "bin/micromamba"))
    only = with_programs(surroundings, tmp_path / "other", "conda")
    recipe = recipe_of(WORDS)
    digests = {environments(tmp_path, path).wanted("w", recipe).digest for path in (every, only)}
    assert len(digests) == 1
    other_platform = environments(tmp_path, {**only, "CONDA_SUBDIR": "osx-64"}).wanted("w", recipe).digest
    other_channel = recipe_of({**WORDS, "channels": ["bioconda", "conda-forge"]})
    assert len({*digests, other_platform, environments(tmp_path, only).wanted("w", other_channel).digest}) == 3


@pytest.mark.parametrize(
    ("dependencies", "channels", "setting", "by"),
    [
        (["numpy"], ["conda-forge", "defaults"], "auto", "pip"),
        (["numpy"], ["https://conda.anaconda.org/conda-forge/"], "auto", "pip"),
        (["numpy"], ["conda-forge"], "conda", "conda"),
        (["numpy"], ["https://conda.example.com/ours"], "auto", "conda"),
        (["ours/label/new::numpy"], ["conda-forge"], "auto", "conda"),
        (["conda-forge::numpy"], [], "auto", "pip"),
        (["libgdal"], [], "auto", "conda"),
        (["libgdal"], [], "pip", "pip"),
        (["numpy=1.2|1.3"], [], "auto", "conda"),
        (["ffmpeg"], [], "auto", "conda"),
        (["ffmpeg"], [], "pip", "pip"),
    ],
)
def test_who_builds_what_where_conda_is_installed(
    tmp_path: Path, dependencies: list[str], channels: list[str], setting: str, by: str
) -> None:
    recipe = recipe_of({"channels": channels, "dependencies": dependencies})
    builder, asked = settled(recipe, setting, {"PATH": str(stand_in(tmp_path, "conda"))})
    assert builder.name == by
    if by == "conda":
        assert asked.first == (*dependencies, "python")
        assert not asked.problems


def test_without_a_conda_the_setting_is_in_the_way_and_a_channel_of_ones_own_is_a_note() -> None:
    nothing = {"PATH": ""}
    recipe = recipe_of({"channels": ["https://conda.example.com/ours"], "dependencies": ["numpy"]})
    builder, asked = settled(recipe, "auto", nothing)
    assert (builder.is_pip, asked.problems) == (True, ())
    assert "the conda channel https://conda.example.com/ours" in asked.notes[0]
    (problem,) = settled(recipe, "conda", nothing)[1].problems
    assert "neither micromamba nor mamba nor conda is on PATH" in problem.message


def test_a_python_that_is_not_here_comes_from_conda(tmp_path: Path, surroundings: dict[str, str]) -> None:
    recipe = recipe_of({"dependencies": ["python=3.41", {"pip": ["alpha"]}]})
    with pytest.raises(ProviderError, match=r"no Python 3\.41 on this machine"):
        environments(tmp_path, surroundings).wanted("w", recipe)
    has = with_programs(surroundings, tmp_path / "bin", "conda")
    wanted = environments(tmp_path, has).wanted("w", recipe)
    assert (wanted.builder.name, wanted.interpreter, wanted.recipe.first) == ("conda", None, ("python=3.41", "pip"))
    with pytest.raises(ProviderError, match=r"no Python 3\.41 on this machine"):
        environments(tmp_path, has, "pip").wanted("w", recipe)


def test_what_conda_cannot_find_is_told_in_its_words(tmp_path: Path, surroundings: dict[str, str]) -> None:
    there = environments(tmp_path, with_programs(surroundings, tmp_path / "bin", "conda"))
    recipe = recipe_of({**WORDS, "dependencies": ["no-such-r=1", "r-words"]})
    with pytest.raises(ProviderError) as refusal:
        there.build("words/1", recipe)
    assert refusal.value.code == "EnvironmentFailed"
    assert refusal.value.message.startswith("conda failed: PackagesNotFoundError: The following packages are not")
    assert "- no-such-r=1. The whole log: " in refusal.value.message
    assert there.list() == ()


BUILDER = """
import json, sys
from pathlib import Path
from bep.providers.local.environments.conda import recipe_of
from bep.providers.local.environments.environments import Environments
environments = Environments(Path(sys.argv[1]), surroundings=json.loads(sys.argv[2]), python=sys.executable)
built = environments.build("words/1", recipe_of(json.loads(sys.argv[3])), lambda line: print(line, flush=True))
print("BUILT", built.python, flush=True)
"""


def builder(there: Environments, conda: Mapping[str, Any]) -> subprocess.Popen[str]:
    arguments = [str(there.folder.parent), json.dumps(dict(there.surroundings)), json.dumps(conda)]
    return subprocess.Popen([sys.executable, "-c", BUILDER, *arguments], stdout=subprocess.PIPE, text=True)


def lines_until(process: "subprocess.Popen[str]", words: str) -> str:
    assert process.stdout
    for line in process.stdout:
        if words in line:
            return line
    raise AssertionError(f"it ended without saying {words}")


def test_a_build_killed_midway_leaves_nothing_usable_and_the_next_waits_for_what_still_runs(
    tmp_path: Path, surroundings: dict[str, str]
) -> None:
    gate = tmp_path / "gate"
    gate.touch()
    waiting = {**surroundings, "STAND_IN_WAITS_WHILE_THERE_IS": str(gate)}
    there = environments(tmp_path, with_programs(waiting, tmp_path / "bin", "micromamba"))
    with builder(there, WORDS) as killed:
        lines_until(killed, "Executing transaction")
        os.kill(killed.pid, signal.SIGKILL)
    wanted = there.wanted("words/1", recipe_of(WORDS))
    assert (there.folder / wanted.digest / "bin/python").exists()
    assert there.list() == ()
    assert wanted.built is None
    assert there.prune() == ()  # what the killed one has started still writes there
    with builder(there, WORDS) as again:
        lines_until(again, "another process is building it; waiting")
        gate.unlink()
        lines_until(again, "making an environment with micromamba")
        python = lines_until(again, "BUILT ").split()[1]
    said = subprocess.run([python, "-c", "import alpha; print(alpha.VERSION)"], capture_output=True, text=True)
    assert said.stdout == "1.2.3\n"
    assert [built.python for built in there.list()] == [python]


def test_names_of_ones_own_go_before_the_table_and_make_another_environment(
    tmp_path: Path, surroundings: dict[str, str]
) -> None:
    conda = {"dependencies": ["pytorch=1.4", "libgdal=3.2", "r-words", "numpy>=1", "ffmpeg"]}
    names = {"pytorch": "alpha", "libgdal": "GDAL[array]==3.2.1", "r-words": None, "ffmpeg": "imageio-ffmpeg"}
    recipe = recipe_of(conda, names=names)
    assert recipe.first == ("alpha==1.4.*", "GDAL[array]==3.2.1", "numpy>=1", "imageio-ffmpeg")
    assert (recipe.problems, recipe.tools) == ((), ())
    assert recipe.notes == ("r-words is left out, as the workspace's file of conda_names says",)
    there = environments(tmp_path, surroundings)
    other = recipe_of(conda, names={**names, "libgdal": "GDAL==3.3"})
    silent = Recipe(first=recipe.first)
    digests = [there.wanted("w", one).digest for one in (recipe, other, silent)]
    assert digests[0] == digests[2] != digests[1]
