"""Who may use the server of a workspace, from Python. Decides nothing."""

from datetime import datetime
from typing import TYPE_CHECKING, Literal, Self

from bep.api.errors import public_errors
from bep.lazy_dataclasses import dataclass

if TYPE_CHECKING:
    from bep.api.workspace import Workspace
    from bep.app.access.tokens import Token as KeptToken

Role = Literal["invoke", "read", "admin"]


@dataclass(frozen=True)
class Token:
    """One token without its secret. `expires` is None for one that does not."""

    name: str
    role: str
    created: datetime
    expires: datetime | None

    @classmethod
    def of(cls, token: "KeptToken") -> Self:
        """One that is kept."""
        return cls(token.name, token.role.value, token.created, token.expires)


@dataclass(frozen=True)
class Tokens:
    """The tokens of a workspace, in its stage. What is made or revoked holds at once, for a running server too."""

    _workspace: "Workspace"

    def list(self) -> tuple[Token, ...]:
        """All of them, by name; expired ones, too."""
        from bep.app.access.tokens import tokens_of

        with public_errors():
            return tuple(map(Token.of, tokens_of(self._workspace._opened()).every()))

    def create(self, name: str, role: Role, *, expires: str = "30d") -> str:
        """A new token: the secret, which is kept nowhere. `expires` is such as 30d, 12h, 90m, or never.

        Raises `Refused` where the name is taken or is none.
        """
        from bep.app.access.on_this_machine import create_token
        from bep.app.access.roles import Role as KnownRole

        with public_errors():
            return create_token(self._workspace._opened(), name, KnownRole(role), expires)

    def revoke(self, name: str) -> None:
        """From now on it opens nothing. Raises `NotFound`."""
        from bep.app.access.on_this_machine import revoke_token

        with public_errors():
            revoke_token(self._workspace._opened(), name)
