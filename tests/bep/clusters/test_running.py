"""A job whose compute is a Ray cluster: what of the workspace its engine is told, and the same again later."""

import json

import pytest

from bep import api
from tests.bep.clusters.conftest import OnCluster, answering

RAISES = "import os\n\n\ndef run(mini_batch):\n    if os.path.exists({flag!r}):\n        raise ValueError('not now')\n"
CONDA = "environment: {name: plain, version: 2, image: python, conda_file: {dependencies: [%s]}}"


def test_it_is_scored_there_and_nothing_is_built_here(on_cluster: OnCluster) -> None:
    on_cluster.edit("specs.yml", "environment: {name: plain, version: 1, image: python}", CONDA % "python=3.9, numpy")
    on_cluster.bep("apply", "-y")
    on_cluster.bep("run", "job.yml", "--name", "nightly")
    record = json.loads(on_cluster.bep("job", "show", "nightly", "-o", "json").stdout)
    assert (record["status"], record["engine"]) == ("Completed", "ray")
    cluster = record["cluster"]
    assert (cluster["dashboard"], cluster["address"]) == (on_cluster.dashboard.url, "")
    assert cluster["share"] == str(on_cluster.share)
    assert (cluster["max_instances"], cluster["node_timeout"], cluster["start_timeout"]) == (4, 20, 300)
    assert cluster["world"] == "local"
    assert "numpy" in json.dumps(cluster["asks"])
    [asked] = on_cluster.asked("nightly")
    assert (asked["cluster"], asked["interpreter"]) == (cluster, [])
    assert json.loads(on_cluster.bep("env", "list", "-o", "json").stdout) == []
    [output] = on_cluster.folder.glob(".bep/**/predictions.csv")
    assert len(output.read_text().splitlines()) == 5
    assert [*on_cluster.share.iterdir()] == []  # what was put there to see whether it can be is gone


def test_an_environment_that_writes_the_output_is_here_too(on_cluster: OnCluster) -> None:
    pytest.importorskip("pyarrow", reason="no pyarrow here")
    (on_cluster.folder / "flag").touch()
    raising = RAISES.format(flag=str(on_cluster.folder / "flag"))
    returning = "    return [{'name': str(one)} for one in mini_batch]\n"
    (on_cluster.folder / "code/score.py").write_text(raising + returning)
    on_cluster.bep("apply", "-y")
    wanted = ["--name", "nightly", "--output-format", "parquet", "--set", "error_threshold=0"]
    on_cluster.bep("run", "job.yml", *wanted, expect=1)
    (on_cluster.folder / "flag").unlink()
    on_cluster.bep("job", "retry", "nightly")
    assert all(asked["interpreter"] for asked in on_cluster.asked("nightly"))
    [output] = on_cluster.folder.glob(".bep/**/predictions.parquet")
    assert output.read_bytes()[:4] == b"PAR1"


def test_it_goes_on_where_the_cluster_is_now_with_the_share_that_it_has(on_cluster: OnCluster) -> None:
    flag = on_cluster.folder / "flag"
    flag.touch()
    script = RAISES.format(flag=str(flag)) + "    return mini_batch\n"
    (on_cluster.folder / "code/score.py").write_text(script)
    on_cluster.bep("apply", "-y")
    on_cluster.bep("run", "job.yml", "--name", "nightly", "--set", "error_threshold=0", expect=1)
    flag.unlink()
    with answering() as moved:
        (on_cluster.folder / "other").mkdir()
        on_cluster.compute(f"dashboard: {moved.url}\nshare: other\nnode_timeout: 7")
        on_cluster.bep("job", "retry", "nightly")
        assert moved.asked
    first, again = (one["cluster"] for one in on_cluster.asked("nightly"))
    assert (again["dashboard"], again["node_timeout"]) == (moved.url, 7)
    assert again["share"] == first["share"] == str(on_cluster.share)
    assert json.loads(on_cluster.bep("job", "show", "nightly", "-o", "json").stdout)["cluster"] == again


def test_a_mended_deployment_takes_its_environment_along(on_cluster: OnCluster) -> None:
    (on_cluster.folder / "code/score.py").write_text("def run(mini_batch):\n    raise ValueError('broken')\n")
    on_cluster.bep("apply", "-y")
    on_cluster.bep("run", "job.yml", "--name", "nightly", "--set", "error_threshold=0", expect=1)
    (on_cluster.folder / "code/score.py").write_text("def run(mini_batch):\n    return mini_batch\n")
    on_cluster.edit(
        "specs.yml",
        "{name: plain, version: 1, image: python}",
        "{name: other, version: 1, image: python, conda_file: {dependencies: [numpy]}}",
    )
    on_cluster.bep("apply", "-y")
    done = on_cluster.bep("job", "retry", "nightly", expect=4)
    assert "began with another letters/blue than is deployed now" in done.stderr
    on_cluster.bep("job", "retry", "nightly", "--mended")
    first, again = (one["cluster"]["asks"] for one in on_cluster.asked("nightly"))
    assert "numpy" not in json.dumps(first)
    assert "numpy" in json.dumps(again)


def test_what_may_be_secret_is_one_before_it_gets_into_a_share(on_cluster: OnCluster) -> None:
    line = "environment_variables: {DB_PASSWORD: hunter2hunter2, REGION: eu}"
    on_cluster.edit("specs.yml", "{mini_batch_size: 2}", "{mini_batch_size: 2, " + line + "}")
    on_cluster.bep("apply", "-y")
    on_cluster.bep("run", "job.yml", "--name", "nightly")
    [asked] = on_cluster.asked("nightly")
    assert asked["secret"] == ["DB_PASSWORD"]
    assert asked["variables"] == {"DB_PASSWORD": "hunter2hunter2", "REGION": "eu"}


def test_a_sample_is_scored_here_and_asks_no_cluster(on_cluster: OnCluster) -> None:
    before = on_cluster.dashboard.asked
    done = on_cluster.bep("run", "job.yml", "--sample", "2")
    assert "a.txt 1" in done.stdout
    assert on_cluster.dashboard.asked == before


def test_a_dry_run_shows_the_cluster_and_asks_it_nothing(on_cluster: OnCluster) -> None:
    before = on_cluster.dashboard.asked
    said = on_cluster.bep("run", "job.yml", "--dry-run").stdout
    assert f"cluster      compute/cpu-cluster, Ray at dashboard {on_cluster.dashboard.url}: 2 nodes\n" in said
    assert f"share        {on_cluster.share}\n" in said
    found = json.loads(on_cluster.bep("run", "job.yml", "--dry-run", "--json").stdout)
    assert found["environment"]["state"] == "nodes"
    assert (found["cluster"]["nodes"], found["cluster"]["workers_per_node"]) == (2, 1)
    assert on_cluster.dashboard.asked == before


def test_from_python_it_is_run_ordered_and_listed_as_any_other(
    on_cluster: OnCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in on_cluster.given.items():
        monkeypatch.setenv(name, value)
    jobs = api.Workspace.open(on_cluster.folder).jobs
    assert jobs.run("job.yml", name="one").check().scored == 5
    assert jobs.preview("job.yml")["cluster"]["compute"] == "compute/cpu-cluster"
    assert jobs.order("job.yml", name="two").status == "Queued"
    on_cluster.bep("job", "cancel", "two")
    assert [(job.name, job.status) for job in jobs.list()] == [("two", "Canceled"), ("one", "Completed")]
