"""One byte form for one value, and its digest. Everything that is compared or signed goes through here."""

import hashlib
import json
from typing import Any

from bep.schemas.values.dumping import single


def canonical(value: Any) -> str:
    """JSON with sorted keys and no spare space. Raises TypeError for what must not be written, a `Secret` above all."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=single)


def digest_of(value: Any) -> str:
    """`sha256:` and the hex digest of the canonical form."""
    return digest_of_text(canonical(value))


def digest_of_text(text: str) -> str:
    """The same of a canonical form that was made already."""
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()
