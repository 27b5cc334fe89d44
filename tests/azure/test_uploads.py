"""Models and code from folders of this disk, into a real blob service behind the double."""

import hashlib
import json
import os
import subprocess
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

import pytest

from bep.providers.azure.arm.saying import said
from bep.providers.azure.content import sending
from bep.providers.azure.content.sending import Sender, Upload
from bep.providers.protocol import Conflict, ProviderError, Stopped, untold
from bep.schemas.resource import Content
from tests.azure.double.behaviours import Behaviours
from tests.azure.double.double import Double
from tests.azure.double.serving import serving
from tests.azure.uploading import MEGABYTE, blobs, ended, fill
from tests.azure.workspace import Workspace
from tests.bep.conftest import write
from tests.services.azurite import Emulator
from tests.services.gateway import Gateway, Passed, gateway

SPECS = """\
{kind: compute, name: cpu, type: amlcompute}
---
{kind: environment, name: env, version: 1, image: i}
---
{kind: model, name: m, version: 1, path: model}
---
{kind: model, name: twin, version: 1, path: model}
---
{kind: data, name: d, version: 1, type: uri_file, path: table.csv}
---
{kind: endpoint, name: letters, defaults: {deployment_name: blue}}
---
{kind: deployment, name: blue, endpoint_name: letters, model: azureml:m:1, compute: azureml:cpu,
 environment: azureml:env:1, code_configuration: {code: code, scoring_script: score.py}}
"""
SCRIPT = "def init(): ...\ndef run(mini_batch):\n    return mini_batch\n"
FILES = {
    "model/a/weights": "w" * 10,
    "model/b": "b",
    "model/empty": "",
    "model/notes.tmp": "left out",
    "model/.amlignore": "*.tmp\n",
    "table.csv": "1,2",
    "code/score.py": SCRIPT,
    "code/data/big.csv": "left out",
    "code/.gitignore": "data/\n",
}
LARGE = 24  # megabytes of a file that goes in blocks
EVERY = os.environ.get("BEP_EVERY_BOUNDARY") == "1"
STEP = 9
MODEL = 200  # megabytes
MODELS = """\
{kind: model, name: small, version: 1, path: small}
---
{kind: model, name: big, version: 1, path: big}
"""
MOST_MEMORY = 64  # megabytes more for a model of 200 than for one of a few bytes


@pytest.fixture
def counted(azure_with_blobs: Double, azurite: Emulator) -> Iterator[Gateway]:
    """What the blob service is asked for the double's workspace."""
    with gateway(azurite.url) as found:
        azure = azure_with_blobs
        azure.keep_blobs_at(found.url, azurite.account, azurite.key, azure.blob.container)
        yield found


def test_what_specs_have_on_this_disk_is_put_where_the_service_finds_it(
    tmp_path: Path, azure_with_blobs: Double, counted: Gateway
) -> None:
    azure = azure_with_blobs
    write(tmp_path, FILES)
    fill(tmp_path / "model/large", LARGE)
    work = Workspace(tmp_path, azure, SPECS)
    work.bep("apply", "-y")
    assert work.is_settled()
    assert sent_twice(counted.settle()) == []
    stored = blobs(azure)
    below = {name.split("/", 2)[2]: data for name, data in stored.items()}
    assert sorted(below) == ["model/a/weights", "model/b", "model/empty", "model/large", "table.csv"]
    assert below["model/large"] == (tmp_path / "model/large").read_bytes()
    uri = azure.resource("models/m/versions/1").body["properties"]["modelUri"]
    [folder] = {name.rpartition("/model/")[0] for name in stored if name.endswith("/model/b")}
    assert uri.endswith(f"/datastores/workspaceblobstore/paths/{folder}/model")
    assert list(code(azure)) == ["code/.gitignore", "code/score.py"]

    (tmp_path / "code/score.py").write_text(SCRIPT + "# more\n")
    assert "code_configuration.code" in work.bep("plan", "--detailed-exitcode", expect=2)
    azure.faults.inject(404, code="InvalidResourceType", path="startPendingUpload")  # as an older API answers
    work.bep("apply", "-y")
    assert len(blobs(azure)) == len(stored) + 2
    assert code(azure)["code/score.py"] == (SCRIPT + "# more\n").encode()
    assert work.is_settled()
    (tmp_path / "model/b").write_text("c")
    assert "version" in work.bep("plan", expect=3)


