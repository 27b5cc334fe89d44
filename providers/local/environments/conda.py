"""What an environment asks for, in pip's terms and in conda's. Pure; knows names and versions, not this machine."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from bep.lazy_dataclasses import dataclass, field, replace
from bep.lazy_patterns import lazy_pattern
from bep.providers.local.environments.conda_names import BUILDS, CARRIED, NEEDS_MACHINE, OURS, RENAMED
from bep.schemas.environments.pip_lines import uncarried

_SPEC = lazy_pattern(
    r"(?:[\w.\-]+(?:/[\w\-]+)?::)?(?P<name>[A-Za-z0-9_][\w.\-]*)\s*(?:\[(?P<box>[^\]]*)\])?\s*(?P<rest>.*)", re.DOTALL
)
_CLAUSE = lazy_pattern(r"(?P<sign>==|>=|<=|!=|~=|=|<|>)\s*(?P<version>[A-Za-z0-9_.!+\-]+\*?|\*)")
_NAME = lazy_pattern(r"[A-Za-z0-9][A-Za-z0-9._\-]*")

Names = Mapping[str, str | None]
"""conda's name, in small letters, to the pip requirement that stands for it; None: nothing does, and it is left out."""

NO_NAMES: Final[Names] = MappingProxyType({})


NO_FILES: Final[Mapping[str, str]] = MappingProxyType({})


class Problem(NamedTuple):
    """One thing that pip cannot have: what, and what to do instead. `conda` if micromamba, mamba or conda could."""

    message: str
    fix: str
    conda: bool = False

    def __str__(self) -> str:
        return f"{self.message}. {self.fix}"


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a virtual environment is made of. `python` is a version or version range, None for any.

    `first` are the packages conda would install, `then` the pip section, as it was written; pip runs once for each.
    `notes` say what was left out and why; `problems` say what cannot be had at all (then nothing is built).
    `tools` are programs that must be on PATH instead of a conda package: (package, program).

    `constraints` are pip's; `files` are those that lines name as `./NAME`, each with its sha256, and `source` gives the
    folder that has them.

    `by_conda` is the same conda file for micromamba, mamba or conda to build: `first` are its packages as it names
    them and `channels` where they come from. It is not compared: files that come to the same for pip are the same.
    """

    python: str | None = None
    first: tuple[str, ...] = ()
    then: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    tools: tuple[tuple[str, str], ...] = field(default=())
    channels: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=lambda: NO_FILES)
    source: Callable[[], Path] | None = field(default=None, compare=False)
    by_conda: "Recipe | None" = field(default=None, compare=False)

    @property
    def empty(self) -> bool:
        """Whether nothing is to be installed, whatever Python is asked for."""
        return not self.first and not self.then


NO_RECIPE: Final = Recipe()


def recipe_of(
    conda: Mapping[str, Any] | None,
    requirements: Sequence[str] = (),
    names: Names = NO_NAMES,
    *,
    base: Recipe = NO_RECIPE,
) -> Recipe:
    """The recipe of a conda file's mapping and of plain pip requirements, which come after its pip section.

    `names` go before the table of names. `base` has the files that lines may name, and constraints.
    """
    recipe = base
    dependencies = (conda or {}).get("dependencies") or []
    if not isinstance(dependencies, list):
        return _problem(
            recipe, "'dependencies' of the conda file must be a list", "Write one package a line, after '- '"
        )
    for item in dependencies:
        match item:
            case str():
                recipe = _with_package(recipe, item, names)
            case {"pip": list() as lines}:
                recipe = _with_pip(recipe, [str(line) for line in lines])
            case _:
                message = f"{item!r} in the conda file is neither a package nor a pip section"
                recipe = _problem(recipe, message, "Write NAME=VERSION, or 'pip:' with a list below it")
    recipe = _with_pip(recipe, requirements)
    return replace(recipe, by_conda=_by_conda(recipe, conda, requirements, base)) if conda else recipe


def noted(recipe: Recipe, text: str) -> Recipe:
    """The recipe with a note more, whoever builds it."""
    return _note(replace(recipe, by_conda=recipe.by_conda and _note(recipe.by_conda, text)), text)


def _by_conda(recipe: Recipe, conda: Mapping[str, Any], requirements: Sequence[str], base: Recipe) -> Recipe:
    """The conda file as conda takes it. What is left for pip is installed afterwards, as conda does that, too."""
    dependencies = conda.get("dependencies") or []
    sections = [item.get("pip") for item in dependencies if isinstance(item, Mapping)]
    lines = [str(line) for section in sections if isinstance(section, list) for line in section]
    asked = replace(_with_pip(base, [*lines, *requirements]), python=recipe.python)
    named = set()
    for text in (item.strip() for item in dependencies if isinstance(item, str)):
        spec = _SPEC.fullmatch(text)
        name = spec["name"].lower() if spec else ""
        if name in OURS:
            asked = _note(asked, _left_to_bep(text, name))
        else:
            named.add(name)
            asked = replace(asked, first=(*asked.first, text))
    needed = ["python"] if "python" not in named else []
    needed += ["pip"] if asked.then and "pip" not in named else []
    channels = conda.get("channels")
    return replace(
        asked,
        first=(*asked.first, *needed),
        channels=tuple(map(str, channels)) if isinstance(channels, list) else (),
        problems=tuple(problem for problem in recipe.problems if not problem.conda),
    )


def _with_pip(recipe: Recipe, lines: Iterable[str]) -> Recipe:
    for line in (line.strip() for line in lines):
        name = _NAME.match(line)
        if not line or line.startswith("#"):
            continue
        missing = uncarried(line, recipe.files)
        if missing:
            fix = "Name a wheel instead, and register it again under a new version: wheels travel"
            recipe = _problem(recipe, f"'{line}' names {missing}, which did not travel with the environment", fix)
        elif name and _plain(name[0]) in OURS:
            recipe = _note(recipe, _left_to_bep(line, _plain(name[0])))
        else:
            recipe = replace(recipe, then=(*recipe.then, line))
    return recipe


def _with_package(recipe: Recipe, text: str, names: Names) -> Recipe:
    spec = _SPEC.fullmatch(text.strip())
    if spec is None:
        return _problem(recipe, f"'{text}' is not a conda package and version", "Write NAME=VERSION")
    name = spec["name"].lower()
    if name in names and (names[name] is None or not _bare(names[name] or "")):
        return _replaced(recipe, text, names[name])
    kept_out = _kept_out(recipe, text, name) if name not in names else None
    if kept_out is not None:
        return kept_out
    version = _pip_version(_boxed(spec["box"]) or spec["rest"])
    if version is None:
        fix = f"Write it as {name}>=A,<B; or install micromamba or conda, which can say it and then builds this"
        return _problem(recipe, f"the version of '{text}' has no equal in pip", fix, conda=True)
    match name:
        case "python":
            return replace(recipe, python=version.removeprefix("==").removesuffix(".*") or None)
        case "pip":
            return recipe  # a newer one than was asked for serves every wheel the older one would
        case _:
            return replace(recipe, first=(*recipe.first, (names.get(name) or RENAMED.get(name, name)) + version))


def _bare(requirement: str) -> bool:
    """Whether a requirement says no version, so that it takes the one of the conda file."""
    return re.fullmatch(r"[\w.\-]+\s*(\[[^\]]*\])?", requirement) is not None


def _replaced(recipe: Recipe, text: str, requirement: str | None) -> Recipe:
    if requirement is None:
        return _note(recipe, f"{text} is left out, as the workspace's file of conda_names says")
    return replace(recipe, first=(*recipe.first, requirement))


def _kept_out(recipe: Recipe, text: str, name: str) -> Recipe | None:
    """The recipe without this package, if pip is not to install it; else None."""
    if name in CARRIED or name.startswith("_"):
        return recipe
    if name in BUILDS:
        return _note(recipe, f"{text} is left out: {BUILDS[name]}")
    if name in OURS:
        return _note(recipe, _left_to_bep(text, name))
    if name in NEEDS_MACHINE:
        return replace(recipe, tools=(*recipe.tools, (text, NEEDS_MACHINE[name])))
    if name.startswith(("r-", "bioconductor-", "lib")) and name not in RENAMED:
        return _problem(
            recipe, f"{text} is not a Python package, so pip has no such thing", alternatives(name), conda=True
        )
    return None


def _left_to_bep(text: str, name: str) -> str:
    return f"{text} is left out: bep's worker does its part here. {OURS[name]}"


def _boxed(box: str | None) -> str:
    found = re.search(r"version\s*=\s*['\"]?([^'\"\]]+)", box or "")
    return found[1] if found else ""


def _pip_version(text: str) -> str | None:
    """A conda version in pip's terms: `=1.2` is `==1.2.*`, `=1.2=build` is `==1.2`; None if pip cannot say it."""
    parts = [part.strip() for part in text.strip().split(",") if part.strip()]
    clauses = [_clause(part) for part in parts]
    if any(clause is None for clause in clauses):
        return None
    return ",".join(clause for clause in clauses if clause)


