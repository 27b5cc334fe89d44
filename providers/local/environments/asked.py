"""What an environment, or a model saved by MLflow, asks to be run in. Reads the model's folder; builds nothing."""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from bep.lazy_dataclasses import dataclass, field, replace
from bep.providers.local.environments.conda import NO_FILES, NO_NAMES, Names, Recipe, noted, recipe_of
from bep.providers.protocol import ProviderError
from bep.schemas.environments.pip_lines import local_requirement, parse


def of_environment(
    label: str,
    attributes: Mapping[str, Any],
    names: Names = NO_NAMES,
    *,
    files: Mapping[str, str] = NO_FILES,
    source: Callable[[], Path] | None = None,
) -> Recipe:
    """The recipe of an environment's attributes; its notes say what an image would have brought.

    `files` are those that were carried along, each with its sha256; `source` gives the folder that has them.
    """
    base = Recipe(constraints=tuple(attributes.get("constraints", ())), files=files, source=source)
    recipe = recipe_of(attributes.get("conda_file"), attributes.get("requirements", ()), names, base=base)
    image = attributes.get("image") or ("a Dockerfile" if attributes.get("build") else None)
    if image is None:
        return recipe
    if recipe.empty and recipe.python is None:
        note = (
            f"environment {label} is {image} alone: no image is used here, so scoring runs with your own Python"
            " and whatever the image installs must be importable there; a conda_file or requirements would be built"
        )
    else:
        note = f"no image is used here: what {image} installs outside Python must be on this machine"
    return noted(recipe, note)


def variables_of(attributes: Mapping[str, Any]) -> dict[str, str]:
    """The variables that an environment's conda file names: conda sets them when the environment is activated."""
    conda = attributes.get("conda_file")
    written = conda.get("variables") if isinstance(conda, Mapping) else None
    return {str(name): str(value) for name, value in written.items()} if isinstance(written, Mapping) else {}


def of_model(label: str, folder: Path, names: Names = NO_NAMES) -> Recipe | None:
    """The recipe an MLflow model carries: `python_env.yaml`, else `conda.yaml`, else `requirements.txt`; or None.

    The names are those its MLmodel gives, else MLflow's usual ones; and those too where a name it gives leads to
    nothing, as in Azure's own taxi model, whose MLmodel says conda.yml of a file that is called conda.yaml.
    Raises `ProviderError` (code ModelInvalid) for a file that is there and cannot be read.
    """
    named = _named(label, folder)
    python_env = _one_of(folder, named.get("virtualenv"), "python_env.yaml", "python_env.yml")
    conda = _one_of(folder, named.get("conda"), "conda.yaml", "conda.yml")
    requirements = folder / "requirements.txt"
    carried = _Carried(label, folder)
    if python_env is not None:
        return _of_python_env(carried, _mapping(label, python_env))
    if conda is not None:
        return _of_conda(carried, _mapping(label, conda), names)
    if requirements.is_file():
        lines = tuple(carried.lines(_lines(label, requirements)))
        return replace(recipe_of(None, lines, base=carried.base()), python=named.get("python") or None)
    return None


def _one_of(folder: Path, *names: str | None) -> Path | None:
    """The first of these files that is there."""
    return next((folder / name for name in names if name and (folder / name).is_file()), None)


@dataclass
class _Carried:
    """What lines for pip name inside a model's folder, which is kept whole: wheels, requirements, constraints."""

    label: str
    folder: Path
    files: dict[str, str] = field(default_factory=dict)
    constraints: list[str] = field(default_factory=list)
    seen: set[Path] = field(default_factory=set)

    def base(self) -> Recipe:
        """A recipe with the files and constraints of the lines so far."""
        return Recipe(constraints=tuple(self.constraints), files=self.files, source=lambda: self.folder)

    def lines(self, lines: Iterable[str]) -> Iterator[str]:
        """The lines, those of requirements files in place of their names; a file is named from the model's folder."""
        for line in lines:
            read = parse(line)
            named = local_requirement(read.requirement)
            files = [(name, value) for name, value in read.options if name in ("requirement", "constraint")]
            if named is not None and named.is_archive:
                file = self._inside(named.path)
                name = file.relative_to(self.folder.resolve()).as_posix()
                self.files[name] = hashlib.sha256(file.read_bytes()).hexdigest()
                yield f"./{name}{named.after} {read.rest}".rstrip()
            elif not files:
                yield line
            for option, value in files:
                file = self._inside(value)
                if file in self.seen:
                    continue  # what a file says twice is said once
                self.seen.add(file)
                found = self.lines(_lines(self.label, file))
                if option == "requirement":
                    yield from found
                else:
                    self.constraints += found

    def _inside(self, named: str) -> Path:
        file = (self.folder / named.replace("\0", "?")).resolve()
        if not file.is_relative_to(self.folder.resolve()) or not file.is_file():
            raise ProviderError(self.label, "read", f"the model names {named}, which is not in it", code="ModelInvalid")
        return file


