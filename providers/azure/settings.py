"""What bep.yml says of an Azure workspace, read: where it is, which cloud, how it is spoken to. Asks nobody."""

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from bep.lazy_dataclasses import dataclass
from bep.providers.azure.place import Place
from bep.providers.azure.translation.published import api_version
from bep.providers.azure_sign_in.signing_in import AUTHORITIES, AUTHORITY

CLOUDS: Final[Mapping[str, tuple[str, str]]] = {
    "public": ("https://management.azure.com", AUTHORITIES["public"]),
    "china": ("https://management.chinacloudapi.cn", AUTHORITIES["china"]),
    "usgovernment": ("https://management.usgovcloudapi.net", AUTHORITIES["usgovernment"]),
}
"""By name: where resources are managed (azure-core's own), and where tokens come from."""

INTERVAL: Final = "BEP_AZURE_POLLING_INTERVAL"
"""The environment variable with the seconds between two questions after an operation."""
TOKEN: Final = "BEP_AZURE_ACCESS_TOKEN"
"""The environment variable with a token to be used as it is, for tests and for clouds of one's own."""
_SECONDS: Final = 3.0
_SCORING: Final[Mapping[str, str]] = {
    CLOUDS["china"][0]: "https://ml.azure.cn",
    CLOUDS["usgovernment"][0]: "https://ml.azure.us",
}
LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class Connection:
    """How a workspace is spoken to. `interval` is in seconds; `token` is empty where a credential is asked for one."""

    place: Place
    base_url: str
    authority: str
    api_version: str
    interval: float
    token: str

    @property
    def is_plain(self) -> bool:
        """Whether it is spoken to without encryption, which is for this machine alone."""
        return urlsplit(self.base_url).scheme == "http"

    @property
    def scope(self) -> str:
        """What a token must be for."""
        return f"{self.base_url if self.base_url in _managing() else CLOUDS['public'][0]}/.default"

    @property
    def scoring_scope(self) -> str:
        """What a token for a scoring URI must be for, which is another one."""
        return f"{_SCORING.get(self.base_url, 'https://ml.azure.com')}/.default"

    def troubles(self) -> Iterator[tuple[str, str, str]]:
        """What is wrong with it: the setting, what was found, how to mend it."""
        address = urlsplit(self.base_url)
        if address.scheme not in ("http", "https") or not address.hostname:
            yield "base_url", f"base_url '{self.base_url}' is no address", "Write https://HOST."
        elif self.is_plain and address.hostname not in LOOPBACK:
            message = f"base_url {self.base_url} is not encrypted, and a token would be sent there"
            yield "base_url", message, "Write https://; plain http is for this machine alone (127.0.0.1)."


def connection_of(settings: Mapping[str, Any], environment: Mapping[str, str]) -> Connection:
    """What the settings of `provider: {azure: ...}` and the environment say, however little: a bep.yml that is wrong is
    looked at, too. See `troubles`.
    """
    managing, authority = CLOUDS.get(settings.get("cloud") or "", CLOUDS["public"])
    names = (str(settings.get(name, "")) for name in ("subscription_id", "resource_group", "workspace_name"))
    return Connection(
        Place(*names),
        (settings.get("base_url") or managing).rstrip("/"),
        environment.get(AUTHORITY) or authority,
        settings.get("api_version") or api_version(),
        _seconds(environment.get(INTERVAL, "")),
        environment.get(TOKEN, ""),
    )


def _managing() -> tuple[str, ...]:
    return tuple(managing for managing, _ in CLOUDS.values())


def _seconds(text: str) -> float:
    try:
        return max(0.0, float(text))
    except ValueError:
        return _SECONDS