def _clause(part: str) -> str | None:
    whole, _, build = part.partition("=") if not re.match(r"[=<>!~]", part) else ("", "", "")
    if whole:  # "1.2", "1.2 build", "1.2=build"
        whole, _, other = whole.strip().partition(" ")
        return _exact(whole) if build or other else _starting(whole)
    found = _CLAUSE.match(part)
    rest = part[found.end() :].strip() if found else "?"
    if found is None or (rest and not re.match(r"[= ]?[\w*.]+$", rest)):
        return None
    sign, version = found["sign"], found["version"]
    match sign:
        case "=":
            return _exact(version) if rest else _starting(version)
        case "==":
            return _exact(version)
        case _ if version == "*":
            return ""
        case _:
            return f"{sign}{version}"


def _exact(version: str) -> str | None:
    return None if "|" in version else "" if version == "*" else f"=={version}"


def _starting(version: str) -> str | None:
    if "|" in version:
        return None
    stem = version.removesuffix("*").rstrip(".")
    return f"=={stem}.*" if stem else ""


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _note(recipe: Recipe, text: str) -> Recipe:
    return replace(recipe, notes=(*recipe.notes, text))


def _problem(recipe: Recipe, message: str, fix: str, *, conda: bool = False) -> Recipe:
    return replace(recipe, problems=(*recipe.problems, Problem(message, fix, conda)))


def alternatives(name: str) -> str:
    """What to do about a conda package that pip cannot have."""
    return (
        "Install micromamba or conda, and the whole environment is built with it; or say what stands for the package,"
        f" '{name}: PIP_NAME' or '{name}: null' for nothing, in a file that bep.yml names with"
        " 'provider: {local: {conda_names: FILE}}'; or take it out of the conda file"
    )
