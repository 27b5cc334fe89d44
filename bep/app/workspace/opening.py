"""A workspace, opened: its specs, its state and its world. Knows no world by name."""

import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bep.app.errors import Refused
from bep.app.workspace.clock import new_state, now
from bep.app.workspace.files import WorkspaceFiles
from bep.app.workspace.visibility import seen_by
from bep.app.workspace.write_access import must_write, read_only
from bep.disk import modes
from bep.lazy_dataclasses import dataclass, field
from bep.schemas.findings.finding import SpecInvalid, errors
from bep.schemas.next_step import step
from bep.schemas.workspace.conda_names import WRONG_NAMES
from bep.schemas.workspace.stages import CHOICE, HOME, WORLD
from bep.schemas.workspace.workspace import FILE

if TYPE_CHECKING:
    from bep.planner.state import State
    from bep.providers.protocol import Provider
    from bep.providers.state.store import Store
    from bep.providers.world import World
    from bep.schemas.findings.finding import Finding
    from bep.schemas.specs.loading import Loaded
    from bep.schemas.workspace.workspace import Workspace


@dataclass(frozen=True)
class Source:
    """What a use case was told about the specs: files (none: `bep.yml` decides), variables, and the stage and the
    provider that are meant (none: the environment or `bep.yml` decides).

    `offline`: the world is not asked, so what specs name without declaring it is taken to be there; and no secret has
    to be set.
    `as_part`: the files are checked as a part of the workspace. `standard_input` is the text of the file called `-`.
    `no_commands`: no policy may run anything. `policies_from` is the folder of another workspace, whose policies a plan
    is judged by instead.
    """

    paths: Sequence[str] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    variable_files: Sequence[str] = ()
    as_part: bool = False
    standard_input: bytes | None = None
    stage: str = ""
    provider: str = ""
    offline: bool = False
    no_commands: bool = False
    policies_from: str = ""


