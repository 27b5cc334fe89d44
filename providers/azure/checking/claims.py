"""What a token says of whom it is for: read without a look at its signature, to be shown and nothing more. Pure."""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bep.lazy_dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Claims:
    """Tenant, who, and the end of its time; empty or None where the token does not say, or is none that can be read."""

    tenant: str = ""
    who: tuple[str, ...] = ()
    until: datetime | None = None

    def __str__(self) -> str:
        whose = ", ".join(self.who) or "somebody whom the token does not name"
        return f"{whose}, of the tenant {self.tenant}" if self.tenant else whose


def claims_of(token: str) -> Claims:
    """The claims of a token (RFC 7519): the tenant (`tid`) and whoever of user, application and object it names."""
    parts = token.split(".")
    try:
        found = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (IndexError, ValueError):
        return Claims()
    if not isinstance(found, Mapping):
        return Claims()
    names = (("", "upn"), ("application ", "appid"), ("object ", "oid"))
    who = tuple(f"{word}{_text(found, name)}" for word, name in names if _text(found, name))
    return Claims(_text(found, "tid"), who, _moment(found.get("exp")))


def _text(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    return value[:100] if isinstance(value, str) else ""


def _moment(seconds: Any) -> datetime | None:
    try:
        return datetime.fromtimestamp(float(seconds), UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None
