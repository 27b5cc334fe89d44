"""Objects of Azure's own world, answered as the service would: in the published shape, and back to what they are."""

from pathlib import Path
from typing import Any

import pytest

from bep.app.served.objects import Around, bodies_for, listed
from bep.app.served.writing import make, take_away
from bep.app.workspace.opening import Opened, Source
from bep.providers.bodies import BodyRefused
from bep.schemas.address import Address, kind_of
from tests.azure.double.double import Double
from tests.azure.double_tests import bodies as sent
from tests.azure.facts import Types
from tests.azure.judge import Judge
from tests.azure.workspace import SECRETS, Workspace

TYPES = {
    "compute": "computes",
    "datastore": "datastores",
    "data": "data/versions",
    "environment": "environments/versions",
    "model": "models/versions",
    "component": "components/versions",
    "endpoint": "batchEndpoints",
    "deployment": "batchEndpoints/deployments",
}
AROUND = Around(lambda endpoint: f"http://here/{endpoint}", lambda store, type: None)
BODIES = bodies_for("S", "G", "letters")


@pytest.fixture
def opened(tmp_path: Path, azure: Double, monkeypatch: pytest.MonkeyPatch) -> Opened:
    azure.seed("codes/code/versions/1", sent.code(azure))
    work = Workspace(tmp_path, azure)
    work.bep("apply", "-y")
    for name, value in {**SECRETS, "BEP_AZURE_ACCESS_TOKEN": work.token}.items():
        monkeypatch.setenv(name, value)
    return Opened(tmp_path, Source())


def test_every_object_is_answered_in_the_published_shape(opened: Opened) -> None:
    judge, seen = Judge(Types()), set()
    for kind, type in TYPES.items():
        for shown in listed(opened, kind, AROUND):
            body = BODIES.body(shown)
            assert judge.answer(type, body) == []
            assert not any(secret in str(body) for secret in SECRETS.values())
            seen.add(kind)
    assert seen == set(TYPES)


def test_what_is_answered_and_sent_back_asks_for_what_is_there(opened: Opened) -> None:
    for kind in TYPES:
        for shown in listed(opened, kind, AROUND):
            if kind in ("component", "datastore"):
                continue
            wish = BODIES.wish(shown.address, BODIES.body(shown), shown)
            there = _without(shown.observed.attributes, wish.masked)
            assert wish.attributes == there, shown.address


def _without(attributes: Any, masked: tuple[tuple[str, ...], ...]) -> Any:
    """Without values that nobody is told, and what says nothing."""
    if not isinstance(attributes, dict):
        return attributes
    inner = {
        name: _without(value, tuple(path[1:] for path in masked if path[:1] == (name,)))
        for name, value in attributes.items()
        if (name,) not in masked
    }
    return {name: value for name, value in inner.items() if value not in ({}, [], "", None)}


def test_what_is_in_azure_is_written_there(opened: Opened) -> None:
    from bep.app.errors import Unavailable

    [shown] = [one for one in listed(opened, "compute", AROUND) if kind_of(one.address) == "compute"]
    wish = BODIES.wish(shown.address, BODIES.body(shown), shown)
    with pytest.raises(Unavailable, match="keeps its resources in a service of its own"):
        make(opened, wish, "ci", lambda: None)
    with pytest.raises(Unavailable):
        take_away(opened, shown.address, "ci", lambda: None)


def test_a_body_that_is_none_is_told_member_by_member() -> None:
    with pytest.raises(BodyRefused) as refused:
        BODIES.wish(Address("compute/c"), {"properties": {"computeType": "AmlCompute", "colour": "red"}}, None)
    assert refused.value.faults == ("properties.colour: there is no such member",)
    for properties in (
        {"datastoreType": "AzureFile"},
        {"datastoreType": "AzureBlob", "credentials": {"credentialsType": "Sas", "secrets": {"sasToken": "s"}}},
    ):
        with pytest.raises(BodyRefused):
            BODIES.wish(Address("datastore/d"), {"properties": properties}, None)
