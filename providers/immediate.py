"""A world that is near, for those that are: it writes at once, and lists whatever it is asked for. Knows no world."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import assert_never

from bep.planner.observed import Observed
from bep.planner.state import Entry
from bep.providers.protocol import Done, Forgotten, Pending, Verb, Write
from bep.schemas.address import Address, names_of
from bep.schemas.resource import Resource


class Immediate(ABC):
    """What follows from the rest of a `Provider` that never keeps anybody waiting: nothing is ever pending."""

    @abstractmethod
    def list(self, kind: str) -> Mapping[Address, Observed]:
        """Every object of a kind, oldest first."""

    def newest(self, kind: str, name: str) -> Address | None:
        """The version of a name that was made last."""
        return next((address for address in reversed(tuple(self.list(kind))) if names_of(address)[0] == name), None)

    @abstractmethod
    def create(self, resource: Resource, *, operation: str) -> Observed:
        """Make it; the same operation may ask twice."""

    @abstractmethod
    def update(self, resource: Resource, *, operation: str, etag: str) -> Observed:
        """Change it, if it is the version that was planned for."""

    @abstractmethod
    def delete(self, address: Address, entry: Entry | None, *, operation: str, etag: str) -> None:
        """Remove it, if it is the version that was planned for."""

    def begin(self, write: Write) -> Done | Pending:
        """Write; it is through when this returns."""
        match write.verb:
            case Verb.CREATE:
                return Done(self.create(write.wanted, operation=write.operation))
            case Verb.UPDATE:
                return Done(self.update(write.wanted, operation=write.operation, etag=write.etag))
            case Verb.DELETE:
                self.delete(write.address, write.entry, operation=write.operation, etag=write.etag)
                return Done(None)
            case _:
                assert_never(write.verb)

    def poll(self, token: str) -> Done | Pending:
        """Nothing here gives a token."""
        raise Forgotten("", "poll", f"there is no operation {token}")
