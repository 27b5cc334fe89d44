"""Resource: one wanted thing in canonical form, with every place it was written. Knows no file and no cloud."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from bep.lazy_dataclasses import dataclass, field
from bep.schemas.address import Address, kind_of
from bep.schemas.mark import Mark

FieldPath = tuple[str | int, ...]
"""Where a value stands inside a resource's attributes: `("settings", "mini_batch_size")`."""

NOTHING: Mapping[Any, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Reference:
    """One resource named inside another: at which field, and what it names."""

    path: FieldPath
    address: Address


@dataclass(frozen=True, slots=True)
class Content:
    """The bytes behind a path a user wrote: a file or a folder.

    `local` is the path as written, relative to the workspace; it is not part of the identity.
    `sha256` covers names and bytes; `files` maps each relative name to its own sha256.
    `source` is the absolute path the bytes can be read from, on the machine that planned.
    `left_out` are names in it that do not travel, because files of such names hold secrets.
    """

    local: str
    sha256: str
    files: Mapping[str, str]
    source: str
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Retries:
    """What `x-bep: {retry: ...}` asks: attempts in all, seconds between them. None is what the apply does anyway."""

    attempts: int | None = None
    first_delay: float | None = None
    longest_delay: float | None = None


@dataclass(frozen=True, slots=True)
class Timeouts:
    """What `x-bep: {timeouts: ...}` asks: seconds for one change, its retries included. None is no limit."""

    create: float | None = None
    update: float | None = None
    delete: float | None = None


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """What `x-bep: {lifecycle: ..., retry: ..., timeouts: ..., not_secret: ...}` says of one resource."""

    prevent_destroy: bool = False
    create_before_destroy: bool = False
    ignore_changes: tuple[str, ...] = ()
    retry: Retries | None = None
    timeouts: Timeouts | None = None
    not_secret: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Resource:
    """A wanted thing.

    `attributes` is JSON in today's (GA, nested) terms, whatever dialect it was written in, with
    defaults filled in. Three sorts of field are not what the user typed:
    a reference holds the address it resolved to (`model/digits/1`); a content field holds
    `{"local": path, "sha256": digest}` when it names local bytes, and the URI itself otherwise;
    a sensitive field holds a `Secret`.
    `contents` has the `Content` of each such field, by its dotted path (`code_configuration.code`).
    """

    address: Address
    attributes: Mapping[str, Any]
    mark: Mark
    references: tuple[Reference, ...] = ()
    contents: Mapping[str, Content] = field(default_factory=lambda: NOTHING)
    lifecycle: Lifecycle = Lifecycle()
    marks: Mapping[FieldPath, Mark] = field(default_factory=lambda: NOTHING)

    @property
    def kind(self) -> str:
        """The kind, which is the first part of the address."""
        return kind_of(self.address)
