"""Provider: the verbs that read and change one world. Says nothing of plans, state, retries or printing."""

from collections.abc import Iterable, Mapping
from typing import Protocol

from bep.planner.observed import Observed
from bep.planner.state import Entry
from bep.schemas.address import Address
from bep.schemas.resource import Resource


class ProviderError(Exception):
    """The world said no. Carries what a person needs to act on it; `retryable` says whether waiting may help."""

    def __init__(self, address: str, operation: str, message: str, *, code: str = "", retryable: bool = False) -> None:
        super().__init__(f"{address}: {operation}: {message}")
        self.address = address
        self.operation = operation
        self.message = message
        self.code = code
        self.retryable = retryable


class Conflict(ProviderError):
    """The object is not the one that was planned for: its etag differs, or it is already there, or gone."""


class Provider(Protocol):
    """One world. Every object it makes has a name decided by bep and carries the id of the operation that made it.

    A `Resource` arrives with its secrets readable and the source of its contents on this disk.
    What comes back is sealed with the provider's `secret_key`: no secret in it.
    """

    name: str

    def read(self, addresses: Iterable[Address]) -> Mapping[Address, Observed]:
        """What is there now, for those of the addresses that exist; in as few calls as the world allows."""
        ...

    def list(self, kind: str) -> Mapping[Address, Observed]:
        """Every object of a kind, managed or not."""
        ...

    def create(self, resource: Resource, *, operation: str) -> Observed:
        """Make it. Raises `Conflict` if it is already there, unless this same operation made it."""
        ...

    def update(self, resource: Resource, *, operation: str, etag: str) -> Observed:
        """Change it in place. Raises `Conflict` unless its etag is `etag` or this same operation wrote it."""
        ...

    def delete(self, address: Address, entry: Entry | None, *, operation: str, etag: str) -> None:
        """Remove it; absent already is success. Raises `Conflict` if its etag is another."""
        ...