def _of_python_env(carried: _Carried, about: Mapping[str, Any]) -> Recipe:
    wanted = _listed(carried.label, "dependencies of its python_env.yaml", about.get("dependencies"))
    lines = list(carried.lines(map(str, wanted)))
    python = str(about["python"]) if about.get("python") else None
    return replace(recipe_of(None, lines, base=carried.base()), python=python)


def _of_conda(carried: _Carried, about: Mapping[str, Any], names: Names) -> Recipe:
    dependencies: list[Any] = []
    for item in _listed(carried.label, "dependencies of its conda file", about.get("dependencies"), sections=True):
        if isinstance(item, dict):
            section = _listed(carried.label, "pip section of its conda file", item["pip"])
            item = {"pip": list(carried.lines(map(str, section)))}
        dependencies.append(item)
    return recipe_of({**about, "dependencies": dependencies}, names=names, base=carried.base())


def _listed(label: str, what: str, found: Any, *, sections: bool = False) -> list[Any]:
    """A list of texts, which may have sections for pip. Raises `ProviderError` for anything else; null is none."""
    items = [] if found is None else found
    if not isinstance(items, list):
        raise ProviderError(label, "read", f"the {what} must be a list", code="ModelInvalid")
    for item in items:
        if not isinstance(item, str) and not (sections and isinstance(item, dict) and list(item) == ["pip"]):
            wanted = "text or a pip section" if sections else "text"
            raise ProviderError(label, "read", f"the {what} must each be {wanted}, not {item!r}", code="ModelInvalid")
    return items


def _lines(label: str, file: Path) -> Iterator[str]:
    for line in _text(label, file).replace("\\\n", " ").splitlines():
        plain = re.sub(r"(^|\s)#.*", "", line).strip()
        if plain:
            yield plain


def _named(label: str, folder: Path) -> dict[str, str]:
    """What MLmodel says of `python_function`'s environment: file names by sort, and the Python it was saved with."""
    file = folder / "MLmodel"
    if not file.is_file():
        message = f"an MLflow model is a folder with a file named MLmodel; {folder.name} has none"
        raise ProviderError(label, "read", message, code="ModelInvalid")
    flavors = _mapping(label, file).get("flavors")
    about = flavors.get("python_function") if isinstance(flavors, dict) else None
    if not isinstance(about, dict):
        message = "its MLmodel has no python_function flavor, so it cannot score without a script of yours"
        raise ProviderError(label, "read", message, code="ModelInvalid")
    env = about.get("env")
    names = {"conda": env} if isinstance(env, str) else env if isinstance(env, dict) else {}
    python = {"python": str(about["python_version"])} if about.get("python_version") else {}
    return {key: str(value) for key, value in names.items() if ".." not in str(value)} | python


def _mapping(label: str, file: Path) -> Mapping[str, Any]:
    import yaml

    try:
        found = yaml.safe_load(_text(label, file))
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # a date that is none, brackets without end
        raise ProviderError(label, "read", f"{file.name} is not YAML: {error}", code="ModelInvalid") from error
    if not isinstance(found, dict):
        raise ProviderError(label, "read", f"{file.name} is not a mapping", code="ModelInvalid")
    return found


def _text(label: str, file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ProviderError(label, "read", f"{file.name}: {error}", code="ModelInvalid") from error