def sent_twice(passed: list[Passed]) -> list[str]:
    """The addresses below which bytes of a file were put more than once."""
    puts = Counter(one.target for one in passed if one.method == "PUT" and one.status == 201 and "/bep/" in one.target)
    return [target for target, count in puts.items() if count > 1]


def test_wherever_an_upload_was_killed_no_bytes_are_sent_twice(tmp_path: Path, azurite: Emulator) -> None:
    """`BEP_EVERY_BOUNDARY=1 pytest -s` kills at every answer of the blob service, and says how many there were."""
    every = len(uploaded(tmp_path / "whole", azurite, 0))
    numbers = range(1 if EVERY else STEP, every + 1, 1 if EVERY else STEP)
    for number in numbers:
        assert sent_twice(uploaded(tmp_path / str(number), azurite, number)) == [], number
    print(f"killed at {len(numbers)} of {every} answers of the blob service")


def uploaded(folder: Path, azurite: Emulator, number: int) -> list[Passed]:
    """What the blob service is asked by an apply that is killed at its answer of this number, and by the next one."""
    with serving(Behaviours(polls=0)) as azure, gateway(azurite.url) as counted:
        container = f"killed-{uuid.uuid4()}"
        azurite.container(container)
        azure.keep_blobs_at(counted.url, azurite.account, azurite.key, container)
        write(folder, FILES)
        fill(folder / "model/large", LARGE)
        work = Workspace(folder, azure, SPECS)
        if number:
            killed_when(lambda passed: len(passed) == number, work, counted)
        work.bep("apply", "-y")
        assert work.is_settled()
        return counted.settle()


def killed_when(is_occasion: Callable[[list[Passed]], bool], work: Workspace, counted: Gateway) -> None:
    """An apply that dies before it hears of the answer of the blob service that makes an occasion."""
    begun: SimpleQueue[subprocess.Popen[str]] = SimpleQueue()
    counted.once(is_occasion, lambda: begun.get().kill())
    process = work.start("apply", "-y")
    begun.put(process)
    assert ended(process).status == -9


def code(azure: Double) -> dict[str, bytes]:
    """The files of the code that the deployment names, by their place below the asset's."""
    deployment = azure.resource("batchEndpoints/letters/deployments/blue").body["properties"]
    asset = azure.resource(deployment["codeConfiguration"]["codeId"].partition("/workspaces/ws/")[2])
    container, _, folder = asset.body["properties"]["codeUri"].removeprefix(f"{azure.blob.url}/").partition("/")
    above = folder.rpartition("/")[0] + "/"
    return {name.removeprefix(above): data for name, data in blobs(azure, container).items() if name.startswith(folder)}


def test_a_killed_upload_goes_on_with_what_is_missing_in_little_memory(
    tmp_path: Path, azure_with_blobs: Double, counted: Gateway
) -> None:
    azure = azure_with_blobs
    write(tmp_path, {"small/weights": "w"})
    fill(tmp_path / "big/weights", MODEL)
    work = Workspace(tmp_path, azure, MODELS)
    usual = ended(work.start("apply", "-y", "--target", "model/small/1"))
    assert usual.status == 0, usual.said

    killed_when(lambda passed: sum(bool(one.block) for one in passed) == 5, work, counted)
    sent = {one.block for one in counted.settle() if one.status == 201} - {""}
    assert 5 <= len(sent) < MODEL // 8
    assert not [name for name in blobs(azure) if "/big/" in name]  # nobody takes a half for the whole

    counted.once(lambda passed: False, lambda: None)
    counted.refusals = 2  # which the client asks again for
    again = ended(work.start("apply", "-y", "--json"))
    assert again.status == 0, again.said
    passed = counted.settle()
    missing = [one.block for one in passed if one.block]
    assert len(missing) == len(set(missing)) == MODEL // 8 - len(sent)
    assert not sent & set(missing)
    assert sum(one.size for one in passed) < MODEL * MEGABYTE - 8 * MEGABYTE * len(sent) + MEGABYTE
    assert again.peak - usual.peak < MOST_MEMORY
    told = [one for one in map(json.loads, again.said.splitlines()) if one["type"] == "change_transferring"]
    assert {(one["address"], one["of_bytes"]) for one in told} == {("model/big/1", MODEL * MEGABYTE)}
    assert [told[0]["bytes"], told[-1]["bytes"]] == [0, MODEL * MEGABYTE]
    [whole] = [data for name, data in blobs(azure).items() if "/big/" in name]
    assert whole == (tmp_path / "big/weights").read_bytes()
    assert work.is_settled()


