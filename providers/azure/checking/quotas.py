"""Whether clusters fit into what a region offers and into the quotas there. Pure; asks nobody."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Final

from bep.lazy_dataclasses import dataclass
from bep.providers.azure.translation.forms import folded
from bep.providers.azure.translation.shape import at
from bep.providers.world import Unfit

QUOTA: Final = "quota-exceeded"
SIZE: Final = "size-not-offered"
_MORE: Final = "Ask for more at the portal's Quotas page, choose another size, or fewer instances."
_SHOWN: Final = 5  # sizes
_TIERS: Final = {"dedicated": "Cluster Dedicated", "low_priority": "Cluster LowPriority"}
"""What a tier is called in the names of quotas (published example: 2024-10-01, Usage/list)."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A compute that is to be made or to grow: the most instances that it may have, and may have now."""

    address: str
    region: str
    size: str
    tier: str
    instances: int
    before: int


@dataclass(frozen=True, slots=True)
class Quota:
    """How many vCPUs there may be of a family or of all of them, and how many there are."""

    name: str
    limit: int
    used: int


Sizes = Mapping[str, Mapping[str, Any]]
"""What a region offers, by folded name."""


def sizes_of(rows: Iterable[Mapping[str, Any]]) -> Sizes:
    """The sizes that clusters may have."""
    return {
        folded(str(row.get("name"))): row
        for row in rows
        if "AmlCompute" in (row.get("supportedComputeTypes") or ("AmlCompute",))
    }


def quotas_of(rows: Iterable[Mapping[str, Any]], root: str) -> Mapping[str, list[Quota]]:
    """By folded name, the quotas of the subscription and of the workspace whose id is `root`.

    Rows of single computes, and of other workspaces, are parts of these. A limit of -1 is none.
    """
    found: dict[str, list[Quota]] = {}
    for row in rows:
        id, limit = str(row.get("id") or "").casefold(), int(row.get("limit") or 0)
        is_part = "/workspaces/" in id and not id.startswith(f"{root}/usages".casefold())
        if not is_part and limit >= 0:
            name = str(at(row, ("name", "value")) or "")
            found.setdefault(folded(name), []).append(Quota(name, limit, int(row.get("currentValue") or 0)))
    return found


def not_offered(cluster: Cluster, sizes: Sizes) -> Unfit:
    """That a region has no machines of a size, and which are nearly called so."""
    names = {str(one["name"]).casefold(): str(one["name"]) for one in sizes.values()}
    near = get_close_matches(cluster.size.casefold(), names, _SHOWN) or sorted(names)[:_SHOWN]
    message = f"size: {cluster.region} has no {cluster.size} for clusters"
    return Unfit(SIZE, cluster.address, ("size",), message, f"There is {', '.join(names[one] for one in near)}.")


def over(clusters: Sequence[Cluster], sizes: Sizes, quotas: Mapping[str, Sequence[Quota]]) -> Iterator[Unfit]:
    """Clusters that a quota can never fill; and, as a warning, quotas of which less is free now than may be taken."""
    growth: dict[Quota, list[tuple[int, str]]] = {}
    for cluster in clusters:
        cores, own = int(sizes[folded(cluster.size)].get("vCPUs") or 0), list(_quotas(cluster, sizes, quotas))
        all_cores = cluster.instances * cores
        exceeded = next((one for one in own if all_cores > one.limit), None)
        if exceeded is not None:
            message = f"max_instances: {cluster.instances} of {cluster.size} are {all_cores} vCPUs,"
            message += f" and the quota '{exceeded.name}' is {exceeded.limit}"
            yield Unfit(QUOTA, cluster.address, ("max_instances",), message, _MORE)
            continue
        for one in own:
            growth.setdefault(one, []).append(((cluster.instances - cluster.before) * cores, cluster.address))
    for quota, grown in growth.items():
        total, free = sum(cores for cores, _ in grown), quota.limit - quota.used
        if total > free:
            message = f"of the quota '{quota.name}', {free} of {quota.limit} vCPUs are free now,"
            message += f" and what is planned may take {total} more"
            yield Unfit(QUOTA, max(grown)[1], ("max_instances",), message, _MORE, is_error=False)


def _quotas(cluster: Cluster, sizes: Sizes, quotas: Mapping[str, Sequence[Quota]]) -> Iterator[Quota]:
    """Those that a cluster counts against: its family's, and the region's."""
    family, tier = str(sizes[folded(cluster.size)].get("family") or ""), _TIERS.get(cluster.tier, "")
    for name in (f"{family} {tier} vCPUs", f"Total {tier} Regional vCPUs"):
        yield from quotas.get(folded(name), ())