class Opened:
    """One workspace. Everything is read when first asked for, and once."""

    def __init__(self, root: Path, source: Source) -> None:
        self.root = root
        self.source = source
        self.files = WorkspaceFiles(root, source.standard_input)
        self.patience = 0.0
        """Seconds that reading the state waits for what an interrupted apply began and the world still works on."""
        self._answers: dict[str, Any] = {}

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment variables of this process, with the stage and the world that were chosen here."""
        choice = {CHOICE: self.source.stage, WORLD: self.source.provider}
        chosen = {name: value for name, value in choice.items() if value}
        return {**os.environ, **chosen} if chosen else os.environ

    @property
    def home(self) -> Path:
        """Where this workspace, in its stage, keeps what is bep's. Raises as `workspace` does."""
        return self.root / self.workspace.home

    @property
    def workspace(self) -> "Workspace":
        """What bep.yml says. Raises `SpecInvalid` where it cannot be told which of its stages is meant."""
        found = self.loaded.workspace if "loaded" in self.__dict__ else self.glanced
        if found.stage is None:
            raise SpecInvalid(self.loaded.findings, self.loaded.sources)
        return found

    @property
    def glanced(self) -> "Workspace":
        """What bep.yml says, however wrong, without reading a spec."""
        return self._glance[0]

    @property
    def glanced_findings(self) -> "Sequence[Finding]":
        """What is wrong with it, no spec being read."""
        return self._glance[1]

    @cached_property
    def _glance(self) -> "tuple[Workspace, Sequence[Finding]]":
        """What bep.yml says, and what is wrong with it."""
        from bep.providers.worlds import WORLDS
        from bep.schemas.workspace.reading_workspace import open_workspace

        source = self.source
        found = open_workspace(
            self.files,
            variables=source.variables,
            variable_files=source.variable_files,
            environment=self.environment,
            worlds=WORLDS,
        )
        shared = found.workspace.provider_settings.get("shared")
        modes.ask_for(modes.GROUP if shared == "group" else modes.PRIVATE)
        return found.workspace, found.findings

    @cached_property
    def loaded(self) -> "Loaded":
        """The specs, with every finding. Never raises for what a user wrote."""
        from bep.app.workspace.loading import loaded

        return loaded(self)

    @cached_property
    def keyless_world(self) -> "World":
        """The world without the key of the secrets: for what it has, and where it lies on this machine.

        Raises `SpecInvalid` where this bep does not have it.
        """
        return self._world_with("")

    def _world_with(self, secret_key: str) -> "World":
        from bep.providers.world import Setup
        from bep.providers.worlds import WORLDS, open_world

        found = self.loaded.workspace if "loaded" in self.__dict__ else self.glanced
        if found.provider not in WORLDS:
            raise self._not_available()
        setup = Setup(
            self.root,
            home=self.root / found.home,
            settings=found.provider_settings,
            secret_key=secret_key,
            clock=now,
            environment=self.environment,
            conda_names=found.conda_names,
            fetch=self._fetched,
            answers=self._answers,
        )
        return open_world(found.provider, setup)

    @property
    def share(self) -> str:
        """How a job gets what is stored: as copies, or as links where bep.yml asks for that."""
        return str(self.workspace.provider_settings.get("share", "copy"))

    @property
    def downloads(self) -> Path:
        """Where copies of what is stored elsewhere are kept."""
        return self.home / "cache" / "downloads"

    def _fetched(self, address: str) -> Path:
        """The copy of a model's or a script's files. Raises `ProviderError`."""
        from bep.providers.protocol import ProviderError
        from bep.runner.errors import InputsInvalid
        from bep.runner.transfer.addresses import hidden
        from bep.runner.transfer.downloading import fetch
        from bep.runner.transfer.transfers import Board

        try:
            return fetch([address], self.downloads, Board("fetching files"))[address]
        except InputsInvalid as error:
            message = str(error).removeprefix(f"{hidden(address)}: ")
            raise ProviderError(hidden(address), "locate", message, code="Storage", retryable=True) from None

    @cached_property
    def world(self) -> "World":
        """The world these specs are for.

        Raises `SpecInvalid` when this bep does not have it, and for a wrong file of names: what would be installed is
        not what was meant.
        """
        from bep.providers.worlds import WORLDS

        if self.workspace.provider not in WORLDS:
            raise self._not_available()
        wrong = [found for found in errors(self._glance[1]) if found.code == WRONG_NAMES]
        if wrong:
            raise SpecInvalid(wrong, self.loaded.sources)
        return self._world_with(self.recorded.secret_key)

    @property
    def provider(self) -> "Provider":
        """The verbs of that world. Raises as `world` does."""
        return self.world.objects

    def _not_available(self) -> SpecInvalid:
        asked = [found for found in self.loaded.findings if found.code == "not-available"]
        return SpecInvalid(asked or self.loaded.findings, self.loaded.sources)

    @cached_property
    def store(self) -> "Store":
        """Where this workspace's state is kept: what `state:` in bep.yml says, else `.bep/state.json`.

        Raises `SpecInvalid` when this bep does not have the store that bep.yml asks for, and for a bep.yml that is
        wrong somewhere: another place than the one it means must not be taken for it.
        """
        from bep.providers.state.stores import PLACES, Surroundings, open_store

        findings = self.loaded.findings if "loaded" in self.__dict__ else self._glance[1]
        wrong = [found for found in errors(findings) if found.mark is not None and found.mark.file == FILE]
        if wrong:
            raise SpecInvalid(wrong, self.loaded.sources)
        said = self.workspace.state
        if not said.keys() <= PLACES.keys():
            raise self._not_available()
        return open_store(said, Surroundings(self.root, self.root / HOME, self.environment), clock=now)

    @cached_property
    def _known_state(self) -> "tuple[State, tuple[str, ...]]":
        living = self.store.holder()  # asked first: it may end between the two looks
        stored = self.store.load()
        if stored is None:
            return new_state(), ()
        if not stored.pending or living or self.store.holder():  # what a living apply began is its own
            return stored.state, stored.notes
        from bep.providers.applying.recovery import recovered

        return recovered(stored, self._world_with(stored.state.secret_key).objects, now, self.patience)

    @property
    def state(self) -> "State":
        """What bep last knew, an interrupted apply looked into; a new, unwritten one where there is none yet.

        Raises `StateUnusable` where it has an entry of a kind that this bep does not know.
        """
        from bep.planner.formats.statefile import unknown_kinds
        from bep.providers.state.errors import StateUnusable

        if unknown := unknown_kinds(self.recorded):
            forget = step("state rm", unknown[0])
            raise StateUnusable(
                self.store.path,
                f"{', '.join(unknown)}: this bep has no such kind",
                f"use the bep that wrote it; or forget it, the object staying as it is: {forget}",
                forget,
            )
        return self.recorded

    @property
    def recorded(self) -> "State":
        """The same, whatever is in it: for looking at a state and mending it."""
        return self._known_state[0]

    def keep_apart(self) -> None:
        """Make the folder of what is bep's, which says of itself that it is not for version control."""
        from bep.disk.refusal import no_write

        folder = self.root / HOME
        modes.make_folder(folder)
        if no_write((folder,)) is None and not (folder / ".gitignore").exists():
            (folder / ".gitignore").write_text("*\n")

    def keep_state(self) -> None:
        """Write the state of a workspace that has none, so that a plan kept now is for the same history later."""
        self.keep_apart()
        if self.store.load() is None:
            must_write(self)
            self.store.load_or_create(lambda: self.state)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of a plan should know beforehand: an apply that runs, or one that was interrupted."""
        running = self.store.holder()
        doing = (f"while this was planned: {running}",) if running else ()
        return (*doing, *self._left_behind(), *self._known_state[1], *read_only(self), *seen_by(self))

    def _left_behind(self) -> tuple[str, ...]:
        """A state from before the workspace had stages, which none of them has taken over."""
        from bep.schemas.workspace.workspace import LOCAL_STATE

        every = self.workspace.stages.every.values()
        taken = {os.path.normpath(str(each.place.get("file"))) for each in every}
        if not every or LOCAL_STATE in taken or not (self.root / LOCAL_STATE).exists():
            return ()
        mend = (
            f"state: {{file: {LOCAL_STATE}}} and provider: {{local: {{path: .bep/cloud}}}} in one of them take it over"
        )
        return (f"{LOCAL_STATE} is of no stage, and what it knows is looked after by none: {mend}",)


def here(source: Source | None = None) -> Opened:
    """The workspace of the current folder. Raises `Refused` where that was taken away meanwhile."""
    try:
        root = Path.cwd()
    except FileNotFoundError:
        raise Refused("the folder that this was started in is not there any more; go to one that is") from None
    return Opened(root, source or Source())


def workspace_here(source: Source | None = None) -> Opened:
    """The same, for who asks what is in it. Raises `SpecInvalid` where there never was one: nothing applied, no job and
    no state is no answer in a wrong folder.
    """
    opened = here(source)
    if not (opened.root / FILE).exists() and not (opened.root / HOME).is_dir():
        from bep.schemas.specs.documents.choosing import no_workspace

        raise SpecInvalid([no_workspace(opened.files)])
    return opened
