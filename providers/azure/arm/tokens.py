"""The token of an operation: what another process needs to go on with it. Pure.

It has addresses and no body: environment variables stand in a body in clear, and a journal is kept.
"""

import json

from bep.lazy_dataclasses import dataclass
from bep.providers.azure.arm.client import Begun
from bep.providers.protocol import Forgotten, Verb, Write
from bep.schemas.address import Address


@dataclass(frozen=True, slots=True)
class Token:
    """One operation. `status` and `location` are addresses of the service, empty where it gave none."""

    verb: Verb
    address: Address
    operation: str
    status: str = ""
    location: str = ""

    @property
    def text(self) -> str:
        """As a journal keeps it."""
        return json.dumps([self.verb, self.address, self.operation, self.status, self.location])


def token_of(write: Write, begun: Begun | None = None) -> Token:
    """The token of a write that was begun; without an answer, of one whose object is all that is known."""
    status, location = (begun.status, begun.location) if begun else ("", "")
    return Token(write.verb, write.address, write.operation, status, location)


def read_token(text: str) -> Token:
    """The token again. Raises `Forgotten` for a text that is none of this world's."""
    try:
        verb, address, operation, status, location = json.loads(text)
        return Token(Verb(verb), Address(address), str(operation), str(status), str(location))
    except (ValueError, TypeError):
        raise Forgotten("", "poll", "the token is none of this world's") from None
