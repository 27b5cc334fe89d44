"""How one value is written there and here: words, durations, ids, conda files. Pure; knows no kind and no object.

`there` gives what a body has, `here` what bep's attributes have; None stands for nothing on either side.
"""

from collections.abc import Mapping
from typing import Any, Final, Protocol

from bep.lazy_dataclasses import dataclass
from bep.lazy_patterns import lazy_pattern
from bep.providers.azure.place import CODE, Place
from bep.schemas.address import Address
from bep.schemas.secrets.secret import Secret

_DURATION = lazy_pattern(r"(-?)P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.\d+)?S)?)?")
_UNITS: Final = (86400, 3600, 60, 1)


class Form(Protocol):
    """One way of writing, in both directions."""

    def there(self, value: Any, place: Place) -> Any:
        """What a body has for what bep has."""
        ...

    def here(self, value: Any, place: Place) -> Any:
        """What bep has for what a body has."""
        ...


def folded(word: str) -> str:
    """What makes two spellings of a word the same: `aad_token`, `aadToken` and `AADToken` are."""
    return "".join(letter for letter in word.casefold() if letter.isalnum())


def spelt(value: Any, words: tuple[str, ...]) -> Any:
    """The one of the words that a value is, in whatever spelling; the value itself where it is none of them."""
    if not isinstance(value, str):
        return value
    return next((word for word in words if folded(word) == folded(value)), value)


def seconds_of(text: str) -> int | None:
    """The whole seconds of an ISO 8601 duration (`PT2M` is 120); None for any other text. Months have no length."""
    found = _DURATION.fullmatch(text.strip().upper())
    if found is None or not any(found.groups()[1:]):
        return None
    whole = sum(int(part or 0) * unit for part, unit in zip(found.groups()[1:], _UNITS, strict=True))
    return -whole if found[1] else whole


def clear(value: Any) -> Any:
    """The same value with every secret readable: for a body, at the moment it is sent."""
    if isinstance(value, Secret):
        return value.reveal()
    if isinstance(value, Mapping):
        return {name: clear(below) for name, below in value.items()}
    if isinstance(value, list | tuple):
        return [clear(below) for below in value]
    return value


@dataclass(frozen=True, slots=True)
class Plain:
    """The same on both sides."""

    def there(self, value: Any, place: Place) -> Any:
        """The value, its secrets readable."""
        return clear(value)

    def here(self, value: Any, place: Place) -> Any:
        """The value."""
        return value


@dataclass(frozen=True, slots=True)
class Words:
    """One of a few words, which each side spells in its own way; the service in any case."""

    ours: tuple[str, ...]
    theirs: tuple[str, ...]

    def there(self, value: Any, place: Place) -> Any:
        """The published word."""
        return spelt(value, self.theirs)

    def here(self, value: Any, place: Place) -> Any:
        """The word of bep's schema."""
        return spelt(value, self.ours)


@dataclass(frozen=True, slots=True)
class Seconds:
    """A number of seconds here, a duration there."""

    def there(self, value: Any, place: Place) -> Any:
        """`PT30S`."""
        return f"PT{value}S"

    def here(self, value: Any, place: Place) -> Any:
        """30; what is no duration stays as it is."""
        found = seconds_of(value) if isinstance(value, str) else None
        return value if found is None else found


@dataclass(frozen=True, slots=True)
class Switch:
    """true and false here, two words there; any other word, and none, is nothing."""

    on: str
    off: str

    def there(self, value: Any, place: Place) -> Any:
        """The word."""
        return self.on if value else self.off

    def here(self, value: Any, place: Place) -> Any:
        """Whether it is the word for on."""
        return {folded(self.on): True, folded(self.off): False}.get(folded(str(value)))


@dataclass(frozen=True, slots=True)
class Names:
    """A reference: an address here, an id there. What is elsewhere is its own id on both sides."""

    def there(self, value: Any, place: Place) -> Any:
        """The whole id: short names are a thing of YAML."""
        if isinstance(value, str) and "/" in value and not value.startswith(("/", "azureml:")):
            return place.id_of(Address(value))
        return _bare(value)

    def here(self, value: Any, place: Place) -> Any:
        """The address of what is in this workspace."""
        return (place.address_of(value) or prefixed(value)) if isinstance(value, str) else value


@dataclass(frozen=True, slots=True)
class Code:
    """A code asset, for which bep has no address: `azureml:NAME:VERSION` here, an id there."""

    def there(self, value: Any, place: Place) -> Any:
        """The whole id."""
        name, _, version = value.removeprefix("azureml:").partition(":") if isinstance(value, str) else ("", "", "")
        return place.code_id(name, version or "1") if name and "/" not in name else _bare(value)

    def here(self, value: Any, place: Place) -> Any:
        """The short name of what is in this workspace."""
        parts = place.inside(value) if isinstance(value, str) else ()
        return f"azureml:{parts[1]}:{parts[3]}" if parts[:1] == (CODE,) and len(parts) == 4 else prefixed(value)


def _bare(value: Any) -> Any:
    """An id without the prefix that YAML gives it."""
    return value.removeprefix("azureml:") if isinstance(value, str) and value.startswith("azureml:/sub") else value


def prefixed(value: Any) -> Any:
    """An id with that prefix; any other value as it is."""
    return f"azureml:{value}" if isinstance(value, str) and value.startswith("/") else value


@dataclass(frozen=True, slots=True)
class Conda:
    """A conda file: a mapping here, text there. The service takes YAML and gives JSON back."""

    def there(self, value: Any, place: Place) -> Any:
        """The mapping as YAML."""
        import yaml

        return (
            yaml.safe_dump(clear(value), sort_keys=False, allow_unicode=True) if isinstance(value, Mapping) else value
        )

    def here(self, value: Any, place: Place) -> Any:
        """The mapping; a text that is none stays as it is."""
        import yaml

        try:
            found = yaml.safe_load(value) if isinstance(value, str) else value
        except yaml.YAMLError:
            return value
        return found if isinstance(found, Mapping) else value


PLAIN: Final = Plain()
SECONDS: Final = Seconds()
NAMES: Final = Names()
CODES: Final = Code()
CONDA: Final = Conda()
