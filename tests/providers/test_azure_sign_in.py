"""Who bep is for Azure: the same for a workspace and for a state in a blob."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from bep.providers.azure.credentials import BesideToken, GivenToken, credential_of, storage_credential_of
from bep.providers.azure.settings import connection_of
from bep.providers.azure_sign_in.signing_in import assertion_of
from bep.providers.protocol import ProviderError
from bep.providers.state.azure_blob.client import BlobSettings, container_of, signs_in_by
from bep.providers.state.azure_blob.place import BlobPlace
from bep.providers.state.place import PlaceRefused

pytest.importorskip("azure.identity")
pytest.importorskip("azure.storage.blob")

WORKSPACE = {"subscription_id": "s", "resource_group": "g", "workspace_name": "www"}
STATE = BlobSettings("https://account.blob.core.windows.net", "states", "state.json")
APPLICATION = {"ARM_TENANT_ID": "tenant", "ARM_CLIENT_ID": "client"}
ISSUER = {"ACTIONS_ID_TOKEN_REQUEST_URL": "http://127.0.0.1:1/token", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "bearer"}


def kept_in(account_url: str = STATE.account_url, **environment: str) -> str:
    """Who asks for a state, by the name of the credential."""
    return signs_in_by(environment, container_of(BlobSettings(account_url, "c", "b"), environment))


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"ARM_CLIENT_SECRET": "s"}, "ClientSecretCredential"),
        ({"ARM_OIDC_TOKEN": "t", "ARM_CLIENT_SECRET": "s"}, "ClientAssertionCredential"),
        (ISSUER, "ClientAssertionCredential"),
        ({"AZURE_FEDERATED_TOKEN_FILE": __file__}, "WorkloadIdentityCredential"),
        ({}, "DefaultAzureCredential"),
        ({"AZURE_TENANT_ID": "", "ARM_TENANT_ID": "", "ARM_CLIENT_SECRET": "s"}, "DefaultAzureCredential"),
    ],
)
def test_whoever_is_named_asks_for_the_workspace_and_for_the_state(more: dict[str, str], expected: str) -> None:
    environment = {**APPLICATION, **more}
    assert type(credential_of(connection_of(WORKSPACE, environment), environment)).__name__ == expected
    assert kept_in(**environment) == expected


def test_what_is_given_comes_first() -> None:
    environment = {**APPLICATION, "BEP_AZURE_ACCESS_TOKEN": "x", "ARM_CLIENT_SECRET": "s", "ARM_SAS_TOKEN": "?sig=x"}
    assert credential_of(connection_of(WORKSPACE, environment), environment) == GivenToken("x")
    assert kept_in(**environment) == "what ARM_SAS_TOKEN holds"
    blobs = storage_credential_of(connection_of(WORKSPACE, environment), environment)  # the token is not for them
    assert isinstance(blobs, BesideToken)
    assert type(blobs.other).__name__ == "ClientSecretCredential"
    from azure.core.exceptions import ClientAuthenticationError

    issuer = {**APPLICATION, **ISSUER, "BEP_AZURE_ACCESS_TOKEN": "x"}
    with pytest.raises(ClientAuthenticationError, match=r"BEP_AZURE_ACCESS_TOKEN is not used for blobs, and .*: 127"):
        storage_credential_of(connection_of(WORKSPACE, issuer), issuer).get_token("s/.default", tenant_id="tenant")


@pytest.mark.parametrize(
    ("more", "why", "mend"),
    [
        ({"ARM_TENANT_ID": "no tenant", "ARM_CLIENT_SECRET": "hushed"}, "Invalid tenant ID", "ARM_CLIENT_SECRET"),
        ({"AZURE_AUTHORITY_HOST": "http://login"}, "'http://login' is an invalid authority", "AZURE_AUTHORITY_HOST"),
        ({"ARM_CLIENT_CERTIFICATE_PATH": __file__}, "certificate", "ARM_CLIENT_CERTIFICATE_PATH"),
        ({"AZURE_FEDERATED_TOKEN_FILE": "/none"}, "No such file or directory: '/none'", "AZURE_FEDERATED_TOKEN_FILE"),
    ],
)
def test_what_is_of_no_use_is_said_with_the_variables_that_say_it(more: dict[str, str], why: str, mend: str) -> None:
    environment = {**APPLICATION, **more}
    with pytest.raises(ProviderError) as refused:
        credential_of(connection_of(WORKSPACE, environment), environment)
    with pytest.raises(PlaceRefused) as kept:
        kept_in(**environment)
    for said in (refused.value.message, str(kept.value)):
        assert why in said
        assert mend in said
        assert "hushed" not in said


@pytest.mark.parametrize(
    ("url", "environment", "authority"),
    [
        ("https://a.blob.core.windows.net", {}, "login.microsoftonline.com"),
        ("https://a.blob.core.chinacloudapi.cn", {}, "login.chinacloudapi.cn"),
        ("https://a.blob.core.usgovcloudapi.net", {}, "login.microsoftonline.us"),
        ("https://a.blob.core.windows.net", {"AZURE_AUTHORITY_HOST": "https://login.example"}, "login.example"),
    ],
)
def test_a_state_signs_in_at_the_cloud_of_its_account(
    url: str, environment: dict[str, str], authority: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    class Recorded:
        def __init__(self, *whose: str, authority: str) -> None:
            asked.append((*whose, authority))

        def get_token(self, *scopes: str) -> None: ...

    monkeypatch.setattr("azure.identity.ClientSecretCredential", Recorded)
    kept_in(url, **APPLICATION, ARM_CLIENT_SECRET="secret", **environment)
    assert asked == [("tenant", "client", "secret", authority)]


def test_an_issuer_that_does_not_answer_is_named_and_not_what_opens_it(tmp_path: Path) -> None:
    place = BlobPlace(STATE, home=tmp_path, environment={**APPLICATION, **ISSUER})
    with pytest.raises(
        PlaceRefused, match=r"Azure gives no token: 127.0.0.1:1 gives no OIDC token: URLError"
    ) as refused:
        place.read("")
    assert "bearer" not in str(refused.value)


def test_github_alone_is_asked_for_a_token_of_the_right_audience() -> None:
    asked: list[tuple[str, str | None]] = []

    class Issuer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.path, self.headers["Authorization"]))
            self.send_response(200 if self.path.startswith("/elsewhere") else 307)
            self.send_header("Location", f"/elsewhere{self.path}")
            self.end_headers()
            self.wfile.write(b'{"value": "the token"}')

        def log_message(self, format: str, *arguments: Any) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Issuer) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}/token?api-version=2"
        names = {"ACTIONS_ID_TOKEN_REQUEST_URL": url, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "bearer"}
        assertion = assertion_of(names)
        assert assertion is not None
        assert assertion() == "the token"
        server.shutdown()
    path = "/token?api-version=2&audience=api://AzureADTokenExchange"
    assert asked == [(path, "Bearer bearer"), (f"/elsewhere{path}", None)]
    assert assertion_of({}) is None
