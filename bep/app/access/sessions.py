"""Browsers that are signed in: a link that works once, a session that it begins. Knows no request.

Link and session are files, so that a command makes a link for the server that runs, and a server that is started anew
knows who was signed in. Their names are hashes: whoever reads the folder gets in by none of them.
"""

import secrets
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from bep.app.access.private_files import NAME, damaged, make_private, read_private, write_private
from bep.app.access.roles import Role
from bep.app.access.tokens import LONGEST, digest_of
from bep.disk.durable import sync_folder
from bep.lazy_dataclasses import dataclass

LINK_TIME: Final = timedelta(minutes=15)
SESSION_TIME: Final = timedelta(hours=12)
FORMAT: Final = 1


@dataclass(frozen=True)
class Session:
    """A browser that is signed in: `name` is who made its link. `csrf` is what each write has to send back."""

    name: str
    role: Role
    expires: datetime
    csrf: str


class Sessions:
    """The links and the sessions of one workspace."""

    def __init__(self, home: Path) -> None:
        self._folder = home / NAME
        self._links = self._folder / "links"
        self._sessions = self._folder / "sessions"

    def invite(self, name: str, role: Role, now: datetime) -> str:
        """The code of a link that signs one browser in, once, within `LINK_TIME`."""
        self._forget_expired(now)
        code = secrets.token_urlsafe(32)
        self._keep(self._links, code, name, role, now + LINK_TIME)
        return code

    def begin(self, code: str, now: datetime) -> tuple[str, Session] | None:
        """A new session, and the secret that its browser has to send; None for a link that is used, old or none.

        The link is gone before the session is there: of two that use it at once one is let in, and a kill in between
        costs a link.
        """
        self._forget_expired(now)
        path = self._links / digest_of(code)
        found = _read(path) if len(code) <= LONGEST else None
        if found is None or found[2] <= now:
            return None
        name, role, _ = found
        try:
            path.unlink()
        except FileNotFoundError:
            return None
        sync_folder(path.parent)
        secret = secrets.token_urlsafe(32)
        expires = now + SESSION_TIME
        self._keep(self._sessions, secret, name, role, expires)
        return secret, Session(name, role, expires, _csrf(secret))

    def recognised(self, secret: str, now: datetime) -> Session | None:
        """The session that this is the secret of; None for an ended one."""
        if len(secret) > LONGEST:
            return None
        found = _read(self._sessions / digest_of(secret))
        return None if found is None or found[2] <= now else Session(*found, _csrf(secret))

    def end(self, secret: str) -> None:
        """Sign a browser out."""
        with suppress(FileNotFoundError):
            (self._sessions / digest_of(secret)).unlink()
            sync_folder(self._sessions)

    def end_all(self) -> int:
        """Sign every browser out, and let no link work any more: how many were signed in."""
        ended = 0
        for path in _files(self._links, self._sessions):
            with suppress(FileNotFoundError):
                path.unlink()
                ended += path.parent == self._sessions
        for folder in (self._links, self._sessions):
            if folder.is_dir():
                sync_folder(folder)
        return ended

    def _keep(self, folder: Path, secret: str, name: str, role: Role, expires: datetime) -> None:
        make_private(self._folder)
        make_private(folder)
        kept = {"format_version": FORMAT, "name": name, "role": role.value, "expires": expires.isoformat()}
        write_private(folder / digest_of(secret), kept)

    def _forget_expired(self, now: datetime) -> None:
        for path in _files(self._links, self._sessions):
            with suppress(Exception):  # one that cannot be read is of a newer bep, or looked at where it is used
                found = _read(path)
                if found is not None and found[2] <= now:
                    path.unlink()


def _read(path: Path) -> tuple[str, Role, datetime] | None:
    """Who made a link or a session, what it allows, until when. Raises `Refused` where it cannot be understood."""
    kept = read_private(path, FORMAT)
    if kept is None:
        return None
    try:
        name, role, expires = str(kept["name"]), Role(kept["role"]), datetime.fromisoformat(kept["expires"])
    except (KeyError, TypeError, ValueError) as error:
        raise damaged(path, f"{type(error).__name__}: {error}") from None
    if expires.tzinfo is None:
        raise damaged(path, "a time without its zone")
    return name, role, expires


def _files(*folders: Path) -> Iterator[Path]:
    for folder in folders:
        with suppress(FileNotFoundError):
            yield from (path for path in [*folder.iterdir()] if not path.name.startswith("."))


def _csrf(secret: str) -> str:
    """A page shows it, and it tells nothing of the secret in the cookie."""
    return digest_of(f"csrf {secret}")
