"""What would keep a plan from being carried out on Azure, asked for what is to be made or to grow. Changes nothing.

Quotas, sizes, code that is named, names of endpoints: `fitness` knows what can be told without asking. What cannot be
found out is a warning: the apply may go through all the same.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Final

from bep.providers.azure.arm.client import ArmClient
from bep.providers.azure.arm.errors import Refusal
from bep.providers.azure.arm.saying import said
from bep.providers.azure.checking import quotas
from bep.providers.azure.place import PROVIDER
from bep.providers.azure.reading import at_once
from bep.providers.azure.translation.forms import CODES, folded
from bep.providers.azure.translation.shape import Path, at
from bep.providers.protocol import ProviderError
from bep.providers.world import Coming, Unfit

TAKEN: Final = "endpoint-name-taken"
ABSENT: Final = "code-not-there"
UNKNOWN: Final = "not-looked-at"
MOST_WORKSPACES: Final = 50
"""How many workspaces of the region are asked for an endpoint's name: who has more of them waits for none of that."""

_CODE: Final[Mapping[str, Path]] = {"deployment": ("code_configuration", "code"), "component": ("code",)}
"""Where a code asset may be named."""


class Questions:
    """The questions about one plan, each asked once."""

    def __init__(self, client: ArmClient, coming: Sequence[Coming]) -> None:
        self._client, self._place, self._coming = client, client.connection.place, coming

    def found(self) -> Iterator[Unfit]:
        """Everything, whatever of it could be asked."""
        yield from self._told("quotas and sizes", self._clusters)
        yield from self._told("whether the code is there", self._codes)
        yield from self._told("whether names of endpoints are free", self._names)

    def _told(self, what: str, ask: Callable[[], Iterator[Unfit]]) -> Iterator[Unfit]:
        try:
            with said("provider/azure", "look ahead"):
                yield from list(ask())
        except ProviderError as error:
            message = f"{what} could not be looked up: {error.message}"
            yield Unfit(UNKNOWN, "", (), message, "Nothing has to be done: the apply tells.", is_error=False)

    @cached_property
    def _region(self) -> str:
        found = self._client.get(self._place.root) or {}
        return folded(str(found.get("location") or ""))

    def _of(self, kind: str) -> list[Coming]:
        return [one for one in self._coming if one.resource.kind == kind]

    def _clusters(self) -> Iterator[Unfit]:
        clusters = [cluster for one in self._of("compute") if (cluster := self._cluster(one)) is not None]
        for region in sorted({one.region for one in clusters}):
            there = [one for one in clusters if one.region == region]
            if sizes := quotas.sizes_of(self._listed(region, "vmSizes")):
                offered = [one for one in there if folded(one.size) in sizes]
                yield from (quotas.not_offered(one, sizes) for one in there if one not in offered)
                known = quotas.quotas_of(self._listed(region, "usages") if offered else (), self._place.root)
                yield from quotas.over(offered, sizes, known)

    def _cluster(self, coming: Coming) -> quotas.Cluster | None:
        """A cluster with more instances than there may be now; None for another change, and where no size is said."""
        wanted = coming.resource.attributes
        before, instances = (int((one or {}).get("max_instances") or 0) for one in (coming.there, wanted))
        if wanted.get("type") != "amlcompute" or not wanted.get("size") or instances <= before:
            return None
        region = folded(str(wanted.get("location") or "")) or self._region
        size, tier = str(wanted["size"]), str(wanted.get("tier") or "dedicated")
        return quotas.Cluster(coming.resource.address, region, size, tier, instances, before)

    def _listed(self, region: str, what: str) -> list[Mapping[str, Any]]:
        return list(self._client.list(f"{self._subscription}/locations/{region}/{what}"))

    @property
    def _subscription(self) -> str:
        return f"/subscriptions/{self._place.subscription}/providers/{PROVIDER}"

    def _codes(self) -> Iterator[Unfit]:
        """Code assets that are named: bep declares none, so nobody else looks for them."""
        named: dict[str, list[tuple[str, Path, str]]] = {}
        for one in self._coming:
            path = _CODE.get(one.resource.kind, ())
            code = at(one.resource.attributes, path) if path else None
            id = str(CODES.there(code, self._place)) if isinstance(code, str) else ""
            if self._place.inside(id):
                named.setdefault(id, []).append((one.resource.address, path, str(code)))
        for id, found in zip(named, at_once(self._client.get, named), strict=True):
            for address, path, code in named[id] if found is None else ():
                message = f"{'.'.join(path)}: there is no code asset {code}"
                yield Unfit(ABSENT, address, path, message, "Name a folder here, or a code asset that is there.")

    def _names(self) -> Iterator[Unfit]:
        """Endpoints of other workspaces of the region that have a name already: of those that whoever asks may see."""
        new = [one for one in self._of("endpoint") if one.there is None]
        if not new:
            return
        every = ((str(one.get("id")), one) for one in self._client.list(f"{self._subscription}/workspaces"))
        others = [
            id
            for id, one in every
            if folded(str(one.get("location"))) == self._region and id.casefold() != self._place.root.casefold()
        ]
        asked = [(one.resource, other) for one in new for other in others[:MOST_WORKSPACES]]
        ids = [f"{other}/batchEndpoints/{resource.attributes['name']}" for resource, other in asked]
        for (resource, other), found in zip(asked, at_once(self._seen, ids), strict=True):
            if found:
                where = other.rpartition("/")[2]
                message = f"the workspace {where} has an endpoint of this name, which there is once in a region"
                yield Unfit(TAKEN, resource.address, ("name",), message, "Give it another name.")

    def _seen(self, id: str) -> bool:
        """Whether something is there; what may not be looked at is not known to be."""
        try:
            return self._client.get(id) is not None
        except Refusal as refusal:
            if refusal.status in (401, 403):
                return False
            raise
