"""The specs as a text that somebody else deploys, in a language of their world. Names no world; prints nothing."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING

from bep.app.errors import NotFound, Unavailable
from bep.app.workspace.build_checks import with_unfit
from bep.app.workspace.specs import specs_of
from bep.lazy_dataclasses import dataclass
from bep.schemas.findings.finding import Finding, SpecInvalid, errors

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Specs


@dataclass(frozen=True)
class Template:
    """The text; what is doubtful in the specs, or left out of it; the texts of the files that these are about."""

    text: str
    warnings: tuple[Finding, ...]
    sources: Mapping[str, str]


def export(opened: "Specs", language: str) -> Template:
    """The specs in a language. No state is read, and of the world nothing is asked that the specs do not ask to load.

    Raises `Unavailable` where the world has no such text, `NotFound` for a language that it does not have, and
    `SpecInvalid` with every finding, also for what cannot be said in it.
    """
    from bep.providers.worlds import EXPORTS

    world = opened.keyless_world
    if world.exports is None:
        having = " or ".join(sorted(EXPORTS))
        fix = f"write `provider: {{{having}: ...}}` in bep.yml, or in a stage of it, to have one"
        raise Unavailable(world.name, f"has no templates to hand over; {fix}")
    if language not in world.exports:
        there = ", ".join(world.exports)
        near = get_close_matches(language, world.exports, 1)
        raise NotFound(f"no language of templates is called {language!r}; there are: {there}", nearest=near)
    loaded = specs_of(opened)
    made = world.exports[language](loaded.resources)
    judged = with_unfit(loaded, made.unfit, opened.files)
    if errors(judged.findings):
        raise SpecInvalid(judged.findings, judged.sources)
    return Template(made.text, judged.findings, judged.sources)
