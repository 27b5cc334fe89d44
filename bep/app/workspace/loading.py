"""The specs of an opened workspace, read with what its world has and can tell of them. Writes nothing."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from bep.app.workspace.build_checks import with_unfit
from bep.lazy_dataclasses import replace
from bep.planner.planning.earlier_rules import as_registered
from bep.providers.worlds import WORLDS
from bep.schemas.address import Address
from bep.schemas.specs.loading import load

if TYPE_CHECKING:
    from bep.app.workspace.opening import Opened
    from bep.schemas.specs.loading import Loaded
    from bep.schemas.specs.script_grammar import Parsed


def loaded(opened: "Opened") -> "Loaded":
    """The specs, with every finding. Never raises for what a user wrote."""
    source, knowledge = opened.source, _Knowledge(opened)
    found = load(
        opened.files,
        paths=source.paths,
        variables=source.variables,
        variable_files=source.variable_files,
        environment=_with_secrets(opened),
        known=knowledge.known,
        newest=knowledge.newest,
        worlds=WORLDS,
        as_part=source.as_part,
        parse=knowledge.parse,
    )
    if found.workspace.provider not in WORLDS:  # then there is no world to ask, and a finding says so
        return found
    world = opened.keyless_world
    # Without a stage it cannot be told which world is meant, and a finding says why. Only a world that gives
    # contents back has objects of an earlier bep: another is not asked for anything that its specs declare.
    if found.workspace.stage is not None and world.contents is not None:
        found = replace(found, resources=as_registered(found.resources, world.objects.list))
    lacking = () if source.offline else world.lacking(found.resources)
    return with_unfit(found, (*lacking, *world.unfit(found.resources)), opened.files)


def _with_secrets(opened: "Opened") -> Mapping[str, str]:
    """The environment that specs are read in."""
    if not opened.source.offline:
        return opened.environment
    from bep.app.workspace.unset_secrets import EverySecret

    return EverySecret(opened.environment)


class _Knowledge:
    """What the world that specs are for has and can tell. Asked while they are read, so before the state is."""

    def __init__(self, opened: "Opened") -> None:
        self._opened = opened

    @property
    def _is_there(self) -> bool:
        return self._opened.workspace.provider in WORLDS

    @cached_property
    def _cannot_ask(self) -> bool:
        """Whether something has to be installed first; a finding says so."""
        return self._is_there and any(self._opened.keyless_world.lacking(()))

    def known(self, kind: str) -> Sequence[Address]:
        """What the provider has of a kind, oldest first."""
        if self._opened.source.offline or self._cannot_ask:
            from bep.schemas.drafts.references import ANYTHING

            return ANYTHING
        return list(self._opened.keyless_world.objects.list(kind)) if self._is_there else ()

    def newest(self, kind: str, name: str) -> Address | None:
        """The version that the provider made last of a name."""
        if self._opened.source.offline or self._cannot_ask or not self._is_there:
            return None
        return self._opened.keyless_world.objects.newest(kind, name)

    def parse(self, asked: str, source: bytes) -> "Parsed | None":
        """What the Python that a script is for says of it, where this machine may have it."""
        environments = self._opened.keyless_world.environments if self._is_there else None
        return environments.parse(asked, source) if environments is not None else None
