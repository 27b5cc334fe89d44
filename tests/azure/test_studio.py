"""The studio's pages of jobs that a service runs: what it says of them, and nothing that nobody knows."""

from collections.abc import Iterator

import pytest

from bep.providers.azure.settings import INTERVAL, TOKEN
from tests.azure.double.tokens import ARM, ML, token
from tests.azure.test_jobs import Service, service
from tests.bep.conftest import Workspace
from tests.server.serving import Running, serving

__all__ = ("service",)
HTML = {"Accept": "text/html"}


@pytest.fixture
def running(service: Service) -> Iterator[Running]:
    """A server over the workspace."""
    with serving(Workspace(service.folder, {TOKEN: token(ARM, ML), INTERVAL: "0.01"})) as found:
        yield found


def test_a_job_of_a_service_has_its_status_and_the_way_to_its_page(service: Service, running: Running) -> None:
    record = service.run()
    with running.client() as client:
        client.headers.update(HTML)
        listed = client.get("/studio/jobs").text
        page = client.get(f"/studio/jobs/{record.name}")
        others = [client.get(f"/studio/jobs/{record.name}/{tab}").status_code for tab in (
            "results", "inputs", "failed", "logs", "settings", "steps/batchscoring", "download"
        )]  # fmt: skip
        report = client.get(f"/studio/jobs/{record.name}/report").status_code
        again = client.post(f"/studio/jobs/{record.name}/resume").status_code

    assert record.name in listed
    assert page.status_code == 200
    assert "Completed" in page.text
    assert "Its service's page" in page.text
    assert "of 0 items" not in page.text
    assert set(others) <= {200, 400}
    assert (report, again) == (400, 400)
