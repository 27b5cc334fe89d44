"""What a use case may do with an opened workspace: read specs, read state and world too, or write. Types only.

A use case asks for the smallest that it needs, and cannot do more without asking for another in its signature.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from bep.app.workspace.files import WorkspaceFiles
    from bep.app.workspace.opening import Source
    from bep.planner.plan import Plan
    from bep.planner.state import State
    from bep.providers.check import Probe
    from bep.providers.protocol import Provider, Reader
    from bep.providers.state.applied import AppliedPlans
    from bep.providers.state.backups import Backups
    from bep.providers.state.holder import Holder
    from bep.providers.state.store import Store, Stored
    from bep.providers.world import ReadWorld, World
    from bep.schemas.findings.finding import Finding
    from bep.schemas.specs.loading import Loaded
    from bep.schemas.workspace.workspace import Workspace


class Specs(Protocol):
    """Reads what the user wrote, and knows where things lie. Asks no world and no state but for names."""

    @property
    def root(self) -> Path:
        """The workspace's folder."""
        ...

    @property
    def source(self) -> "Source":
        """What the command was told about the specs."""
        ...

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment variables, with the stage that was chosen."""
        ...

    @property
    def files(self) -> "WorkspaceFiles":
        """The workspace's files, to be read."""
        ...

    @property
    def home(self) -> Path:
        """The folder of what is bep's."""
        ...

    @property
    def downloads(self) -> Path:
        """Where copies of what is stored elsewhere are kept."""
        ...

    @property
    def share(self) -> str:
        """How a job gets what is stored."""
        ...

    @property
    def workspace(self) -> "Workspace":
        """What bep.yml says, in the stage that is meant."""
        ...

    @property
    def glanced(self) -> "Workspace":
        """What bep.yml says, however wrong."""
        ...

    @property
    def glanced_findings(self) -> "Sequence[Finding]":
        """What is wrong with it, no spec being read."""
        ...

    @property
    def loaded(self) -> "Loaded":
        """The specs, with every finding."""
        ...

    @property
    def keyless_world(self) -> "ReadWorld":
        """The world without the key of the secrets."""
        ...


class ReadPlace(Protocol):
    """The files of a state as one who only reads has them."""

    def local(self, part: str = "") -> Path | None:
        """A file on this machine; None where it lies elsewhere."""
        ...

    def read(self, part: str) -> bytes | None:
        """The bytes of a file."""
        ...

    def checks(self) -> "Mapping[str, Probe]":
        """What can be looked at where a state cannot be kept."""
        ...


class ReadStore(Protocol):
    """A store of states as one who only reads has it."""

    @property
    def path(self) -> "Path | str":
        """Where the state is."""
        ...

    @property
    def backups(self) -> "Backups":
        """Copies of earlier states."""
        ...

    @property
    def is_moving(self) -> bool:
        """Whether the state has changed since it was read, or is being changed."""
        ...

    @property
    def place(self) -> "ReadPlace":
        """The files of the state."""
        ...

    def load(self) -> "Stored | None":
        """What is stored."""
        ...

    @property
    def applied(self) -> "AppliedPlans":
        """The plans that were applied."""
        ...

    def kept_plan(self) -> "Plan | None":
        """The plan last applied."""
        ...

    def holder(self) -> "Holder | None":
        """Who holds the lock."""
        ...


class Reading(Specs, Protocol):
    """Reads state and world, too. Changes neither."""

    @property
    def state(self) -> "State":
        """What bep last knew."""
        ...

    @property
    def recorded(self) -> "State":
        """The same, whatever is in it."""
        ...

    @property
    def store(self) -> ReadStore:
        """Where the state is kept."""
        ...

    @property
    def world(self) -> "ReadWorld":
        """The world these specs are for."""
        ...

    @property
    def provider(self) -> "Reader":
        """What is there."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of a plan should know beforehand."""
        ...


class Writing(Reading, Protocol):
    """Changes state and world, each under the lock that its verbs take."""

    patience: float

    @property
    def store(self) -> "Store":
        """Where the state is kept, and locked."""
        ...

    @property
    def world(self) -> "World":
        """The world these specs are for."""
        ...

    @property
    def provider(self) -> "Provider":
        """The verbs that change what is there."""
        ...

    def keep_apart(self) -> None:
        """Make the folder of what is bep's."""
        ...

    def keep_state(self) -> None:
        """Write the state of a workspace that has none."""
        ...
