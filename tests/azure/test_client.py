"""What bep asks of Azure with, alone: waiting, refusing, signing in."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping

import pytest

from bep.planner.observed import Observed
from bep.providers.azure.arm.client import ArmClient
from bep.providers.azure.arm.errors import Refusal, failure_of, refusal_of
from bep.providers.azure.content.storing import Storing
from bep.providers.azure.credentials import credential_of
from bep.providers.azure.provider import AzureProvider
from bep.providers.azure.settings import Connection, connection_of
from bep.providers.protocol import Conflict, Pending, ProviderError, Transferred, Verb, Write
from bep.schemas.address import Address
from bep.schemas.mark import Mark
from bep.schemas.next_step import step
from bep.schemas.resource import Content, Resource
from tests.azure.double.double import Double
from tests.azure.double.tokens import ARM, token
from tests.azure.double_tests import bodies

SETTINGS = {"subscription_id": "s", "resource_group": "g", "workspace_name": "www"}


def connected(azure: Double, **environment: str) -> Connection:
    names = {"subscription_id": azure.subscription_id, "resource_group": "rg", "workspace_name": "ws"}
    environment = {"BEP_AZURE_ACCESS_TOKEN": token(ARM), "BEP_AZURE_POLLING_INTERVAL": "0", **environment}
    return connection_of({**names, "base_url": azure.base_url}, environment)


def client(azure: Double) -> ArmClient:
    connection = connected(azure)
    return ArmClient(connection, lambda: credential_of(connection, {}), retry_backoff_factor=0)


def provider(azure: Double, sort: type[AzureProvider] = AzureProvider) -> AzureProvider:
    arm = client(azure)
    return sort(arm, arm.connection.place, "k", storing=lambda: Storing(arm, arm.connection.place, Nowhere()))


class Nowhere:
    """Takes no upload: nothing here has contents."""

    def put(self, address: str, store: str, folder: str, content: Content, transferred: Transferred) -> str:
        raise AssertionError(address)

    put_at = put


def endpoint(description: str) -> Resource:
    attributes = {"name": "letters", "auth_mode": "aad_token", "description": description}
    return Resource(Address("endpoint/letters"), attributes, Mark("specs.yml", 1, 1))


def made(azure: Double, objects: AzureProvider) -> Observed:
    """The endpoint, created and waited for."""
    write = Write(Verb.CREATE, Address("endpoint/letters"), "op-1", endpoint("first"))
    found = objects.begin(write)
    while isinstance(found, Pending):
        found = objects.poll(found.token)
    assert found.observed is not None
    return found.observed


def test_what_is_busy_is_asked_for_again_until_it_is_free(azure: Double) -> None:
    azure.faults.inject(409, code="Conflict", method="PUT", path="batchEndpoints", count=3)
    assert made(azure, provider(azure)).operation == "op-1"
    assert [one.status for one in azure.log.requests("PUT")] == [409, 409, 409, 201]


def test_what_stays_busy_is_an_error_that_may_be_tried_again(azure: Double) -> None:
    objects = provider(azure)
    objects.busy_for = 0.05
    azure.faults.inject(409, code="Conflict", method="PUT", path="batchEndpoints", count=1000)
    with pytest.raises(ProviderError, match=r"Conflict \(409\)") as caught:
        made(azure, objects)
    assert caught.value.retryable


class Interrupted(AzureProvider):
    """Somebody else writes while it waits for a busy object."""

    meanwhile: Callable[[], object] = list

    def _pause(self, write: Write, refusal: Refusal, began: float) -> None:
        self.meanwhile()
        super()._pause(write, refusal, began)


def test_who_changed_an_object_while_it_was_busy_is_not_overwritten(azure: Double) -> None:
    objects = provider(azure, Interrupted)
    there = made(azure, objects)
    body = bodies.endpoint(description="a stranger's")
    vars(objects)["meanwhile"] = lambda: azure.seed("batchEndpoints/letters", body)
    azure.faults.inject(409, code="Conflict", method="PUT", path="batchEndpoints", count=1)
    with pytest.raises(Conflict):
        objects.begin(Write(Verb.UPDATE, Address("endpoint/letters"), "op-2", endpoint("second"), there.etag))
    assert azure.resource("batchEndpoints/letters").body["properties"]["description"] == "a stranger's"


def test_a_write_whose_answer_was_lost_is_not_begun_again(azure: Double) -> None:
    azure.faults.cut_at(2, "after")
    assert made(azure, provider(azure)).operation == "op-1"
    assert len([one for one in azure.log.requests("PUT") if one.status == 201]) <= 1


def test_pages_are_one_list_and_what_is_not_there_is_nothing(azure: Double) -> None:
    for number in range(12):
        azure.seed(f"computes/cluster-{number}x", bodies.compute())
    arm = client(azure)
    assert len(list(arm.list(azure.id_of("computes")))) == 12
    assert list(arm.list(azure.id_of("batchEndpoints/none/deployments"))) == []
    assert arm.get(azure.id_of("batchEndpoints/none")) is None
    assert arm.delete(azure.id_of("batchEndpoints/none")).code in (204, 404)


def test_a_token_goes_to_no_other_host(azure: Double) -> None:
    with pytest.raises(Refusal, match="is not one of"):
        client(azure).look("http://127.0.0.2:1/status")


def test_a_refusal_is_said_whole() -> None:
    body = {"error": {"code": "UserError", "message": "no", "details": [{"code": "C", "message": "because"}]}}
    said = refusal_of(400, {"x-ms-correlation-request-id": "id-1"}, json.dumps(body)).at("model/m/1", "create")
    assert str(said) == "model/m/1: create: UserError (400): no (C: because) [request id-1]"
    assert not said.retryable
    assert said.next == ()
    assert refusal_of(401, {}, "").at("model/m/1", "create").next == (step("doctor"),)
    other = refusal_of(400, {}, json.dumps({"title": "wrong", "errors": {"$.x": ["not a number"]}}))
    assert str(other) == "status 400: wrong (not a number)"
    assert str(refusal_of(502, {"Retry-After": "7"}, "<html> bad\n gateway")) == "status 502: <html> bad gateway"
    assert refusal_of(502, {"Retry-After": "7"}, "").retry_after == 7
    assert str(failure_of({"status": "Canceled"})) == "Canceled: the operation ended as Canceled, and nothing says why"


@pytest.mark.parametrize(
    ("asked", "url", "trouble"),
    [
        ({}, "https://management.azure.com", ""),
        ({"cloud": "china"}, "https://management.chinacloudapi.cn", ""),
        ({"cloud": "usgovernment"}, "https://management.usgovcloudapi.net", ""),
        ({"base_url": "http://127.0.0.1:1/"}, "http://127.0.0.1:1", ""),
        ({"base_url": "http://elsewhere.example"}, "http://elsewhere.example", "not encrypted"),
        ({"base_url": "elsewhere"}, "elsewhere", "no address"),
    ],
)
def test_where_resources_are_managed(asked: Mapping[str, str], url: str, trouble: str) -> None:
    connection = connection_of({**SETTINGS, **asked}, {})
    assert (connection.base_url, connection.interval) == (url, 3.0)
    said = " ".join(message for _, message, _ in connection.troubles())
    assert bool(said) is bool(trouble)
    assert trouble in said


def test_without_the_extra_its_command_is_said() -> None:
    code = (
        "import sys; sys.modules['azure.identity'] = None\n"
        "from bep.providers.azure.credentials import credential_of\n"
        "from bep.providers.azure.settings import connection_of\n"
        f"credential_of(connection_of({SETTINGS!r}, {{}}), {{}})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=os.environ)
    assert "azure-identity is not installed; install it: pip install 'bep-batch[azure]'" in done.stderr


def test_settings_that_would_send_a_token_in_clear_are_refused(azure: Double) -> None:
    from pathlib import Path

    from bep.providers.azure.world import AzureWorld
    from bep.providers.world import Setup

    def opened(settings: Mapping[str, str]) -> AzureWorld:
        here = Path()
        return AzureWorld(Setup(here, here, settings, "k", str, {}, {}, lambda address: here))

    for settings in ({**SETTINGS, "base_url": "http://elsewhere.example"}, {}):
        with pytest.raises(ProviderError):
            opened(settings).objects.list("compute")
