"""Models and code from folders of this disk, into a real blob service behind the double."""

import hashlib
from pathlib import Path

from tests.azure.double import Double
from tests.azure.workspace import Workspace

SPECS = """\
{kind: compute, name: cpu, type: amlcompute}
---
{kind: environment, name: env, version: 1, image: i}
---
{kind: model, name: m, version: 1, path: model}
---
{kind: data, name: d, version: 1, type: uri_file, path: table.csv}
---
{kind: endpoint, name: letters, defaults: {deployment_name: blue}}
---
{kind: deployment, name: blue, endpoint_name: letters, model: azureml:m:1, compute: azureml:cpu,
 environment: azureml:env:1, code_configuration: {code: code, scoring_script: score.py}}
"""
SCRIPT = "def init(): ...\ndef run(mini_batch):\n    return mini_batch\n"
LARGE = 40 << 20  # bytes of the one large file: several rounds of blocks


def blobs(azure: Double) -> dict[str, bytes]:
    from azure.storage.blob import ContainerClient

    with ContainerClient(azure.blob.url, azure.blob.container, credential=azure.blob.key) as container:
        return {str(one.name): bytes(container.download_blob(one.name).readall()) for one in container.list_blobs()}


def test_what_specs_have_on_this_disk_is_put_where_the_service_finds_it(
    tmp_path: Path, azure_with_blobs: Double
) -> None:
    azure = azure_with_blobs
    for name, text in {
        "model/a/weights": "w" * 10,
        "model/b": "b",
        "table.csv": "1,2",
        "code/score.py": SCRIPT,
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    with (tmp_path / "model/large").open("wb") as file:
        for number in range(LARGE >> 20):
            file.write(hashlib.sha256(str(number).encode()).digest() * (1 << 15))
    work = Workspace(tmp_path, azure, SPECS)
    work.bep("apply", "-y")
    assert work.is_settled()
    stored = blobs(azure)
    below = {name.split("/", 2)[2]: data for name, data in stored.items()}
    assert sorted(below) == ["code/score.py", "model/a/weights", "model/b", "model/large", "table.csv"]
    assert below["model/large"] == (tmp_path / "model/large").read_bytes()
    uri = azure.resource("models/m/versions/1").body["properties"]["modelUri"]
    [folder] = {name.rpartition("/model/")[0] for name in stored if "/model/" in name}
    assert uri.endswith(f"/datastores/workspaceblobstore/paths/{folder}/model")
    deployment = azure.resource("batchEndpoints/letters/deployments/blue").body["properties"]
    code = azure.resource(deployment["codeConfiguration"]["codeId"].partition("/workspaces/ws/")[2]).body["properties"]
    assert code["codeUri"].endswith("/code")

    (tmp_path / "code/score.py").write_text(SCRIPT + "# more\n")
    assert "code_configuration.code" in work.bep("plan", "--detailed-exitcode", expect=2)
    work.bep("apply", "-y")
    assert len(blobs(azure)) == len(stored) + 1
    assert work.is_settled()
    (tmp_path / "model/b").write_text("c")
    assert "version" in work.bep("plan", expect=3)
