"""Which hosts a request may be for, and where a browser may write from. Pure.

A page of a stranger's can let its own name mean this machine (DNS rebinding), and a browser then sends it whatever
answers here: so a name that is not ours is refused. An address in numbers cannot be made to mean another, and nobody
can have a name below `localhost`.
"""

from collections.abc import Collection
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from bep.lazy_patterns import lazy_pattern

_NAME: Final = lazy_pattern(r"(\*\.)?[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?")


def host_of(header: str) -> str:
    """The name in a header `Host`, in lower case, without its port and its last dot; empty for what is none."""
    try:
        name = urlsplit(f"//{header}").hostname if header and not set(header) & set("/?#@\\ ") else ""
    except ValueError:
        return ""
    return (name or "").removesuffix(".")


def is_ours(header: str, names: Collection[str]) -> bool:
    """Whether a request with this `Host` is for us. `names` in lower case; `*.NAME` for all below one."""
    host = host_of(header)
    if not host:
        return False
    if host == "localhost" or host.endswith(".localhost") or _is_number(host):
        return True
    return any(host == name or (name.startswith("*.") and host.endswith(name[1:])) for name in names)


def is_name(text: str) -> bool:
    """Whether it can be given as a host that is ours."""
    return _NAME.fullmatch(text) is not None


def is_same_origin(origin: str, host: str, *, is_secure: bool) -> bool:
    """Whether a page of `origin` is one of ours, as it was asked for at `host`, with its port."""
    return origin.lower() == f"{'https' if is_secure else 'http'}://{host.lower()}"


def _is_number(host: str) -> bool:
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True
