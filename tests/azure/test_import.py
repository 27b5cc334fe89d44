"""What a team has on Azure already, as a folder of specs: nothing there is changed, and the next plan is empty."""

from pathlib import Path

import pytest

from bep.planner.formats.statefile import decode
from tests.azure.double.double import Double
from tests.azure.double_tests import bodies
from tests.azure.test_uploads import FILES, SCRIPT
from tests.azure.test_uploads import SPECS as WITH_FILES
from tests.azure.uploading import MEGABYTE, blobs, ended, fill
from tests.azure.workspace import SECRETS, Workspace
from tests.bep.conftest import write

GUID = "11111111-2222-3333-4444-555555555555"
LARGE = 120  # megabytes of the one large file
ELSEWHERE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/c"


def emptied(folder: Path, azure: Double) -> Workspace:
    """A workspace that declares nothing yet."""
    work = Workspace(folder, azure, "")
    (folder / "specs.yml").unlink()
    file = folder / "bep.yml"
    file.write_text(file.read_text().replace("specs: [specs.yml]", "specs: []  # nothing yet"))
    return work


def stocked(azure: Double) -> Double:
    """What portals and other tools have made: what bep can declare, and what it cannot."""
    bodies.furnished(azure)
    for version in ("2", "3"):
        azure.seed(f"models/m/versions/{version}", bodies.model(azure, f"LocalUpload/{version}/model"))
    azure.seed("batchEndpoints/ep1", bodies.endpoint(defaults={"deploymentName": "main"}))
    secret = bodies.deployment(azure, environmentVariables={"API_TOKEN": "hushed-value-of-a-token", "MODE": "fast"})
    azure.seed("batchEndpoints/ep1/deployments/main", secret)
    other = bodies.deployment(azure, compute=azure.id_of("computes/k8s"))
    azure.seed("batchEndpoints/ep1/deployments/other", other)
    attached = {"computeType": "Kubernetes", "resourceId": ELSEWHERE, "properties": {"namespace": "x"}}
    azure.seed("computes/k8s", {"location": "eastus2", "properties": attached})
    pipeline = {"deploymentConfigurationType": "PipelineComponent", "settings": {}}
    azure.seed("batchEndpoints/ep1/deployments/of-a-job", {"properties": {"deploymentConfiguration": pipeline}})
    path = {"referenceType": "DataPath", "datastoreId": azure.id_of("datastores/workspaceblobstore"), "path": "x"}
    azure.seed("batchEndpoints/ep1/deployments/by-path", bodies.deployment(azure, model=path))
    foreign = azure.id_of("environments/e/versions/1").replace("/workspaces/ws/", "/workspaces/another/")
    azure.seed("batchEndpoints/ep1/deployments/foreign", bodies.deployment(azure, environmentId=foreign))
    secrets = {"secretsType": "ServicePrincipal", "clientSecret": "hushed-value"}
    principal = {"credentialsType": "ServicePrincipal", "tenantId": GUID, "clientId": GUID, "secrets": secrets}
    store = {"datastoreType": "AzureBlob", "accountName": "account", "containerName": "box", "credentials": principal}
    azure.seed("datastores/store", {"properties": store})
    azure.seed(
        "data/d/versions/1", {"properties": {"dataType": "uri_folder", "dataUri": "azureml://datastores/store/paths/d"}}
    )
    return azure


