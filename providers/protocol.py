"""Provider: the verbs that read and change one world. Says nothing of plans, state, retries or printing."""

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Protocol

from bep.lazy_dataclasses import dataclass, field
from bep.planner.observed import Observed
from bep.planner.state import Entry
from bep.schemas.address import Address
from bep.schemas.next_step import Advised, Step
from bep.schemas.resource import Resource


class ProviderError(Advised):
    """The world said no. Carries what a person needs to act on it.

    `next` are steps that would help. `retryable` says whether waiting may, `retry_after` after how many seconds, where
    the world said so.
    """

    def __init__(
        self,
        address: str,
        operation: str,
        message: str,
        *,
        code: str = "",
        retryable: bool = False,
        retry_after: float | None = None,
        next: tuple[Step, ...] = (),
    ) -> None:
        self.next = next
        super().__init__(f"{address}: {operation}: {message}")
        self.address = address
        self.operation = operation
        self.message = message
        self.code = code
        self.retryable = retryable
        self.retry_after = retry_after


class Conflict(ProviderError):
    """The object is not the one that was planned for: its etag differs, or it is already there, or gone."""


class Forgotten(ProviderError):
    """The world does not know the token of an operation any more. How the object is now tells how it ended."""


Transferred = Callable[[int, int], None]
"""Told how far the bytes of a write are, as often as a world likes, from any thread but one at a time: how many are
where they go, those included that were there before, and how many there are. It is told before the write is begun, and
raises `Stopped` where nobody wants it any more: a world lets that pass, and begins nothing."""


def untold(done: int, total: int) -> None:
    """Nobody wants to know how far the bytes of a write are."""


class Stopped(ProviderError):
    """A write was given up while its bytes were on their way; nothing was begun."""


class Verb(StrEnum):
    """The ways to write."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Write:
    """One write. `operation` is an id that nobody else has; the world leaves it on what the write makes.

    `resource` is what is to be there (none for a delete), `etag` the version that is to be changed or removed (none
    for a create), `entry` what state has of the object.
    """

    verb: Verb
    address: Address
    operation: str
    resource: Resource | None = None
    etag: str = ""
    entry: Entry | None = None
    transferred: Transferred = field(default=untold, repr=False, compare=False)

    @property
    def wanted(self) -> Resource:
        """What is to be there."""
        assert self.resource is not None
        return self.resource


@dataclass(frozen=True, slots=True)
class Done:
    """A write that is through: the object as it is now, None where it is gone.

    `touched` are other objects whose version this write changed, as they are now: what is an object of its own for
    bep may be a field of another one there. State then has their new versions, and nobody takes that for drift.
    """

    observed: Observed | None
    touched: Mapping[Address, Observed] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pending:
    """A write that the world has taken on and not finished. `token` is text from which any process goes on with it.

    It is kept in the journal, so it has no secret in it. `retry_after` is in seconds: sooner it is not worth asking.
    """

    token: str
    retry_after: float = 1.0


class Reader(Protocol):
    """A provider as one who only reads has it."""

    @property
    def name(self) -> str:
        """What bep.yml calls its world."""
        ...

    def read(self, addresses: Iterable[Address]) -> Mapping[Address, Observed]:
        """What is there now, for those of the addresses that exist; in as few calls as the world allows."""
        ...

    def list(self, kind: str) -> Mapping[Address, Observed]:
        """Every object of a kind, managed or not, oldest first."""
        ...

    def newest(self, kind: str, name: str) -> Address | None:
        """The version of a registered name that was made last, as `@latest` means it; None where there is none."""
        ...


class Provider(Reader, Protocol):
    """One world's objects. Each has a name decided by bep and carries the id of the operation that last wrote it.

    A `Resource` arrives with its secrets readable and the source of its contents on this disk.
    What comes back is sealed with the provider's `secret_key`: no secret in it.

    A world that is slow takes a write on and gives a token, which is on disk before anybody waits: a killed apply goes
    on with the operation and does not begin another. What the world has then (`Observed.condition`) says whether the
    object is ready; one that is half made or failed is never taken for done.

    A world that has etags compares them and writes in one step: what somebody else changed since is never overwritten.
    One without makes an etag of what it reads (a digest of the canonical attributes) and reads, compares and writes.
    Then a change in the moment between reading and writing is overwritten unseen, and one that was taken back is no
    change; nothing else is lost. It must not say more than that. A world that leaves no id of an operation on its
    objects keeps it in the token: a kill between `begin` and the journal's line of it then looks like somebody else's
    work, which is never overwritten.

    A world whose answers lag behind its writes keeps that to itself: what `begin` or `poll` gave is what the next
    `read` gives, or a newer one.
    """

    def begin(self, write: Write) -> Done | Pending:
        """Write, or begin to. The same operation may ask again, and changes nothing then.

        Raises `Conflict`: a create of what is there already, an update or delete of another version. A delete of what
        is not there is done. Raises `ProviderError` where nothing was begun.
        """
        ...

    def poll(self, token: str) -> Done | Pending:
        """How a write that was begun is doing. Any process may ask, as often as it likes.

        Raises `ProviderError` for one that failed, retryable where only the question did, and `Forgotten`.
        """
        ...
