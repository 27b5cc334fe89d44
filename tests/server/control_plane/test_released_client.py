"""Azure's released client reads every kind from a server of this machine, and writes what may be written."""

import pytest

from tests.server.control_plane.real_client import client
from tests.server.serving import Running

pytestmark = pytest.mark.filterwarnings("default")  # what the client's own libraries warn of is theirs


def test_it_gets_and_lists_every_kind(served: Running) -> None:
    own = client(served)
    served.workspace.bep("run", "job.yml", "--name", "first")
    assert own.workspaces.get("letters").name == "letters"
    assert [one.name for one in own.batch_endpoints.list()] == ["letters"]
    endpoint = own.batch_endpoints.get("letters")
    assert endpoint.scoring_uri == f"{served.address}/endpoints/letters/jobs"
    assert endpoint.defaults.deployment_name == "blue"
    assert sorted(one.name for one in own.batch_deployments.list("letters")) == ["blue", "green"]
    blue = own.batch_deployments.get("blue", "letters")
    assert blue.mini_batch_size == 2
    assert blue.retry_settings.timeout == 30
    assert blue.code_configuration.scoring_script == "score.py"
    assert sorted(one.name for one in own.compute.list()) == ["cpu-cluster", "local"]
    assert own.compute.get("cpu-cluster").max_instances == 2
    assert [one.name for one in own.models.list()] == ["alphabet"]
    assert [one.version for one in own.models.list("alphabet")] == ["1"]
    assert own.models.get("alphabet", "1").type == "custom_model"
    assert own.models.get("alphabet", label="latest").version == "1"
    assert sorted(one.name for one in own.environments.list()) == ["pinned", "plain"]
    assert own.environments.get("pinned", label="latest").conda_file["name"] == "pinned"
    assert sorted(one.version for one in own.data.list("words")) == ["1", "2"]
    assert own.data.get("words", "2").tags == {"season": "autumn"}
    assert own.components.get("step", "1").name == "step"
    assert sorted(one.name for one in own.datastores.list()) == ["elsewhere", "shelf", "workspaceblobstore"]
    assert own.datastores.get_default().name == "workspaceblobstore"
    assert [one.name for one in own.jobs.list()] == ["first"]
    assert own.jobs.get("first").status == "Completed"