def test_what_a_team_has_becomes_specs_and_the_plan_is_empty(
    tmp_path: Path, azure: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = emptied(tmp_path, stocked(azure))
    said = work.bep("import", "--all", "-o", "found")
    assert not azure.log.writes()
    assert "specs: [found/*.yml]  # nothing yet" in (tmp_path / "bep.yml").read_text()
    names = {path.name for path in (tmp_path / "found").iterdir()}
    assert names == {"compute-cpu.yml", "endpoint-ep1.yml", "environment-e.yml", "model-m.yml"}
    assert "compute/k8s is left out: it cannot be written as a spec: type cannot be 'Kubernetes'" in said
    assert "deployment/ep1/of-a-job is left out: it cannot be written as a spec: the deployment needs component" in said
    assert "deployment/ep1/by-path is left out" in said
    assert "deployment/ep1/foreign is left out" in said
    assert "deployment/ep1/other: taken into the state" in said  # what it runs on is there, declared or not
    assert "Set EP1_MAIN_API_TOKEN first" in said
    assert "hushed" not in said + work.written() + (tmp_path / "found/endpoint-ep1.yml").read_text()
    assert "the environment has no EP1_MAIN_API_TOKEN" in work.bep("plan", expect=3)

    said = work.bep("import", "--all", "--kind", "datastore", "--kind", "data", "-o", "found")
    assert "datastore/store: credentials cannot be read back" in said
    assert "datastore-workspaceblobstore.yml" not in said  # every workspace has it
    monkeypatch.setitem(SECRETS, "EP1_MAIN_API_TOKEN", "hushed-value-of-a-token")
    assert work.is_settled()
    file = tmp_path / "found/datastore-store.yml"
    file.write_text(file.read_text() + "description: of somebody\n")
    work.bep("apply", "-y")
    kept = azure.resource("datastores/store").body["properties"]["credentials"]
    assert (kept["credentialsType"], kept["secrets"]["clientSecret"]) == ("ServicePrincipal", "hushed-value")
    assert work.is_settled()


def replaced(azure: Double, name: str, data: bytes) -> None:
    """Put other bytes in the place of a blob."""
    from azure.storage.blob import ContainerClient

    with ContainerClient(azure.blob.url, azure.blob.container, credential=azure.blob.key) as container:
        container.upload_blob(name, data, overwrite=True)


def test_bytes_that_bep_stored_are_brought_back_and_others_are_left_where_they_are(
    tmp_path: Path, azure_with_blobs: Double
) -> None:
    azure = azure_with_blobs
    (tmp_path / "made").mkdir()
    write(tmp_path / "made", FILES)
    fill(tmp_path / "made/model/large", LARGE)
    Workspace(tmp_path / "made", azure, WITH_FILES).bep("apply", "-y")
    (tmp_path / "other").mkdir()
    work = emptied(tmp_path / "other", azure)
    file = work.folder / "bep.yml"
    file.write_text(file.read_text().replace("specs: []", "specs: [found/*.yml]"))  # in which nothing is yet
    azure.log.clear()
    [weights] = [name for name in blobs(azure) if name.endswith("weights")]
    replaced(azure, weights, b"other bytes")
    said = work.bep("import", "--all", "-o", "found", expect=5)
    assert "model/m/1: fetch: its bytes in the container" in said
    assert "are not what was registered" in said
    assert not decode((work.folder / ".bep/state.json").read_text()).entries
    replaced(azure, weights, b"w" * 10)
    small = ended(work.start("import", "--all", "--kind", "data", "-o", "found"))
    large = ended(work.start("import", "--all", "-o", "found"))
    assert (small.status, large.status) == (0, 0)
    assert large.peak - small.peak < LARGE * 0.7  # megabytes: no more of a file is in memory than parts of it
    found = tmp_path / "other/found"
    files = (path for path in found.rglob("*") if path.is_file() and path.suffix != ".yml")
    sizes = {path.relative_to(found).as_posix(): path.stat().st_size for path in files}
    assert sizes == {
        "d-1-path/table.csv": 3,
        "letters-blue-code/code/.gitignore": len("data/\n"),
        "letters-blue-code/code/score.py": len(SCRIPT),
        "m-1-path/model/a/weights": 10,
        "m-1-path/model/b": 1,
        "m-1-path/model/empty": 0,
        "m-1-path/model/large": LARGE * MEGABYTE,
    }
    assert work.is_settled()
    file = found / "model-m.yml"
    file.write_text(file.read_text() + "tags: {stage: tried}\n")
    work.bep("apply", "-y")  # a model whose files lie elsewhere would be refused: versions are immutable
    assert work.is_settled()
