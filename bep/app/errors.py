"""What use cases say no with. Values that a face turns into words, codes or answers; knows no face and no exit code."""

from collections.abc import Sequence

from bep.schemas.next_step import Advised, Step


class DomainError(Advised):
    """A use case cannot be carried out. `message` is for a person, `next` are steps that would help.

    `about` is the option that it is about, where it is about one: a face has a name of its own for it.
    """

    def __init__(self, message: str, *, next: Sequence[Step] = (), about: str = "") -> None:
        super().__init__(f"{about} {message}" if about else message)
        self.message = message
        self.next = tuple(next)
        self.about = about


class Refused(DomainError):
    """What was asked for cannot be done as it was asked."""


class NotFound(Refused):
    """There is nothing of that name. `nearest` are names that may have been meant."""

    def __init__(self, message: str, *, nearest: Sequence[str] = (), next: Sequence[Step] = ()) -> None:
        super().__init__(message, next=next)
        self.nearest = tuple(nearest)


class Unavailable(Refused):
    """The world of this workspace has nothing of the kind."""

    def __init__(self, world: str, what: str) -> None:
        super().__init__(f"the world {world} of this workspace {what}")
        self.world = world


class Denied(DomainError):
    """A policy of the workspace denies it."""


class Conflict(DomainError):
    """Something else has happened meanwhile, or is happening."""


class Invalid(DomainError):
    """What the user wrote does not fit, in a way that only came out at work."""


class WorldFailed(DomainError):
    """The world did not do it, or cannot be told what it needs."""


class NothingToDo(DomainError):
    """All is as it was asked for already."""
