"""What each role may do with the files of a datastore, in the letters of Azure Storage. Pure."""

from collections.abc import Mapping
from typing import Final

from bep.app.access.roles import Role

LETTERS: Final[Mapping[Role, str]] = {Role.INVOKE: "rcwl", Role.READ: "rl", Role.ADMIN: "rcwdl"}
"""`r` read, `c` create, `w` write over, `d` delete, `l` list. Who starts jobs sends inputs and fetches outputs."""
SENT: Final = "LocalUpload/"
"""Below it clients put what they send. The role invoke writes there alone: results are not its to change."""


def may_write(role: Role, name: str) -> bool:
    """Whether the file of this name is one that the role may write, its letters allowing it."""
    return role is not Role.INVOKE or name.startswith(SENT)
