"""Another world than bep.yml names, chosen from outside, and what is its own then. Knows no world by name."""

import posixpath
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from bep.lazy_dataclasses import replace
from bep.schemas.findings.did_you_mean import did_you_mean, listed
from bep.schemas.findings.finding import Finding, mistake
from bep.schemas.workspace.directives import NO_DIRECTIVES

if TYPE_CHECKING:
    from bep.schemas.workspace.workspace import Workspace


def in_world(
    workspace: "Workspace", choice: str, worlds: Collection[str], settings: Mapping[str, Any]
) -> tuple["Workspace", tuple[Finding, ...]]:
    """The workspace as it is in the world that is chosen, out of these; without a provider, and with None as its
    `stage`, where it cannot be.

    In another world than bep.yml's it has a folder, a state and jobs of its own: nothing there is read or written by
    who works in the one of bep.yml, and the other way round. What bep.yml says of objects that are in that one already,
    `imports` and `moved`, is not said of this one. `settings` are what it says of this one outside its stages; a place
    that they name is left out.
    """
    if choice == workspace.provider or workspace.stage is None:
        return workspace, ()
    home = f"{workspace.home}/{choice}"
    place = {"file": f"{home}/state.json"}
    found = tuple(_wrong(workspace, choice, place["file"], worlds, settings))
    directives = replace(workspace.directives, imports=NO_DIRECTIVES.imports, moved=NO_DIRECTIVES.moved)
    if found:
        return replace(workspace, stage=None, provider=""), found
    return replace(
        workspace,
        provider=choice,
        provider_settings={name: value for name, value in settings.items() if name != "path"},
        home=home,
        state=place,
        directives=directives,
        in_other_world=True,
    ), ()


def _wrong(
    workspace: "Workspace", choice: str, file: str, worlds: Collection[str], settings: Mapping[str, Any]
) -> Iterator[Finding]:
    if choice not in worlds:
        message = f"the provider '{choice}' was chosen, and there is none of that name; there are: {listed(worlds)}"
        yield mistake("unknown-provider", "", message, did_you_mean(choice, worlds) or "Choose one of these.", None)
        return
    if needed := [one for one in _needed(choice) if one not in settings]:
        message = f"the provider '{choice}' was chosen, and bep.yml does not say its {listed(needed)}"
        fix = f"Write 'provider: {{{choice}: ...}}' in bep.yml, or in a stage of it."
        yield mistake("provider-not-declared", "", message, fix, None)
    said = workspace.state.get("file")
    if isinstance(said, str) and posixpath.normpath(said) == file:
        message = f"bep.yml keeps the state of '{workspace.provider}' at {file}, where that of '{choice}' would be"
        yield mistake("shared-state", "", message, "Keep it elsewhere.", None)


def _needed(world: str) -> list[str]:
    """The settings without which a world cannot be told from another of its sort."""
    from bep.schemas.kinds.published import schema_of

    settings = schema_of("workspace")["properties"]["provider"]["properties"].get(world, {})
    return list(settings.get("required", ()))
