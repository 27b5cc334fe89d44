"""The whole life of the example for Azure, on the double with all its habits and a real blob service behind it."""

import shutil
from pathlib import Path

from tests.azure.double.double import Double
from tests.azure.workspace import Workspace

EXAMPLE = Path(__file__).parents[2] / "examples" / "04-azure"
EVERYTHING = {
    "compute/batch-cpu",
    "data/tickets/1",
    "datastore/archive",
    "deployment/tickets-by-queue/few-words",
    "deployment/tickets-by-queue/more-words",
    "endpoint/tickets-by-queue",
    "environment/tickets-env/1",
    "model/ticket-words/1",
    "model/ticket-words/2",
    "traffic/tickets-by-queue",
}
BLUE = "batchEndpoints/tickets-by-queue/deployments/few-words"


def laid(folder: Path, azure: Double) -> Workspace:
    """The example as it is, but for where the workspace of bep.yml is."""
    work = Workspace(folder, azure, "")
    ours = (folder / "bep.yml").read_text()
    shutil.copytree(EXAMPLE, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".bep", "__pycache__"))
    provider = ours[ours.index("provider:") : ours.index("specs:")]
    theirs = (folder / "bep.yml").read_text()
    before, specs = theirs[: theirs.index("provider:")], theirs[theirs.index("specs:") :]
    (folder / "bep.yml").write_text(before + provider + specs)
    return work


def test_the_example_lives_its_whole_life(tmp_path: Path, azure_with_blobs: Double) -> None:
    azure = azure_with_blobs
    work = laid(tmp_path, azure)
    before = set(azure.paths())

    def edit(name: str, old: str, new: str) -> None:
        text = (tmp_path / name).read_text()
        assert text.count(old) == 1
        (tmp_path / name).write_text(text.replace(old, new))

    def default() -> object:
        return azure.resource("batchEndpoints/tickets-by-queue").body["properties"]["defaults"]["deploymentName"]

    work.bep("run", "job.yml", "--local", "--name", "tried")
    assert not azure.log.requests()
    work.bep("plan", "-o", "plan.json")
    work.bep("apply", "plan.json")
    assert set(work.bep("state", "list").split()) == EVERYTHING
    assert work.is_settled()
    said = work.bep("run", "job.yml", "--name", "there")
    assert "job there: with tickets-by-queue/few-words" in said
    assert "output: azureml://datastores/archive/paths/few-words" in said
    [job] = azure.jobs.all
    assert job.body["properties"]["inputData"]["tickets"]["uri"].endswith("/data/tickets/versions/1")
    assert "there" in work.bep("job", "list")
    assert "there" not in work.bep("job", "list", "--provider", "local")

    edit("compute.yml", "max_instances: 2", "max_instances: 3")
    edit("deployments/few-words.yml", "mini_batch_size: 4", "mini_batch_size: 6")
    azure.log.clear()
    work.bep("apply", "-y")
    assert sorted(one.path.rpartition("/workspaces/ws/")[2] for one in azure.log.writes()) == [
        BLUE,
        "computes/batch-cpu",
    ]
    assert work.is_settled()

    edit("endpoint.yml", "deployment_name: few-words", "deployment_name: more-words")
    work.bep("apply", "-y")
    assert default() == "more-words"
    assert work.is_settled()
    work.bep("rollback", "-y")
    assert default() == "few-words"
    edit("endpoint.yml", "deployment_name: more-words", "deployment_name: few-words")

    strange = azure.resource(BLUE).body
    azure.seed(BLUE, {**strange, "properties": {**strange["properties"], "miniBatchSize": 77}})
    assert "77 -> 6" in work.bep("plan", "--detailed-exitcode", expect=2)
    work.bep("apply", "-y")
    assert work.is_settled()

    for file in (tmp_path / ".bep").glob("*state*"):
        shutil.rmtree(file) if file.is_dir() else file.unlink()
    work.bep("import", "--all")
    assert set(work.bep("state", "list").split()) == EVERYTHING
    assert work.is_settled()

    azure.log.clear()
    assert "2 to update. 8 resources match" in work.bep("plan", "--provider", "local")
    assert "Completed" in work.bep("job", "show", "tried", "--provider", "local")
    assert not azure.log.requests()
    work.bep("destroy", "-y", "--allow", "delete-many", "--allow", "delete-active")
    assert work.bep("state", "list").split() == []
    containers = {"data/tickets", "environments/tickets-env", "models/ticket-words"}
    left = {path for path in set(azure.paths()) - before if not path.startswith("codes/")}
    assert left <= containers
