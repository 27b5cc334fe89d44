"""The specs, or one job, as a text that somebody else deploys, in a language of their world. Names no world; prints
nothing.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from bep.app.errors import NotFound, Refused, Unavailable
from bep.app.jobs.requests.loading import by_name
from bep.app.workspace.build_checks import with_unfit
from bep.app.workspace.specs import specs_of
from bep.lazy_dataclasses import dataclass, replace
from bep.schemas.address import names_of
from bep.schemas.findings.finding import Finding, SpecInvalid, errors

if TYPE_CHECKING:
    from bep.app.jobs.requests.loading import JobSource
    from bep.app.workspace.contexts import Specs
    from bep.providers.world import Exported
    from bep.schemas.job.job import LoadedJob
    from bep.schemas.specs.loading import Loaded


@dataclass(frozen=True)
class Template:
    """The text; what is doubtful in the specs, or left out of it; the texts of the files that these are about."""

    text: str
    warnings: tuple[Finding, ...]
    sources: Mapping[str, str]


@dataclass(frozen=True)
class JobWish:
    """One job that is to be handed over, and the folder that the text will be in: its paths are as seen from there."""

    source: "JobSource"
    beside: Path


def export(opened: "Specs", language: str, wish: JobWish | None = None) -> Template:
    """The specs, or one job, in a language. No state is read, and of the world nothing is asked that the specs do not
    ask to load.

    Raises `Unavailable` where the world has no such text, `NotFound` for a language that it does not have, `Refused`
    for a job where the language has all specs or none where it has one job, and `SpecInvalid` with every finding, also
    for what cannot be said in it.
    """
    world = opened.keyless_world
    of_specs, of_job = world.exports or {}, world.job_exports or {}
    _must_have(world.name, (*of_specs, *of_job), language)
    loaded = specs_of(opened)
    if language in of_specs:
        if wish is not None:
            raise Refused(f"{language} has all specs in it, and no job\n    fix: leave the job out")
        return _judged(opened, loaded, of_specs[language](loaded.resources))
    if wish is None:
        fix = "name a job's file, or its endpoint and its input"
        raise Refused(f"{language} has one job in it, and none is named\n    fix: {fix}")
    job = _job(opened, loaded, wish.source)
    assert job.job is not None  # _job raises otherwise
    made = of_job[language](loaded.resources, job.job, _seen_from(opened.root, wish.beside))
    told = replace(loaded, findings=(*loaded.findings, *job.findings), sources={**loaded.sources, **job.sources})
    return _judged(opened, told, made)


def _must_have(world: str, languages: Sequence[str], language: str) -> None:
    from bep.providers.worlds import EXPORTS

    if not languages:
        having = " or ".join(sorted(EXPORTS))
        fix = f"write `provider: {{{having}: ...}}` in bep.yml, or in a stage of it, to have one"
        raise Unavailable(world, f"has no templates to hand over; {fix}")
    if language not in languages:
        near = get_close_matches(language, languages, 1)
        there = ", ".join(languages)
        raise NotFound(f"no language of templates is called {language!r}; there are: {there}", nearest=near)


def _judged(opened: "Specs", loaded: "Loaded", made: "Exported") -> Template:
    judged = with_unfit(loaded, made.unfit, opened.files)
    if errors(judged.findings):
        raise SpecInvalid(judged.findings, judged.sources)
    return Template(made.text, judged.findings, judged.sources)


def _job(opened: "Specs", loaded: "Loaded", source: "JobSource") -> "LoadedJob":
    """The job, whose endpoint is the one of the specs where it names none. Raises `SpecInvalid`."""
    from bep.app.workspace.unset_secrets import EverySecret
    from bep.providers.worlds import WORLDS
    from bep.schemas.job.job import load_job

    endpoints = [names_of(one.address)[0] for one in loaded.resources if one.kind == "endpoint"]
    job = load_job(
        opened.files,
        source.path,
        changes=by_name(source, lambda: endpoints),
        variables=opened.source.variables,
        variable_files=opened.source.variable_files,
        environment=EverySecret(opened.environment),
        worlds=WORLDS,
        endpoints=lambda: endpoints,
        document=source.document,
    )
    if job.job is None:
        raise SpecInvalid(job.findings, job.sources)
    return job


def _seen_from(root: Path, beside: Path) -> Callable[[str], str]:
    """How a path, which is as seen from the workspace, is written in a file in another folder."""

    def seen(path: str) -> str:
        relative = os.path.relpath(root / path, beside)
        return relative if relative.startswith("..") else f"./{relative}"

    return seen
