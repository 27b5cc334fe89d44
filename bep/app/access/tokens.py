"""Tokens, kept as hashes: made, listed, revoked, recognised. Knows no request."""

import hashlib
import hmac
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bep.app.access.private_files import NAME, damaged, make_private, mark_of, read_private, write_private
from bep.app.access.roles import Role
from bep.app.errors import Conflict, NotFound, Refused
from bep.disk.durable import At, nowhere
from bep.disk.locks import taken
from bep.lazy_dataclasses import dataclass
from bep.lazy_patterns import lazy_pattern
from bep.schemas.next_step import step

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Specs

PREFIX: Final = "bep_"
"""What every token begins with, so that scanners of secrets recognise one."""
FORMAT: Final = 1
LONGEST: Final = 200
"""Characters that a secret may have: ours have 47, and nobody has to hash a megabyte."""
_PATIENCE: Final = 10.0  # seconds; what another process does under the lock takes milliseconds
_NAME = lazy_pattern(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")


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
    """The tokens of one workspace, in one file below `home`. Read again as soon as the file is another."""

    def __init__(self, home: Path, *, at: At = nowhere) -> None:
        self._file = home / NAME / "tokens.json"
        self._at = at
        self._known: tuple[tuple[int, int, int] | None, list[Token]] = (None, [])

    def every(self) -> list[Token]:
        """All of them, by name; expired ones, too. Raises `Refused` where the file cannot be understood."""
        mark = mark_of(self._file)  # looked at first: a change in between is seen the next time
        known, tokens = self._known
        if mark is None or mark != known:
            tokens = self._read()
            self._known = (mark, tokens)
        return tokens

    def create(self, name: str, role: Role, created: datetime, expires: datetime | None) -> str:
        """A new token: the secret itself, which is kept nowhere. Raises `Refused` where the name is taken or is none.

        An expired one of the same name gives way.
        """
        if not _NAME.fullmatch(name):
            raise Refused(
                f"{name!r} is no name for a token: at most 64 letters, digits and . _ @ -, the first a letter or digit",
                about="name",
            )
        secret = PREFIX + secrets.token_urlsafe(32)
        with self._changing() as every:
            if any(one.name == name and not one.is_expired(created) for one in every):
                revoke = step("token revoke", name)
                raise Refused(
                    f"there is a token called {name!r} already: take another name, or revoke it: {revoke}",
                    next=(revoke,),
                )
            others = [one for one in every if one.name != name]
            self._write([*others, Token(name, role, created, expires, digest_of(secret))])
        return secret

    def revoke(self, name: str) -> None:
        """Forget one; it opens nothing from now on. Raises `NotFound`."""
        with self._changing() as every:
            if not any(one.name == name for one in every):
                raise NotFound(f"there is no token called {name!r}", nearest=[one.name for one in every])
            self._write([one for one in every if one.name != name])

    def recognised(self, secret: str, now: datetime) -> Token | None:
        """The token that this is the secret of; None for a wrong, an expired and a revoked one."""
        if len(secret) > LONGEST:
            return None
        digest, found = digest_of(secret), None
        for one in self.every():  # all of them, each in constant time: how long it takes tells nothing
            if hmac.compare_digest(one.digest, digest):
                found = one
        return None if found is None or found.is_expired(now) else found

    @contextmanager
    def _changing(self) -> Iterator[list[Token]]:
        """The tokens, which nobody else changes meanwhile. Raises `Conflict` where somebody does all the time."""
        make_private(self._file.parent)
        with taken(self._file.with_suffix(".lock"), patience=_PATIENCE) as ours:
            if not ours:
                raise Conflict(f"{self._file}: another process has held its lock for {_PATIENCE:.0f} s; try again")
            yield self._read()

    def _read(self) -> list[Token]:
        kept = read_private(self._file, FORMAT)
        if kept is None:
            return []
        try:
            return [_token(one) for one in kept["tokens"]]
        except (KeyError, TypeError, ValueError) as error:
            raise damaged(self._file, f"a token in it is none ({type(error).__name__}: {error})") from None

    def _write(self, every: list[Token]) -> None:
        kept = [_as_json(one) for one in sorted(every, key=lambda one: one.name)]
        write_private(self._file, {"format_version": FORMAT, "tokens": kept}, at=self._at)


def tokens_of(opened: "Specs") -> Tokens:
    """The tokens of a workspace, in its stage."""
    return Tokens(opened.home)


def digest_of(secret: str) -> str:
    """What is kept of a secret. It has 256 random bits: one round of a hash is enough."""
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()


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
    created = datetime.fromisoformat(kept["created"])
    if created.tzinfo is None or (expires is not None and expires.tzinfo is None):
        raise ValueError("a time without its zone")
    if not (isinstance(kept["sha256"], str) and kept["sha256"].isascii() and isinstance(kept["name"], str)):
        raise TypeError("sha256 and name are texts")
    return Token(kept["name"], Role(kept["role"]), created, expires, kept["sha256"])
