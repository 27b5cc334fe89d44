"""The Pythons that scripts run in, from Python: listed, built ahead, removed. Decides nothing."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

from bep.api.errors import Declined, public_errors
from bep.lazy_dataclasses import dataclass

if TYPE_CHECKING:
    from bep.api.workspace import Workspace
    from bep.app.environments import Built as BuiltHere


@dataclass(frozen=True)
class Built:
    """A built environment: its label, digest, version of Python, what built it, its interpreter, the log."""

    label: str
    digest: str
    python: str
    builder: str
    interpreter: str
    log: str

    @classmethod
    def of(cls, built: "BuiltHere") -> Self:
        """One that is built on this machine."""
        return cls(built.label, built.digest, built.version, built.builder, built.python, str(built.log))


@dataclass(frozen=True)
class Environments:
    """The environments of this machine, as a workspace sees them."""

    _workspace: "Workspace"

    def list(self) -> "Sequence[dict[str, Any]]":
        """A row for each that is built: Python, size, when a job last used it, who needs it."""
        from bep.app.environments import rows

        with public_errors():
            return rows(self._workspace._opened())

    def show(self, name: str) -> dict[str, Any]:
        """One, by its label or the beginning of its digest: what was asked for, what was left out and why."""
        from bep.app.environments import built_named, detail

        with public_errors():
            opened = self._workspace._opened()
            return detail(opened, built_named(opened, name))

    def build(
        self, name: str = "", *, deployment: str = "", on_line: Callable[[str], None] | None = None
    ) -> tuple[Built, ...]:
        """Build NAME or NAME:VERSION, or what ENDPOINT/NAME is scored in, or all that the applied deployments need.

        `on_line` hears how it goes. Raises `Refused`, `WorldFailed` where one cannot be built.
        """
        from bep.api.errors import Refused
        from bep.app.environments import build_every, build_for, build_named

        if name and deployment:
            raise Refused("name an environment or a deployment, not both")
        say = on_line or _nothing
        with public_errors():
            opened = self._workspace._opened()
            if deployment:
                built = [build_for(opened, deployment, say)]
            else:
                built = [build_named(opened, name, say)] if name else build_every(opened, say)
        return tuple(map(Built.of, built))

    def prune(self, *, confirm: Callable[[tuple[Built, ...]], bool], older: timedelta | None = None) -> tuple[str, ...]:
        """Remove those that nobody needs, once `confirm` has been asked with them; the digests that are gone.

        With `older` also what other workspaces have used, but not for so long. Raises `Declined`.
        """
        from bep.app.environments import remove, unneeded

        with public_errors():
            opened = self._workspace._opened()
            found = unneeded(opened, older)
            if found and not confirm(tuple(map(Built.of, found))):
                raise Declined("it was not confirmed; nothing was removed")
            return remove(opened, found)


def _nothing(said: str) -> None:
    """Hears how a build goes, where nobody listens."""
