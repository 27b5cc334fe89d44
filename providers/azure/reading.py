"""What is there, in as few questions as there are collections, ten at a time. Changes nothing; knows no state."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, TypeVar

from bep.lazy_dataclasses import dataclass
from bep.providers.azure.arm.client import ArmClient
from bep.providers.azure.place import Place
from bep.providers.azure.translation.shape import at
from bep.providers.azure.translation.shapes import knows
from bep.schemas.address import Address, address_of, kind_of, names_of
from bep.schemas.kinds.kind import is_registered

Body = Mapping[str, Any]
Found = TypeVar("Found")
AT_ONCE: Final = 10
"""Questions at the same time."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Reads the objects of one workspace. `answers` is what was told before, see `Setup`; `keeps`: answers go there."""

    client: ArmClient
    place: Place
    answers: dict[str, Any]
    keeps: bool

    def bodies(self, addresses: Iterable[Address]) -> dict[Address, Body]:
        """Those of the addresses that exist; of traffic the body of its endpoint."""
        groups: dict[str, list[Address]] = {}
        for address in addresses:
            if knows(kind_of(address)):
                groups.setdefault(self._collection(address), []).append(address)
        found: dict[Address, Body] = {}
        for part in at_once(self._group, groups.items()):
            found.update(part)
        return found

    def forget(self) -> None:
        """Let no answer of before be taken for one of now, but for those that are kept for another to read once."""
        if not self.keeps:
            self.answers.clear()

    def body(self, address: Address) -> Body | None:
        """One object, as it is now."""
        return self.client.get(self.place.id_of(address))

    def every(self, kind: str) -> dict[Address, Body]:
        """Every object of a kind, oldest first."""
        if not knows(kind):
            return {}
        whole = self._listed(self.place.collection("endpoint" if kind in ("traffic", "deployment") else kind))
        if kind != "deployment" and not is_registered(kind):
            found = {address_of(kind, _name(one)): one for one in whole}
        else:
            found = dict(pair for pairs in at_once(lambda one: self.below(kind, _name(one)), whole) for pair in pairs)
        return dict(sorted(found.items(), key=lambda pair: _created(pair[1])))

    def newest(self, kind: str, name: str) -> Address | None:
        """The latest version of a name by its container's word; by the time of making, where that says nothing."""
        container = self.client.get(f"{self.place.collection(kind)}/{name}")
        latest = at(container or {}, ("properties", "latestVersion"))
        if container is None or latest:
            return address_of(kind, name, str(latest)) if latest else None
        versions = self.below(kind, name)
        versions.sort(key=lambda pair: _created(pair[1]))
        return versions[-1][0] if versions else None

    def below(self, kind: str, name: str) -> list[tuple[Address, Body]]:
        """The versions of one name, or the deployments of one endpoint."""
        listed = self._listed(self.place.collection(kind, name))
        return [(address_of(kind, name, _name(one)), one) for one in listed]

    def _collection(self, address: Address) -> str:
        return self.place.collection(kind_of(address), *names_of(address)[:-1])

    def _group(self, group: tuple[str, list[Address]]) -> dict[Address, Body]:
        collection, addresses = group
        names = {names_of(address)[-1].casefold() for address in addresses}
        if len(names) == 1 and collection not in self.answers:
            one = self.body(addresses[0])
            return {} if one is None else dict.fromkeys(addresses, one)
        there = {_name(one).casefold(): one for one in self._listed(collection)}
        named = ((address, there.get(names_of(address)[-1].casefold())) for address in addresses)
        return {address: one for address, one in named if one is not None}

    def _listed(self, collection: str) -> list[Body]:
        if not self.keeps and collection in self.answers:
            kept: list[Body] = self.answers.pop(collection)
            return kept
        if self.keeps and collection in self.answers:
            held: list[Body] = self.answers[collection]
            return held
        found = list(self.client.list(collection))
        if self.keeps:
            self.answers[collection] = found
        return found


def _created(body: Body) -> str:
    return str(at(body, ("systemData", "createdAt")) or "")


def _name(body: Body) -> str:
    """The last part of its id: `name` alone has the endpoint in front of it in some versions of the API."""
    return str(body.get("id") or body.get("name") or "").rstrip("/").rpartition("/")[2]


def at_once(ask: Callable[[Any], Found], about: Iterable[Any]) -> Iterator[Found]:
    """Each answer, in the order of the questions."""
    questions = list(about)
    if len(questions) < 2:
        yield from map(ask, questions)
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(AT_ONCE) as threads:
        yield from threads.map(ask, questions)
