"""Bodies: objects of any world as the clients of a cloud's service have them. Types only; `worlds` names whose."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from bep.lazy_dataclasses import dataclass
from bep.planner.observed import Observed
from bep.schemas.address import Address


@dataclass(frozen=True, slots=True)
class Container:
    """Where clients send the bytes of a datastore: `https://ACCOUNT.blob.ENDPOINT/NAME`."""

    account: str
    endpoint: str
    protocol: str
    name: str


@dataclass(frozen=True, slots=True)
class Shown:
    """One object, with what clients want to know of it besides.

    `default` is the deployment that an endpoint gives its jobs to, `scoring_uri` where they are sent. `container` is
    that of a datastore on this machine; None for one that the service's own clients reach by themselves.
    """

    address: Address
    observed: Observed
    changed_by: str = ""
    default: str = ""
    scoring_uri: str = ""
    container: Container | None = None


class BodyRefused(Exception):
    """A body is none of its kind; `faults` are sentences, each with the member that it is about."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(faults))


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asks an object to be, as its kind has it. A content field has the digest of bytes that are known
    here, or a URI. `masked` are the paths of values that stay as they are, since whoever asks was not told them: they
    are not among the attributes.

    `says_default`: the wish is also which deployment an endpoint gives its jobs to, none where `default` is empty.
    """

    address: Address
    attributes: Mapping[str, Any]
    masked: tuple[tuple[str, ...], ...] = ()
    says_default: bool = False
    default: str = ""


class Bodies(Protocol):
    """The bodies of one workspace's objects, in both directions. No secret is in any that is made here."""

    def has(self, kind: str) -> bool:
        """Whether the service has objects of a kind."""
        ...

    def body(self, shown: Shown) -> dict[str, Any]:
        """An object as the service would answer it, with all members, said or not."""
        ...

    def wish(self, address: Address, body: Mapping[str, Any], there: Shown | None) -> Wish:
        """What a body that was sent asks for; `there` is the object as it is. Raises `BodyRefused`."""
        ...

    def merged(self, there: Shown, patch: Mapping[str, Any]) -> dict[str, Any]:
        """The body of an object as it is, with a part of one over it; null takes a member away."""
        ...

    def name_of_all(self, kind: str, name: str, versions: Sequence[Shown]) -> dict[str, Any]:
        """What has the versions of a name, oldest first."""
        ...

    def workspace(self, name: str, facts: Mapping[str, Any]) -> dict[str, Any]:
        """The workspace itself; `facts` are members of its properties."""
        ...

    def has_versions(self, kind: str) -> bool:
        """Whether objects of a kind are versions of a name."""
        ...

    def name_of(self, shown: Shown) -> str:
        """The name that an object is a version of, or its own."""
        ...

    def is_default(self, shown: Shown) -> bool:
        """Whether it is the datastore that inputs are sent to."""
        ...

    def id_of(self, below: str = "") -> str:
        """The id of something below the workspace, such as `jobs/NAME`; of the workspace itself."""
        ...
