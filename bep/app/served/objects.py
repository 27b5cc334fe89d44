"""What is there, for the clients of a cloud's service: every object of a kind, one of them. Changes nothing."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from bep.app.errors import NotFound
from bep.lazy_dataclasses import dataclass
from bep.providers.bodies import Bodies, BodyRefused, Container, Shown
from bep.schemas.address import Address, address_of, kind_of, names_of

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Reading
    from bep.planner.observed import Observed
    from bep.planner.state import Entry

__all__ = ["Around", "Bodies", "BodyRefused", "Container", "Shown", "address_for", "bodies_for", "kind_of_collection"]
__all__ += ["listed", "one"]

BEP: Final = "bep"
"""Who an apply is, for the service's clients."""


@dataclass(frozen=True)
class Around:
    """What an object is shown with that no world knows: where jobs of an endpoint are sent, and where the bytes of a
    datastore are, by its name and type."""

    scoring_uri: Callable[[str], str]
    container: Callable[[str, str], Container | None]


def bodies_for(subscription: str, group: str, workspace: str) -> Bodies:
    """How the released clients of the service have the objects of a workspace, by the id that they ask for it by."""
    from bep.providers.worlds import bodies_of

    return bodies_of(subscription, group, workspace)


def address_for(kind: str, *names: str) -> Address:
    """The address of what is to be made."""
    return address_of(kind, *names)


def kind_of_collection(bodies: Bodies, collection: str) -> str | None:
    """The kind that a collection has, its name in any case; None where bep has none that the service has."""
    from bep.schemas.kinds.kind import kind_names, load_kind

    for kind in kind_names():
        if load_kind(kind).collection.casefold() == collection.casefold() and bodies.has(kind):
            return kind
    return None


def listed(opened: "Reading", kind: str, around: Around, *within: str) -> list[Shown]:
    """Every object of a kind, oldest first; `within` an endpoint, or a name of which there are versions, in any case.

    Raises `NotFound` for such an endpoint or name that is not there.
    """
    there = opened.provider.list(kind)
    if not within:
        return _shown(opened, there, around)
    asked = within[0].casefold()
    chosen = {address: seen for address, seen in there.items() if names_of(address)[0].casefold() == asked}
    if not chosen and kind == "deployment":
        one(opened, "endpoint", around, within[0])
    elif not chosen:
        raise _nothing(kind, within, {names_of(each)[0] for each in there})
    return _shown(opened, chosen, around)


def one(opened: "Reading", kind: str, around: Around, *names: str) -> Shown:
    """The object of these names, in any case. Raises `NotFound`."""
    there = opened.provider.list(kind)
    asked = [name.casefold() for name in names]
    for address, seen in there.items():
        if [name.casefold() for name in names_of(address)] == asked:
            return _shown(opened, {address: seen}, around)[0]
    if kind == "deployment":
        one(opened, "endpoint", around, names[0])
    raise _nothing(kind, names, {names_of(address)[-1] for address in there if names_of(address)[:-1] == names[:-1]})


def _nothing(kind: str, names: Sequence[str], among: Iterable[str]) -> NotFound:
    from bep.schemas.findings.did_you_mean import did_you_mean

    meant = did_you_mean(names[-1], among)
    return NotFound(f"there is no {address_of(kind, *names)}" + (f". {meant}" if meant else ""))


def _shown(opened: "Reading", objects: "Mapping[Address, Observed]", around: Around) -> list[Shown]:
    defaults, entries = _defaults(opened, objects), opened.state.entries
    return [
        Shown(
            address,
            seen,
            changed_by=_changed_by(entries.get(address)),
            default=defaults.get(names_of(address)[0], ""),
            scoring_uri=around.scoring_uri(names_of(address)[0]) if kind_of(address) == "endpoint" else "",
            container=_container(opened, address, seen, around),
        )
        for address, seen in objects.items()
    ]


def _changed_by(entry: "Entry | None") -> str:
    """Who last wrote it, as far as that is known."""
    return "" if entry is None else entry.beside.by if entry.beside is not None else BEP


def _container(opened: "Reading", address: Address, seen: "Observed", around: Around) -> Container | None:
    """Of a datastore that this machine has; a service's own clients know where the service's are."""
    if kind_of(address) != "datastore" or opened.world.places is None:
        return None
    return around.container(names_of(address)[0], str(seen.attributes.get("type")))


def _defaults(opened: "Reading", objects: "Mapping[Address, Observed]") -> dict[str, str]:
    """By endpoint, the deployment that has its traffic."""
    from bep.schemas.specs.writing import split_of

    asked = [address_of("traffic", *names_of(each)) for each in objects if kind_of(each) == "endpoint"]
    return {names_of(each)[0]: split_of(seen.attributes) for each, seen in opened.provider.read(asked).items()}
