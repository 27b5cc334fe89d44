"""What the double has: resources by their path, and operations that run on them. It knows no HTTP and no types."""

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from tests.azure.published_facts import RESOURCES

Document = dict[str, Any]
Key = tuple[str, tuple[str, ...]]

KINDS: Final = RESOURCES
VERSIONS: Final = frozenset(kind for kind in KINDS if kind.endswith("/versions"))
CONTAINERS: Final = frozenset(kind.partition("/")[0] for kind in VERSIONS)
SLOW: Final = frozenset({"batchEndpoints", "batchEndpoints/deployments", "computes"})
"""Kinds whose writes are long-running operations."""


def now() -> str:
    """The time as the service writes it: seven digits of a second, and an offset."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "0+00:00"


@dataclass
class Operation:
    """What goes on for a while. It has ended when it was looked at often enough, and long enough ago."""

    name: str
    key: Key
    needed: int
    seconds: float
    at_end: Callable[["Operation"], None]
    is_deletion: bool = False
    error: tuple[str, str] | None = None
    looks: int = 0
    started: str = field(default_factory=now)
    ended: str | None = None
    _since: float = field(default_factory=time.monotonic)

    def look(self) -> bool:
        """Bring it a step nearer to its end; whether it has ended."""
        self.looks += 1
        return self.settle()

    def settle(self) -> bool:
        """End it if its time has come; whether it has ended."""
        if self.ended is None and self.looks >= self.needed and time.monotonic() - self._since >= self.seconds:
            self.ended = now()
            self.at_end(self)
        return self.ended is not None


@dataclass
class Resource:
    """One resource. `body` is what was accepted, unaltered; how it is answered is another's business."""

    kind: str
    names: tuple[str, ...]
    body: Document
    api_version: str = ""
    state: str = "Succeeded"
    operation: Operation | None = None
    operation_url: str | None = None
    unseen_references: int = 0
    unseen_reads: int = 0
    was_ready: bool = False  # an operation on it has succeeded once
    created: str = field(default_factory=now)
    modified: str = ""

    def __post_init__(self) -> None:
        self.modified = self.modified or self.created

    @property
    def key(self) -> Key:
        """Where the store has it: ids of Azure Resource Manager are the same in any casing."""
        return key_of(self.kind, self.names)

    @property
    def path(self) -> str:
        """Its id below the workspace's: batchEndpoints/ep/deployments/d."""
        return path_of(self.kind, self.names)


def key_of(kind: str, names: tuple[str, ...]) -> Key:
    """The key of a resource that may or may not be there."""
    return kind, tuple(name.lower() for name in names)


def path_of(kind: str, names: tuple[str, ...]) -> str:
    """Types and names, turn by turn."""
    return "/".join(itertools.chain(*zip(kind.split("/"), names, strict=True)))


class Store:
    """All resources, in the order in which they were made, and all operations there ever were."""

    def __init__(self) -> None:
        self.resources: dict[Key, Resource] = {}
        self.operations: dict[str, Operation] = {}
        self._numbers = itertools.count(1)

    def get(self, kind: str, names: tuple[str, ...]) -> Resource | None:
        """The resource, if it is there."""
        return self.resources.get(key_of(kind, names))

    def put(self, resource: Resource) -> Resource:
        """Have a resource, and the container of what is a version."""
        if resource.kind in VERSIONS:
            container = resource.kind.partition("/")[0]
            if self.get(container, resource.names[:1]) is None:
                self.put(Resource(container, resource.names[:1], {"properties": {}}, resource.api_version))
        self.resources[resource.key] = resource
        return resource

    def of_kind(self, kind: str, parents: tuple[str, ...] = ()) -> list[Resource]:
        """The resources of a kind below the parents named."""
        wanted = tuple(name.lower() for name in parents)
        return [each for (of, names), each in self.resources.items() if of == kind and names[: len(wanted)] == wanted]

    def remove(self, resource: Resource) -> None:
        """Take a resource away with all that is below it, and a container with its last version."""
        for key, each in list(self.resources.items()):
            is_below = each.kind.startswith(resource.kind + "/") and key[1][: len(resource.names)] == resource.key[1]
            if key == resource.key or is_below:
                del self.resources[key]
        if resource.kind in VERSIONS and not self.of_kind(resource.kind, resource.names[:1]):
            self.resources.pop(key_of(resource.kind.partition("/")[0], resource.names[:1]), None)

    def running_beside(self, kind: str, names: tuple[str, ...]) -> Iterator[Operation]:
        """Operations that stand in the way of a write: those of the same endpoint, or of the same compute."""
        top, first = kind.partition("/")[0], names[0].lower()
        for operation in self.operations.values():
            of, on = operation.key
            if operation.ended is None and of.partition("/")[0] == top and on[0] == first:
                yield operation

    def begin(self, resource: Resource, needed: int, seconds: float, at_end: Callable[[Operation], None]) -> Operation:
        """Start an operation on a resource. Nothing has ended before its answer was written."""
        short = {"batchEndpoints": "be", "batchEndpoints/deployments": "bd"}.get(resource.kind, "cp")
        operation = Operation(f"{short}:W:OP{next(self._numbers)}", resource.key, needed, seconds, at_end)
        self.operations[operation.name] = resource.operation = operation
        return operation
