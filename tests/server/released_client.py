"""Azure's released client as `bep serve --print-client` tells people to make it: nothing of it is changed."""

import time
from typing import Any

import pytest

from tests.server.serving import Running

HOSTS = ("resource_manager", "azure_portal", "active_directory", "registry_discovery_endpoint")


def released_client(running: Running, role: str = "admin") -> Any:
    """`MLClient`, which knows the address and a token."""
    ml = pytest.importorskip("azure.ai.ml", reason="azure-ai-ml is not installed: pip install -e .[services]")
    from azure.core.credentials import AccessToken

    with running.client(role) as asking:
        token = asking.headers["authorization"].removeprefix("Bearer ")

    class Token:
        def get_token(self, *scopes: str, **options: Any) -> Any:
            return AccessToken(token, int(time.time()) + 3600)

    cloud = {**dict.fromkeys(HOSTS, running.address), "aml_resource_id": running.address}
    return ml.MLClient(
        Token(),
        "00000000-0000-0000-0000-000000000000",
        "bep",
        "letters",
        cloud=running.address,  # a process keeps the first client's addresses for each name of a cloud
        cloud_metadata={**cloud, "storage_endpoint": "localhost"},
        show_progress=False,
    )
