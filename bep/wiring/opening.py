"""A workspace, opened: its specs, its state and its provider. The only place that chooses between providers."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from bep.exit_codes import ExitCode, Stop
from bep.files import WorkspaceFiles
from bep.schemas.address import Address
from bep.wiring.clock import new_state, now

if TYPE_CHECKING:
    from bep.planner.state import State
    from bep.providers.local.provider import LocalProvider
    from bep.providers.state_store import FileStore
    from bep.schemas.loading import Loaded

HOME = ".bep"
"""Where a workspace keeps what is bep's: state, the local cloud, jobs. Not for version control."""


@dataclass(frozen=True)
class Source:
    """What a command was told about the specs: files (none: `bep.yml` decides) and variables."""

    paths: Sequence[str] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    variable_files: Sequence[str] = ()


class Opened:
    """One workspace. Everything is read when first asked for, and once."""

    def __init__(self, root: Path, source: Source) -> None:
        self.root = root
        self.source = source
        self.files = WorkspaceFiles(root)
        self.home = root / HOME

    @cached_property
    def loaded(self) -> "Loaded":
        """The specs, with every finding. Never raises for what a user wrote."""
        from bep.schemas.loading import load

        loaded = load(
            self.files,
            paths=self.source.paths,
            variables=self.source.variables,
            variable_files=self.source.variable_files,
            environment=os.environ,
            known=self._known,
        )
        if loaded.workspace.provider != "local":
            raise Stop(ExitCode.ERROR, f"bep.yml: provider {loaded.workspace.provider}: this bep knows only local")
        return loaded

    def _known(self, kind: str) -> Sequence[Address]:
        """What the provider has of a kind, oldest first. Asked while the specs are read, so before the state is."""
        return list(self._provider_with("").list(kind))

    def _provider_with(self, secret_key: str, python: str | None = None) -> "LocalProvider":
        from bep.providers.local.provider import LocalProvider

        return LocalProvider(self.root, secret_key=secret_key, clock=now, python=python, surroundings=os.environ)

    @cached_property
    def provider(self) -> "LocalProvider":
        """The world these specs are for."""
        python = self.loaded.workspace.provider_settings.get("python")
        return self._provider_with(self.state.secret_key, python)

    @cached_property
    def store(self) -> "FileStore":
        """Where this workspace's state is kept: `state: {file: ...}` in bep.yml, else `.bep/state.json`."""
        from bep.providers.state_store import FileStore

        path = self.loaded.workspace.state.get("file")
        if path is None:
            raise Stop(ExitCode.ERROR, "bep.yml: state: this bep keeps state in a file only: state: {file: PATH}")
        return FileStore(self.root / str(path), clock=now)

    @cached_property
    def _known_state(self) -> "tuple[State, tuple[str, ...]]":
        stored = self.store.load()
        if stored is None:
            return new_state(), ()
        if not stored.pending:
            return stored.state, ()
        from bep.providers.recovery import recovered

        return recovered(stored, self._provider_with(stored.state.secret_key), now)

    @property
    def state(self) -> "State":
        """What bep last knew, an interrupted apply looked into; a new, unwritten one where there is none yet."""
        return self._known_state[0]

    def keep_state(self) -> None:
        """Write the state of a workspace that has none, so that a plan kept now is for the same history later."""
        if self.store.load() is None:
            self.store.load_or_create(lambda: self.state)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of a plan should know beforehand: an apply that runs, or one that was interrupted."""
        from bep.providers.locking import running_apply

        running = running_apply(self.store.path)
        doing = (f"while this was planned: {running}",) if running else ()
        return (*doing, *self._known_state[1])


def here(source: Source | None = None) -> Opened:
    """The workspace of the current folder."""
    return Opened(Path.cwd(), source or Source())
