"""Address: the name of one wanted thing, such as `deployment/mybatchedp/blue`. Knows nothing of what it names."""

from typing import NewType

Address = NewType("Address", str)
"""A kind and one or more names, joined by slashes: `compute/cpu`, `model/digits/1`, `traffic/mybatchedp`."""


def address_of(kind: str, *names: str) -> Address:
    """The address of the `kind` with these identifying names, in the order the kind declares them."""
    return Address("/".join((kind, *names)))


def kind_of(address: Address) -> str:
    """The kind an address starts with."""
    return address.partition("/")[0]


def names_of(address: Address) -> tuple[str, ...]:
    """The identifying names after the kind: `("mybatchedp", "blue")`."""
    return tuple(address.split("/")[1:])


def is_address(text: str) -> bool:
    """Whether the value of a reference is an address of this workspace, and not an id or a URI of what is elsewhere."""
    return "/" in text and ":" not in text and not text.startswith("/")
