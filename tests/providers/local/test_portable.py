"""An environment as a document: built elsewhere from it, and the same one that a workspace of the user has."""

import json
import sys
from pathlib import Path

import pytest

from bep.providers.local.environments.asked import of_environment
from bep.providers.local.environments.conda import Problem, Recipe, recipe_of
from bep.providers.local.environments.environments import Environments
from bep.providers.local.environments.portable import document_of, recipe_from
from bep.providers.protocol import ProviderError
from bep.providers.worlds import environment_from
from tests.providers.local.test_environments import says
from tests.providers.local.wheels import offline, wheel


def _travelled(recipe: Recipe, source: Path = Path()) -> Recipe:
    document = json.loads(json.dumps(document_of(recipe, "auto")))
    found, builder = recipe_from("mine/1", document, lambda: source)
    assert builder == "auto"
    return found


@pytest.mark.parametrize(
    "recipe",
    [
        Recipe(),
        Recipe(python="3.8", problems=(Problem("no", "do", conda=True),), tools=(("ffmpeg", "ffmpeg"),)),
        recipe_of(
            {"channels": ["conda-forge"], "dependencies": ["python=3.9", "numpy=1", {"pip": ["a==1", "./w.whl"]}]}
        ),
        of_environment("mine/1", {"image": "x", "requirements": ["--index-url https://${{ env.T }}@h/", "b"]}),
    ],
)
def test_a_recipe_is_the_same_after_its_travel(recipe: Recipe) -> None:
    travelled = _travelled(recipe)
    assert travelled == recipe
    assert travelled.by_conda == recipe.by_conda


@pytest.mark.parametrize(
    "wrong", [{}, {"format": 9}, {"format": 1, "builder": "make"}, {"format": 1, "builder": "auto"}]
)
def test_a_document_that_cannot_be_read_is_refused_in_words(wrong: dict[str, object]) -> None:
    with pytest.raises(ProviderError, match=r"cannot be read: .*prepare the job anew"):
        recipe_from("mine/1", wrong, Path)


def test_it_is_built_once_and_a_workspace_of_the_user_finds_it(tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    wheel(wheels, "alpha", "1.2.3")
    surroundings = {**offline(wheels), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    version = ".".join(map(str, sys.version_info[:2]))
    recipe = Recipe(python=version, first=("alpha",))
    lines: list[str] = []

    def elsewhere() -> str:
        return environment_from(
            "local", "mine/1", json.loads(json.dumps(document_of(recipe, "pip"))), Path,
            surroundings=surroundings, scratch=tmp_path / "scratch", report=lines.append, live=None,
        ).python  # fmt: skip

    python = elsewhere()
    assert says(python, "import alpha; print(alpha.VERSION)") == "1.2.3"
    assert lines[-1] == "mine/1: ready"
    assert elsewhere() == python
    folder = tmp_path / "cache/bep/environments"
    here = Environments(tmp_path / "cloud", surroundings=surroundings, folder=folder, workspace=tmp_path)
    again: list[str] = []
    assert here.build("other/2", recipe, again.append).python == python
    assert again == []


def test_a_world_that_builds_none_says_so(tmp_path: Path) -> None:
    with pytest.raises(ProviderError, match="cannot build an environment that the world 'moon' describes"):
        environment_from("moon", "e/1", {}, Path, surroundings={}, scratch=tmp_path, report=print, live=None)
