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
from bep.wiring.clock import now

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

        return load(
            self.files,
            paths=self.source.paths,
            variables=self.source.variables,
            variable_files=self.source.variable_files,
            environment=os.environ,
            known=self.known,
        )

    def known(self, kind: str) -> Sequence[Address]:
        """What the provider has of a kind, oldest first."""
        return list(self.provider.list(kind))

    @cached_property
    def store(self) -> "FileStore":
        """Where this workspace's state is kept."""
        from bep.providers.state_store import FileStore

        return FileStore(self.state_path, clock=now)

    @property
    def state_path(self) -> Path:
        """The state file: `state: {file: ...}` in bep.yml, else `.bep/state.json`."""
        chosen = self.loaded.workspace.state.get("file", f"{HOME}/state.json")
        return self.root / str(chosen)
