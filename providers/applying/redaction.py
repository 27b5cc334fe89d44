"""An error as a sentence that may be shown and stored: no secret of the specs is in it, whoever put it there."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bep.providers.protocol import ProviderError
from bep.schemas.resource import Resource
from bep.schemas.secrets.secret import Secret


def secrets_of(resources: Iterable[Resource]) -> tuple[str, ...]:
    """The clear value of every secret, longest first, so that none hides part of another. Not to be shown."""
    found = {value for resource in resources for value in _secrets_in(resource.attributes) if value}
    return tuple(sorted(found, key=lambda value: (-len(value), value)))


def said(error: Exception, secrets: Iterable[str]) -> str:
    """What the error says, with `(sensitive)` where it repeats a secret."""
    text = error.message if isinstance(error, ProviderError) else f"unexpected {type(error).__name__}: {error}"
    if isinstance(error, ProviderError) and error.code:
        text = f"{text} ({error.code})"
    for secret in secrets:
        text = text.replace(secret, repr(Secret(secret)))
    return text


def _secrets_in(value: Any) -> Iterator[str]:
    if isinstance(value, Secret):
        yield value.reveal()
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _secrets_in(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _secrets_in(item)
