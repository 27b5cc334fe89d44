"""What a code host does for a comment, and what it says no with. Knows no host and no HTTP."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from bep.lazy_dataclasses import dataclass, field
from bep.schemas.next_step import Advised

Environment = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment of a pull request. `author` is as the host names it; `url` is where a person sees it."""

    id: str
    body: str
    url: str = ""
    author: str = ""
    is_bot: bool = False


class CodeHost(Protocol):
    """One pull request on one host. The verbs raise `HostError`."""

    def comments(self) -> Sequence[Comment]:
        """Every comment that is there, oldest first; none that was deleted."""

    def ours(self, found: Sequence[Comment]) -> Sequence[Comment]:
        """Those of whoever the token is, as far as the host says; it refuses a change of any other."""

    def create(self, body: str) -> Comment:
        """Write a new one."""

    def update(self, comment: Comment, body: str) -> Comment:
        """Write it anew."""

    def delete(self, comment: Comment) -> None:
        """Take it away."""


@dataclass(frozen=True, slots=True)
class PullRequest:
    """The one that a pipeline runs for, as its variables say. `missing` are sentences about what could not be found.

    `place` is the pull request for a person, as `owner/name#12`; `connect` gives it where nothing is missing.
    """

    place: str
    connect: Callable[[], CodeHost] = field(repr=False)
    missing: tuple[str, ...] = ()


class HostError(Advised):
    """A host did not do it. `status` is HTTP's, 0 where nothing was answered.

    `is_passing` says that the same may work later, `pause` after how many seconds at the earliest, where it was told.
    """

    def __init__(self, message: str, *, status: int = 0, is_passing: bool = False, pause: float | None = None) -> None:
        super().__init__(message)
        self.status, self.is_passing, self.pause = status, is_passing, pause