def test_only_what_says_that_it_is_whole_is_taken_for_it(
    tmp_path: Path, azurite: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    from azure.storage.blob import ContainerClient

    monkeypatch.setattr(sending, "BLOCK", MEGABYTE)
    container = azurite.container(f"uploads-{uuid.uuid4()}")
    fill(tmp_path / "model/large", 3)
    write(tmp_path, {"model/small": "s"})
    large = (tmp_path / "model/large").read_bytes()
    digests = {
        name: hashlib.sha256((tmp_path / "model" / name).read_bytes()).hexdigest() for name in ("large", "small")
    }
    content = Content("model", "d", digests, str(tmp_path / "model"))
    container.upload_blob("bep/d/model/small", b"t")  # somebody's, and of the same size
    container.get_blob_client("bep/d/model/large").stage_block("somebody's", b"x" * MEGABYTE)
    sender, told = Sender(room=MEGABYTE), list[tuple[int, int]]()

    def upload() -> list[tuple[int, int]]:
        told.clear()
        Upload(sender, container, "model/m/1", lambda *moved: told.append(moved)).run("bep/d/model", content)
        return told

    def stop(done: int, total: int) -> None:
        if done:
            raise Stopped("model/m/1", "create", "stopped")

    with pytest.raises(Stopped):
        Upload(sender, container, "model/m/1", stop).run("bep/d/model", content)
    total = len(large) + 1
    sizes = [done for done, _ in upload()]
    assert (sizes, {of for _, of in told}) == ([0, *sorted(sizes[1:])], {total})
    assert [container.download_blob(f"bep/d/model/{name}").readall() for name in digests] == [large, b"s"]
    assert upload() == [(total, total)]

    container.delete_blob("bep/d/model/large")
    foreign = f"{0:06}-{hashlib.sha256(b'x').hexdigest()[:32]}"  # a first block, but of other bytes
    container.get_blob_client("bep/d/model/large").stage_block(foreign, b"x")
    others = [Sender() for _ in range(3)]  # as of other processes, which know nothing of each other
    with ThreadPoolExecutor() as threads:
        uploads = [Upload(one, container, "model/m/1", untold) for one in others]
        list(threads.map(lambda one: one.run("bep/d/model", content), uploads))
    assert container.download_blob("bep/d/model/large").readall() == large
    for one in others:
        one.close()

    closed = ContainerClient.from_container_url(f"{container.url}?sv=2023-11-03&sr=c&sp=racwl&sig=bm9uZQ%3D%3D")
    with closed, pytest.raises(ProviderError) as refused, said("model/m/1", "create"):
        Upload(sender, closed, "model/m/1", untold).run("bep/d/model", content)
    assert refused.value.message.startswith("the storage refused it: Auth")
    assert "[request " in refused.value.message
    assert "bm9uZQ" not in refused.value.message

    container.delete_blob("bep/d/model/large")
    (tmp_path / "model/large").write_bytes(large[:-1] + b"?")
    with pytest.raises(Conflict, match="model/large is not as it was when planned"):
        upload()
    (tmp_path / "model/large").unlink()
    with pytest.raises(Conflict, match="model/large is not as it was when planned"):
        upload()
    assert [one.name for one in container.list_blobs()] == ["bep/d/model/small"]
    sender.close()


@pytest.mark.parametrize("size", [1, 8 * MEGABYTE + 1, 10 << 30, 8 * MEGABYTE * 50_000 + 1, 1 << 42])
def test_no_file_has_more_blocks_than_a_blob_may(size: int) -> None:
    block = sending.block_size(size)
    assert block % (8 * MEGABYTE) == 0
    assert -(-size // block) <= 50_000
    assert block == 8 * MEGABYTE or -(-size // (block - 8 * MEGABYTE)) > 50_000
