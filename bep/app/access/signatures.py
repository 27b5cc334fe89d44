"""Addresses that open one thing for a while without a token: signed, bound to the token that they were made for.

Clients of the service fetch blobs, logs and the discovery document without their token, from addresses that they were
given. The fields are those of a shared access signature. Knows no request.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bep.app.access.private_files import FILE, NAME, make_private
from bep.app.access.tokens import Token, Tokens
from bep.disk.durable import create_durably
from bep.lazy_dataclasses import dataclass

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Specs

LASTING: Final = timedelta(hours=1)
"""How long an address is valid, as the service's clients ask for it."""
_VERSION: Final = "2024-11-04"  # what the fields of a signature mean, see Azure Storage's versions
_EXPIRY: Final = "%Y-%m-%dT%H:%M:%SZ"
_FIELDS: Final = ("sv", "se", "sp", "saoid")  # what is signed, beside the thing itself


@dataclass(frozen=True)
class Grant:
    """What a signed address allows: the token that it was made for, and the letters of Azure Storage for what may be
    done (`r` read, `l` list, `c` create, `w` write, `a` append, `d` delete)."""

    token: Token
    permissions: str


class Signatures:
    """The signed addresses of one workspace. Its key lies in one file below `home`, and nowhere else."""

    def __init__(self, home: Path, tokens: Tokens) -> None:
        self._file = home / NAME / "signing.key"
        self._tokens = tokens

    def sign(self, thing: str, token: Token, permissions: str, now: datetime) -> dict[str, str]:
        """The fields to send with a request for `thing`. They end before the token does."""
        until = min(now + LASTING, token.expires or datetime.max.replace(tzinfo=UTC))
        fields = {"sv": _VERSION, "se": f"{until:{_EXPIRY}}", "sp": permissions, "saoid": token.name}
        return {**fields, "sig": self._signature(thing, token, fields)}

    def recognised(self, thing: str, fields: Mapping[str, str], now: datetime) -> Grant | None:
        """What the fields of a request for `thing` allow; None for wrong and expired ones, for those made for another
        thing, and for those of a token that was revoked or is expired."""
        token = next((one for one in self._tokens.every() if one.name == fields.get("saoid")), None)
        said = {name: fields.get(name, "") for name in _FIELDS}
        if token is None or token.is_expired(now):
            return None
        if not hmac.compare_digest(self._signature(thing, token, said).encode(), fields.get("sig", "").encode()):
            return None
        until = datetime.strptime(said["se"], _EXPIRY).replace(tzinfo=UTC)
        return Grant(token, said["sp"]) if now < until else None

    def _signature(self, thing: str, token: Token, fields: Mapping[str, str]) -> str:
        """Of the token's own hash, too: another token of the same name has other addresses."""
        signed = "\n".join((thing, token.digest, *(fields[name] for name in _FIELDS)))
        return base64.b64encode(hmac.digest(self._key(), signed.encode(), hashlib.sha256)).decode()

    def _key(self) -> bytes:
        if not self._file.exists():
            make_private(self._file.parent)
            with suppress(FileExistsError):  # another process was first: its key is the one
                create_durably(self._file, secrets.token_bytes(32), mode=FILE)
        return self._file.read_bytes()


def signatures_of(opened: "Specs") -> Signatures:
    """The signed addresses of a workspace, in its stage."""
    from bep.app.access.tokens import tokens_of

    return Signatures(opened.home, tokens_of(opened))
