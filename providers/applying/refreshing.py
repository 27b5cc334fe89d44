"""What is there now, for everything bep knows or wants. Reads only; judges nothing."""

from collections.abc import Iterable, Mapping

from bep.planner.observed import Observed
from bep.planner.state import State
from bep.providers.protocol import Reader
from bep.schemas.address import Address
from bep.schemas.resource import Resource


def refresh(
    provider: Reader, state: State | None, resources: Iterable[Resource], also: Iterable[Address] = ()
) -> Mapping[Address, Observed]:
    """Read all addresses of state and specs, and those of `also` (imports), in one call. Raises `ProviderError`."""
    known = state.entries if state else {}
    addresses = {*known, *(resource.address for resource in resources), *also}
    return provider.read(sorted(addresses)) if addresses else {}
