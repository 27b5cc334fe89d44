"""A world in memory: etags, operation ids, and failures on demand. Forgets at the end."""

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from bep.planner.canonical import digest_of
from bep.planner.observed import Observed
from bep.planner.state import Entry
from bep.planner.wanted import records
from bep.providers.immediate import Immediate
from bep.providers.protocol import Conflict
from bep.schemas.address import Address, kind_of
from bep.schemas.resource import Resource
from bep.schemas.secrets.secret import seal


def nothing_fails(verb: str, address: Address) -> None:
    """The `before` and `after` of a world in which nothing goes wrong."""


class Memory(Immediate):
    """A provider whose world is a dictionary.

    `before` is called with verb and address ahead of each write and may raise: nothing was done.
    `after` is called once it is done and may raise: it was done, and nobody was told.
    """

    name = "memory"

    def __init__(
        self,
        secret_key: str,
        *,
        before: Callable[[str, Address], None] = nothing_fails,
        after: Callable[[str, Address], None] = nothing_fails,
    ) -> None:
        self.secret_key = secret_key
        self.objects: dict[Address, Observed] = {}
        self.calls: list[tuple[str, Address]] = []
        self.before = before
        self.after = after
        self._lock = threading.Lock()
        self._versions = 0

    def read(self, addresses: Iterable[Address]) -> Mapping[Address, Observed]:
        """What is there, by address."""
        with self._lock:
            return {address: self.objects[address] for address in addresses if address in self.objects}

    def list(self, kind: str) -> Mapping[Address, Observed]:
        """Everything of a kind, oldest first."""
        with self._lock:
            return {address: found for address, found in self.objects.items() if kind_of(address) == kind}

    def create(self, resource: Resource, *, operation: str) -> Observed:
        """Make it; the same operation may ask twice."""
        address = resource.address
        self._note("create", address)
        with self._lock:
            there = self.objects.get(address)
            if there is None:
                there = self._put(resource, operation)
            elif there.operation != operation:
                raise Conflict(address, "create", "it is already there", code="exists")
        self.after("create", address)
        return there

    def update(self, resource: Resource, *, operation: str, etag: str) -> Observed:
        """Change it, if it is the version that was planned for."""
        address = resource.address
        self._note("update", address)
        with self._lock:
            there = self.objects.get(address)
            if there is None:
                raise Conflict(address, "update", "it is gone", code="gone")
            if there.operation != operation:
                if there.etag != etag:
                    raise Conflict(address, "update", "it was changed since it was planned for", code="etag")
                there = self._put(resource, operation)
        self.after("update", address)
        return there

    def delete(self, address: Address, entry: Entry | None, *, operation: str, etag: str) -> None:
        """Remove it, if it is the version that was planned for."""
        self._note("delete", address)
        with self._lock:
            there = self.objects.get(address)
            if there is not None and there.etag != etag:
                raise Conflict(address, "delete", "it was changed since it was planned for", code="etag")
            self.objects.pop(address, None)
        self.after("delete", address)

    def change(self, address: Address, **attributes: Any) -> None:
        """What someone else does to an object, behind everyone's back."""
        there = self.objects[address]
        self._versions += 1
        merged = {**there.attributes, **attributes}
        self.objects[address] = Observed(merged, f"v{self._versions}", contents=there.contents)

    def _note(self, verb: str, address: Address) -> None:
        with self._lock:
            self.calls.append((verb, address))
        self.before(verb, address)

    def _put(self, resource: Resource, operation: str) -> Observed:
        self._versions += 1
        attributes = seal(resource.attributes, self.secret_key)
        etag = f"v{self._versions}-{digest_of(attributes)[7:19]}"
        found = Observed(attributes, etag, operation, records(resource.contents))
        self.objects[resource.address] = found
        return found
