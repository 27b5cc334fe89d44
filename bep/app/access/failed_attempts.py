"""How many wrong tokens came from one address lately. Pure: told the time.

Only what is wrong is counted and refused: whoever has a right token is let in, however many wrong ones come from the
same address, so nobody can lock others out.
"""

from collections import OrderedDict, deque
from ipaddress import IPv6Address, ip_address
from typing import Final

MOST: Final = 10
SECONDS: Final = 60.0
_ADDRESSES: Final = 10_000  # that are kept in mind; of more, those not heard of for longest are forgotten


class FailedAttempts:
    """The times, in seconds, of the last failures of each address."""

    def __init__(self) -> None:
        self._times: OrderedDict[str, deque[float]] = OrderedDict()

    def add(self, address: str, now: float) -> float | None:
        """Count one; the seconds to wait where there have been too many, None where it is no more than a mistake."""
        times = self._times.setdefault(_network(address), deque(maxlen=MOST + 1))
        self._times.move_to_end(_network(address))
        if len(self._times) > _ADDRESSES:
            self._times.popitem(last=False)
        while times and times[0] <= now - SECONDS:
            times.popleft()
        times.append(now)
        return times[0] + SECONDS - now if len(times) > MOST else None


def _network(address: str) -> str:
    """What one caller can choose an address from: a host has 2**64 of IPv6."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        return str(found.ipv4_mapped) if found.ipv4_mapped else str(IPv6Address(int(found) >> 64 << 64))
    return str(found)
