"""Secret: a value that must never be written down. It refuses JSON, and its text form says nothing."""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any, Final

SEALED: Final = "x-bep-sealed"
"""The one key of the object that stands where a secret was: `{"x-bep-sealed": "hmac-sha256:..."}`."""


class Secret:
    """A sensitive scalar from a spec. Only a provider, at the moment of its call, reads `reveal()`."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The clear value. Never log, print, store or compare what this returns."""
        return self._value

    def sealed(self, key: str) -> dict[str, str]:
        """What may be written instead: a digest keyed by the state's own key, enough to see a change."""
        digest = hmac.new(key.encode(), self._value.encode(), hashlib.sha256).hexdigest()
        return {SEALED: f"hmac-sha256:{digest}"}

    def __repr__(self) -> str:
        return "(sensitive)"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash((Secret, self._value))


def seal(value: Any, key: str) -> Any:
    """The same JSON value with every `Secret` in it replaced by its sealed form."""
    if isinstance(value, Secret):
        return value.sealed(key)
    if isinstance(value, Mapping):
        return {name: seal(item, key) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [seal(item, key) for item in value]
    return value


def sealed_alike(wanted: Any, other: Any, key: str) -> Any:
    """Another value with a seal wherever `wanted` has one and it has a clear text: what was kept before it was known
    to be a secret is compared by its seal, and kept by it from then on."""
    if is_sealed(wanted):
        return Secret(other).sealed(key) if isinstance(other, str) else other
    if isinstance(wanted, Mapping) and isinstance(other, Mapping):
        return {name: sealed_alike(wanted.get(name), item, key) for name, item in other.items()}
    if isinstance(wanted, list) and isinstance(other, list) and len(wanted) == len(other):
        return [sealed_alike(one, item, key) for one, item in zip(wanted, other, strict=True)]
    return other


def clear_alike(wanted: Any, other: Any, key: str) -> Any:
    """Another value with the clear text of `wanted` wherever it has the seal of that: what is said to be no secret any
    more is compared as it is."""
    if is_sealed(other) and isinstance(wanted, str):
        return wanted if Secret(wanted).sealed(key) == other else other
    if isinstance(wanted, Mapping) and isinstance(other, Mapping):
        return {name: clear_alike(wanted.get(name), item, key) for name, item in other.items()}
    if isinstance(wanted, list) and isinstance(other, list) and len(wanted) == len(other):
        return [clear_alike(one, item, key) for one, item in zip(wanted, other, strict=True)]
    return other


def is_sealed(value: Any) -> bool:
    """Whether this JSON value stands where a secret was."""
    return isinstance(value, Mapping) and SEALED in value
