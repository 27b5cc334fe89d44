"""State: what bep last knew of the world, as a value. Knows no file; `statefile` gives it bytes."""

from typing import Any

from bep.schemas.address import Address
from bep.schemas.content import FIRST_RULE
from bep.schemas.resource import Retries, Timeouts
from bep.schemas.values.written import Field, Written

UNUSED = "beside"
"""The member of an entry that is left out where it says nothing."""
FORMAT_VERSION = 2
"""Since 2 a record of contents says by which rule its digest was made; one of format 1 is of the first."""
LAST_SERIAL = 2**53 - 1
"""What every reader of JSON holds exactly. No history gets there: a serial beyond it was not counted by bep."""


class ContentRecord(Written):
    """The content of one field as it was when applied. `files` maps relative names to their sha256.

    `rule` is the one its digest was made by, see `schemas.content`; a record without it is of the first.
    """

    sha256: str
    files: dict[str, str] = Field(default_factory=dict)
    rule: int = FIRST_RULE


class Guards(Written):
    """The part of a resource's lifecycle that outlives its spec: what is deleted has no spec any more.

    `not_secret` are fields, dotted, that are kept in clear although they look like secrets.
    """

    prevent_destroy: bool = False
    create_before_destroy: bool = False
    ignore_changes: tuple[str, ...] = ()
    retry: Retries | None = None
    timeouts: Timeouts | None = None
    not_secret: tuple[str, ...] = ()


class Beside(Written):
    """What somebody did to an object beside the specs, through the server: `by` is who, as their token is called.

    `made`: they made it, and no spec has ever declared it.
    """

    by: str
    at: str = ""
    made: bool = False


class Entry(Written):
    """One resource bep made or adopted.

    `attributes`: the desired attributes as last applied, sealed (no secret in it).
    `observed`: what the provider returned after that write, also sealed; drift is measured from here.
    `retained`: a registered version that no spec declares any more; it stays in the registry and is not compared.
    `beside`: what was done since beside the specs, and is drift for the next plan; written only where there is some.
    `etag`: the version then; empty for an object that was made and failed, which the next plan replaces, and where a
    rollback went back to what was known before.
    """

    address: Address
    attributes: dict[str, Any]
    observed: dict[str, Any]
    etag: str
    references: tuple[Address, ...] = ()
    contents: dict[str, ContentRecord] = Field(default_factory=dict)
    guards: Guards = Guards()
    operation: str = ""
    applied_at: str = ""
    retained: bool = False
    beside: Beside | None = None

    @property
    def is_made_beside(self) -> bool:
        """Whether somebody made it beside the specs, so that it is nobody's mistake that none declares it."""
        return self.beside is not None and self.beside.made


class State(Written, title="State: what bep last knew"):
    """Every entry, by address; which history (`lineage`), how far along (`serial`).

    `secret_key` keys the digests that stand for secrets. `applied_plans` has the digests of the
    last plans applied, newest last, so that none is applied twice.
    """

    format_version: int = Field(default=FORMAT_VERSION, ge=1, strict=True)
    bep_version: str = ""
    lineage: str
    serial: int = Field(default=0, ge=0, le=LAST_SERIAL, strict=True)
    secret_key: str = Field(min_length=1)
    entries: dict[Address, Entry] = Field(default_factory=dict)
    applied_plans: tuple[str, ...] = ()
