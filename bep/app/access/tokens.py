"""Tokens, kept as hashes: made, listed, revoked, recognised. Knows no request."""

import hashlib
import hmac
import json
import secrets
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bep.app.access.roles import Role
from bep.app.errors import NotFound, Refused
from bep.disk import modes
from bep.disk.durable import write_durably
from bep.disk.locks import taken
from bep.lazy_dataclasses import dataclass

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Specs

PREFIX: Final = "bep_"
"""What every token begins with, so that scanners of secrets recognise one."""


@dataclass(frozen=True)
class Token:
    """One token without its secret: who has it is called `name`."""

    name: str
    role: Role
    created: datetime
    expires: datetime | None
    digest: str

    def is_expired(self, now: datetime) -> bool:
        """Whether its time is over."""
        return self.expires is not None and now >= self.expires


class Tokens:
    """The tokens of one workspace, in one file below `home`."""

    def __init__(self, home: Path) -> None:
        self._file = home / "access" / "tokens.json"

    def every(self) -> list[Token]:
        """All of them, by name; expired ones, too."""
        try:
            kept = json.loads(self._file.read_bytes())
        except FileNotFoundError:
            return []
        return [_token(one) for one in kept["tokens"]]

    def create(self, name: str, role: Role, created: datetime, expires: datetime | None) -> str:
        """A new token: the secret itself, which is kept nowhere. Raises `Refused` where the name is taken."""
        secret = PREFIX + secrets.token_urlsafe(32)
        modes.make_folder(self._file.parent)
        with taken(self._file.with_suffix(".lock"), patience=10.0):
            every = self.every()
            if any(one.name == name for one in every):
                raise Refused(f"there is a token called {name!r} already: revoke it, or take another name")
            self._write([*every, Token(name, role, created, expires, _digest(secret))])
        return secret

    def revoke(self, name: str) -> None:
        """Forget one. Raises `NotFound`."""
        with taken(self._file.with_suffix(".lock"), patience=10.0):
            every = self.every()
            if not any(one.name == name for one in every):
                raise NotFound(f"there is no token called {name!r}", nearest=[one.name for one in every])
            self._write([one for one in every if one.name != name])

    def recognised(self, secret: str, now: datetime) -> Token | None:
        """The token that this is the secret of; None for a wrong, an expired and a revoked one."""
        digest, found = _digest(secret), None
        for one in self.every():  # all of them, each in constant time: how long it takes tells nothing
            if hmac.compare_digest(one.digest, digest):
                found = one
        return None if found is None or found.is_expired(now) else found

    def _write(self, every: list[Token]) -> None:
        kept = [_as_json(one) for one in sorted(every, key=lambda one: one.name)]
        write_durably(self._file, json.dumps({"format_version": 1, "tokens": kept}, indent=2).encode())


def tokens_of(opened: "Specs") -> Tokens:
    """The tokens of a workspace, in its stage."""
    return Tokens(opened.home)


def _digest(secret: str) -> str:
    """A token has 256 random bits: one round of a hash is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _as_json(token: Token) -> dict[str, Any]:
    return {
        "name": token.name,
        "role": token.role.value,
        "created": token.created.isoformat(),
        "expires": token.expires.isoformat() if token.expires else None,
        "sha256": token.digest,
    }


def _token(kept: dict[str, Any]) -> Token:
    expires = datetime.fromisoformat(kept["expires"]) if kept["expires"] else None
    return Token(kept["name"], Role(kept["role"]), datetime.fromisoformat(kept["created"]), expires, kept["sha256"])
