"""What an environment is made of as a document: written where a job is prepared, built from on any other machine.

The document has every line as it was written, so that what comes from the environment variables of whoever builds
(`${{ env.TOKEN }}`) comes from those of that machine. Knows no job, no share and no workspace.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from bep.providers.local.environments.builder_names import AUTO, CONDA, PIP
from bep.providers.local.environments.conda import Problem, Recipe
from bep.providers.protocol import ProviderError

_FORMAT: Final = 1
_LINES: Final = ("first", "then", "notes", "channels", "constraints")


def document_of(recipe: Recipe, builder: str) -> dict[str, Any]:
    """The recipe as JSON has it, and the setting that says who builds; the files it names are listed by `files`."""
    return {"format": _FORMAT, "builder": builder, **_recipe_document(recipe)}


def recipe_from(label: str, document: Mapping[str, Any], source: Callable[[], Path]) -> tuple[Recipe, str]:
    """The recipe that a document describes, and who is to build it; `source` gives the folder with its files.

    Raises `ProviderError` (code EnvironmentUnbuildable) for a document that this bep cannot read.
    """
    try:
        if document["format"] != _FORMAT:
            raise _unreadable(label, f"it has format {document['format']}, and this bep reads {_FORMAT}")
        builder = document["builder"]
        if builder not in (AUTO, CONDA, PIP):
            raise _unreadable(label, f"nobody knows the builder {builder!r}")
        return _recipe(document, source), builder
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _unreadable(label, f"{type(error).__name__}: {error}") from None


def _recipe_document(recipe: Recipe) -> dict[str, Any]:
    lines = {name: list(getattr(recipe, name)) for name in _LINES}
    return {
        **lines,
        "python": recipe.python,
        "problems": [list(problem) for problem in recipe.problems],
        "tools": [list(tool) for tool in recipe.tools],
        "files": dict(recipe.files),
        "by_conda": recipe.by_conda and _recipe_document(recipe.by_conda),
    }


def _recipe(document: Mapping[str, Any], source: Callable[[], Path]) -> Recipe:
    python, by_conda = document["python"], document["by_conda"]
    return Recipe(
        **{name: tuple(map(str, document[name])) for name in _LINES},
        python=None if python is None else str(python),
        problems=tuple(Problem(str(message), str(fix), bool(conda)) for message, fix, conda in document["problems"]),
        tools=tuple((str(package), str(program)) for package, program in document["tools"]),
        files={str(name): str(sha256) for name, sha256 in document["files"].items()},
        source=source,
        by_conda=None if by_conda is None else _recipe(by_conda, source),
    )


def _unreadable(label: str, why: str) -> ProviderError:
    message = f"what the prepared job says of its environment cannot be read: {why}; prepare the job anew"
    return ProviderError(label, "build", message, code="EnvironmentUnbuildable")
