"""Azure's released client reads every kind from a server of this machine, and writes what may be written."""

import pytest

from tests.server.control_plane.conftest import SCHEDULES
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


def test_it_gets_and_lists_schedules(served: Running) -> None:
    own = client(served)
    specs = served.workspace.folder / "specs.yml"
    specs.write_text(specs.read_text() + SCHEDULES)
    served.workspace.bep("apply", "-y")
    assert [one.name for one in own.schedules.list()] == []
    every = own.schedules.list(list_view_type="All")
    assert sorted(one.name for one in every) == ["nightly", "weekly"]
    assert own.schedules.get("nightly").trigger.expression == "0 2 * * *"
    weekly = own.schedules.get("weekly")
    assert weekly.trigger.schedule.minutes == [0, 30]
    assert weekly.trigger.schedule.week_days == ["Monday"]
    assert weekly.create_job.tags["azureml.deploymentname"] == "green"


def test_it_makes_changes_and_deletes(served: Running) -> None:
    entities = pytest.importorskip("azure.ai.ml.entities")
    own = client(served)
    folder = served.workspace.folder / ".bep/cloud/datastores/workspaceblobstore/sent"
    folder.mkdir(parents=True)
    (folder / "letters.txt").write_text("abc\n")
    uri = "azureml://datastores/workspaceblobstore/paths/sent"

    cluster = entities.AmlCompute(name="second", size="STANDARD_DS3_V2", max_instances=3)
    assert own.compute.begin_create_or_update(cluster).result().max_instances == 3
    assert own.models.create_or_update(entities.Model(name="sent", version="1", path=uri)).version == "1"
    assert own.data.create_or_update(entities.Data(name="sent", version="1", path=uri)).version == "1"
    plain = entities.Environment(name="sent", version="1", image="python")
    assert own.environments.create_or_update(plain).image == "python"

    endpoint = entities.BatchEndpoint(name="numbers", description="made by a client", tags={"by": "hand"})
    assert own.batch_endpoints.begin_create_or_update(endpoint).result().tags == {"by": "hand"}
    blue = own.batch_deployments.get("blue", "letters")
    deployment = entities.ModelBatchDeployment(
        name="red",
        endpoint_name="numbers",
        model="azureml:sent:1",
        environment="azureml:sent:1",
        code_configuration=entities.CodeConfiguration(blue.code_configuration.code, "score.py"),
        compute="second",
        settings=entities.ModelBatchDeploymentSettings(mini_batch_size=4, instance_count=2),
    )
    assert own.batch_deployments.begin_create_or_update(deployment).result().mini_batch_size == 4
    made = own.batch_endpoints.get("numbers")
    made.defaults.deployment_name = "red"
    assert own.batch_endpoints.begin_create_or_update(made).result().defaults.deployment_name == "red"

    with pytest.raises(Exception, match="it has the traffic of traffic/numbers"):
        own.batch_deployments.begin_delete("red", "numbers").result()
    made = own.batch_endpoints.get("numbers")
    made.defaults.deployment_name = None
    own.batch_endpoints.begin_create_or_update(made).result()
    own.batch_deployments.begin_delete("red", "numbers").result()
    own.batch_endpoints.begin_delete("numbers").result()
    own.compute.begin_delete("second").result()
    assert [one.name for one in own.batch_endpoints.list()] == ["letters"]
    assert sorted(one.name for one in own.compute.list()) == ["cpu-cluster", "local"]
