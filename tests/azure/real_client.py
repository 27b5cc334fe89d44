"""The double under Azure's own client: `PYTHONPATH=. PYTHON -m tests.azure.real_client`, PYTHON having azure-ai-ml.

It is 140 MB with its dependencies, so no test installs it: `python -m venv aml`, then
`aml/bin/python -m pip install azure-ai-ml==1.35.2`. Its calls make, read, list, invoke, follow and delete one of each
kind. Every call is a line; exit code 1 when one fails. The double takes numbers for text here, as the service does.
"""

import os
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from azure.ai import ml
from azure.ai.ml import entities
from azure.core.pipeline.policies import SansIOHTTPPolicy

from tests.azure.double.behaviours import Behaviours
from tests.azure.double.double import Double
from tests.azure.double.serving import serving
from tests.azure.double.tokens import ARM, ML, Credential, token

COMPONENT = """
type: pipeline
name: pipe
version: "1"
jobs:
  one:
    type: command
    component: {type: command, name: one, version: "1", command: echo hi, environment: azureml:e:1}
    compute: azureml:cpu
"""
REMOTE = "azureml://datastores/workspaceblobstore/paths/m"


class _Bearer(SansIOHTTPPolicy[Any, Any]):
    def on_request(self, request: Any) -> None:
        request.context.options.pop("enforce_https", None)
        request.http_request.headers["Authorization"] = "Bearer " + token(ARM, ML)


def client(azure: Double) -> Any:
    """The client, sent to the double for everything."""
    hosts = ("resource_manager", "azure_portal", "active_directory", "registry_discovery_endpoint")
    metadata = {**dict.fromkeys(hosts, azure.base_url), "aml_resource_id": ML, "storage_endpoint": "core.windows.net"}
    return ml.MLClient(
        Credential(),
        azure.subscription_id,
        azure.resource_group,
        azure.workspace_name,
        cloud="Double",
        cloud_metadata=metadata,
        authentication_policy=_Bearer(),
        enable_telemetry=False,
        show_progress=False,
        polling_interval=0,
    )


def calls(azure: Double, folder: Path) -> dict[str, Callable[[], object]]:
    """What is called, in order."""
    own = client(azure)
    (folder / "conda.yml").write_text("name: e\ndependencies:\n- python=3.11\n")
    (folder / "pipe.yml").write_text(COMPONENT)
    cluster = entities.AmlCompute(name="cpu", size="Standard_DS3_v2", max_instances=4)
    environment = entities.Environment(name="e", version="1", image="i", conda_file=folder / "conda.yml")
    model = entities.Model(name="m", version="1", path=REMOTE, type="custom_model")
    data = entities.Data(name="d", version="1", path=REMOTE, type="uri_folder")
    key = entities.AccountKeyConfiguration(account_key="k")
    store = entities.AzureBlobDatastore(name="own", account_name="a", container_name="c", credentials=key)
    deployment = entities.ModelBatchDeployment(
        name="d1",
        endpoint_name="ep1",
        model=azure.id_of("models/m/versions/1"),
        environment=azure.id_of("environments/e/versions/1"),
        code_configuration=entities.CodeConfiguration(azure.id_of("codes/c/versions/1"), "score.py"),
        compute="cpu",
        settings=entities.ModelBatchDeploymentSettings(mini_batch_size=4, instance_count=2),
    )
    pipeline = entities.PipelineComponentBatchDeployment(
        name="p1",
        endpoint_name="ep1",
        component=azure.id_of("components/pipe/versions/1"),
        settings={"default_compute": "cpu", "continue_on_step_failure": False},
    )

    def default(name: str | None) -> object:
        endpoint = own.batch_endpoints.get("ep1")
        endpoint.defaults.deployment_name = name
        return own.batch_endpoints.begin_create_or_update(endpoint).result()

    def job() -> str:
        return azure.jobs.all[0].name

    images = {"images": ml.Input(type="uri_folder", path="azureml:d:1")}
    azure.seed("codes/c/versions/1", {"properties": {}})
    return {
        "make a cluster": lambda: own.compute.begin_create_or_update(cluster).result(),
        "read it": lambda: own.compute.get("cpu"),
        "list clusters": lambda: list(own.compute.list()),
        "make an environment": lambda: own.environments.create_or_update(environment),
        "make a model": lambda: own.models.create_or_update(model),
        "list its versions": lambda: list(own.models.list("m")),
        "make data": lambda: own.data.create_or_update(data),
        "read its latest version": lambda: own.data.get("d", label="latest"),
        "make a datastore": lambda: own.datastores.create_or_update(store),
        "read the default datastore": lambda: own.datastores.get_default(),
        "read the workspace": lambda: own.workspaces.get(azure.workspace_name),
        "make an endpoint": lambda: own.batch_endpoints.begin_create_or_update(
            entities.BatchEndpoint(name="ep1")
        ).result(),
        "make a deployment": lambda: own.batch_deployments.begin_create_or_update(deployment).result(),
        "make a component": lambda: own.components.create_or_update(ml.load_component(folder / "pipe.yml")),
        "make a deployment of it": lambda: own.batch_deployments.begin_create_or_update(pipeline).result(),
        "set the default": lambda: default("d1"),
        "list deployments": lambda: list(own.batch_deployments.list("ep1")),
        "invoke": lambda: own.batch_endpoints.invoke("ep1", inputs=images),
        "read the job": lambda: own.jobs.get(job()),
        "list the endpoint's jobs": lambda: list(own.batch_endpoints.list_jobs("ep1")),
        "stream the job": lambda: own.jobs.stream(job()),
        "unset the default": lambda: default(None),
        "delete a deployment": lambda: own.batch_deployments.begin_delete("p1", "ep1").result(),
        "delete the endpoint": lambda: own.batch_endpoints.begin_delete("ep1").result(),
        "delete the cluster": lambda: own.compute.begin_delete("cpu").result(),
    }


def main() -> int:
    """Make every call, and say how many went well."""
    warnings.simplefilter("ignore")
    os.environ["AZUREML_RUN_POLLING_INTERVAL_MIN"] = "1"
    failed = []
    with tempfile.TemporaryDirectory() as folder, serving(Behaviours(lenient_text=True)) as azure:
        named = calls(azure, Path(folder))
        for name, call in named.items():
            try:
                call()
                print(f"{name}: as it should be")
            except Exception as wrong:
                failed.append(name)
                print(f"{name}: {type(wrong).__name__}: {wrong}")
        left = azure.paths("computes", "batchEndpoints", "batchEndpoints/deployments")
    print(f"{len(named) - len(failed)} of {len(named)} calls of azure-ai-ml, {len(left)} resources left over")
    return 1 if failed or left else 0


if __name__ == "__main__":
    sys.exit(main())
