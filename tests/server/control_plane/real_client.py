"""Azure's released client, pointed at a server over plain http: three arguments, and nothing of it is changed."""

from typing import Any

import pytest

from tests.server.serving import Running

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"


def client(running: Running, role: str = "admin") -> Any:
    """`MLClient`. Over http it sends a token only with an authentication policy that says it may."""
    ml = pytest.importorskip("azure.ai.ml", reason="azure-ai-ml is not installed: pip install -e .[services]")
    from azure.core.credentials import AccessToken
    from azure.core.pipeline.policies import SansIOHTTPPolicy

    held = running.token(role, name=f"client-{role}")

    class Held:
        def get_token(self, *scopes: str, **options: Any) -> Any:
            return AccessToken(held, 2**31)

    class Bearer(SansIOHTTPPolicy[Any, Any]):
        def on_request(self, request: Any) -> None:
            request.context.options.pop("enforce_https", None)
            request.http_request.headers["Authorization"] = f"Bearer {held}"

    hosts = ("resource_manager", "azure_portal", "active_directory", "registry_discovery_endpoint")
    metadata = {**dict.fromkeys(hosts, running.address), "aml_resource_id": "https://ml.azure.com"}
    return ml.MLClient(
        Held(),
        SUBSCRIPTION,
        "any",
        "letters",
        cloud=f"bep-{running.port}",  # it keeps what a name means for as long as the process runs
        cloud_metadata={**metadata, "storage_endpoint": "localhost"},
        authentication_policy=Bearer(),
        enable_telemetry=False,
        show_progress=False,
    )
