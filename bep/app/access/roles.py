"""Roles: what whoever has one may do. Pure."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Permission(StrEnum):
    """What a request needs. A route that several of them open needs any one of these."""

    LOOK = "look"
    """Read whatever the workspace has."""
    INVOKE = "invoke"
    """Start, follow and stop jobs, and send the inputs for them."""
    CHANGE = "change"
    """Change resources, remove jobs."""


class Role(StrEnum):
    """What a token or a browser is allowed."""

    INVOKE = "invoke"
    READ = "read"
    ADMIN = "admin"


ALLOWED: Final[Mapping[Role, frozenset[Permission]]] = {
    Role.INVOKE: frozenset((Permission.INVOKE,)),
    Role.READ: frozenset((Permission.LOOK,)),
    Role.ADMIN: frozenset(Permission),
}
"""The permissions of each role."""
