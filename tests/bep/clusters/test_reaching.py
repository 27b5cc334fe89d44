"""What keeps a job from its Ray cluster: all of it is said before anything is begun, and by the doctor."""

import json

import pytest

from bep.app.errors import Refused
from bep.app.jobs.requests.in_shares import must_be_clear
from tests.bep.clusters.conftest import TOKEN, OnCluster
from tests.bep.conftest import Workspace

NOWHERE = "http://127.0.0.1:9"


def refused(work: Workspace, *words: str, **environment: str) -> str:
    """What is said of a job that is not begun."""
    said = work.bep("run", "job.yml", "--name", "nightly", *words, expect=3, **environment).stderr
    assert not (work.folder / ".bep/jobs/nightly").exists()
    assert json.loads(work.bep("job", "list", "-o", "json").stdout) == []
    return said


def test_everything_is_said_at_once(on_cluster: OnCluster) -> None:
    on_cluster.compute(f"dashboard: {NOWHERE}\nshare: nowhere")
    said = refused(on_cluster)
    assert f"compute/cpu-cluster: {NOWHERE} does not answer: Connection refused" in said
    assert f"compute/cpu-cluster: {on_cluster.folder}/nowhere: there is no such folder to share" in said
    assert f"mkdir -p {on_cluster.folder}/nowhere" in said
    assert "\n2 errors." in said
    assert not (on_cluster.folder / "nowhere").exists()


@pytest.mark.parametrize(
    ("token", "told", "fix"),
    [
        ("", "wants a token, and was given none", "put the cluster's token in RAY_AUTH_TOKEN"),
        ("another", "does not take the token that it was given", "put the token of this cluster in RAY_AUTH_TOKEN"),
        ("two words", "has signs that no token has, such as spaces", "put the token into RAY_AUTH_TOKEN"),
    ],
)
def test_a_token_that_is_none_of_the_clusters(on_cluster: OnCluster, token: str, told: str, fix: str) -> None:
    on_cluster.dashboard.token = TOKEN
    said = refused(on_cluster, RAY_AUTH_TOKEN=token)
    assert told in said
    assert fix in said
    assert TOKEN not in said
    on_cluster.bep("run", "job.yml", RAY_AUTH_TOKEN=TOKEN)


def test_a_token_that_others_may_read_is_not_used(on_cluster: OnCluster) -> None:
    file = on_cluster.folder / "token"
    file.write_text(TOKEN)
    file.chmod(0o644)
    on_cluster.dashboard.token = TOKEN
    before = on_cluster.dashboard.asked
    assert f"chmod 600 {file}" in refused(on_cluster, RAY_AUTH_TOKEN_PATH=str(file))
    assert on_cluster.dashboard.asked == before
    file.chmod(0o600)
    on_cluster.bep("run", "job.yml", RAY_AUTH_TOKEN_PATH=str(file))


def test_an_address_alone_needs_ray_here(on_cluster: OnCluster) -> None:
    on_cluster.compute("address: 127.0.0.1:6379\nshare: share")
    said = refused(on_cluster)
    assert "has an address and no dashboard, and this machine has no Ray that could come in there" in said
    assert "pip install 'bep-batch[ray]'; or give the compute its dashboard" in said


def test_a_job_that_is_ordered_or_gone_on_with_is_told_the_same(on_cluster: OnCluster) -> None:
    (on_cluster.folder / "code/score.py").write_text("def run(mini_batch):\n    raise ValueError('broken')\n")
    on_cluster.bep("apply", "-y")
    on_cluster.bep("run", "job.yml", "--name", "nightly", "--set", "error_threshold=0", expect=1)
    on_cluster.compute(f"dashboard: {NOWHERE}\nshare: share")
    for verb in ("resume", "retry"):
        assert "does not answer" in on_cluster.bep("job", verb, "nightly", expect=3).stderr
    assert "does not answer" in on_cluster.bep("run", "job.yml", "--no-wait", expect=3).stderr
    assert len(on_cluster.asked("nightly")) == 1


def test_neither_validate_nor_plan_ask_the_cluster(on_cluster: OnCluster) -> None:
    on_cluster.compute(f"dashboard: {NOWHERE}\nshare: nowhere")
    on_cluster.bep("validate")
    on_cluster.bep("validate", "job.yml")
    on_cluster.bep("plan")


def test_a_script_that_writes_its_own_files_needs_a_folder(on_cluster: OnCluster) -> None:
    on_cluster.edit("specs.yml", "{mini_batch_size: 2}", "{mini_batch_size: 2, output_action: summary_only}")
    on_cluster.bep("apply", "-y")
    specs = (on_cluster.folder / "specs.yml").read_text()
    (on_cluster.folder / "specs.yml").write_text(specs.replace("share: share", "share: s3://bucket/share"))
    said = on_cluster.bep("validate", expect=3).stdout
    assert "compute/cpu-cluster has a store as its share" in said
    # the specs that are applied last are those that count: the compute alone
    (on_cluster.folder / "c.yml").write_text(specs.partition("---\n")[0].replace("share: share", "share: s3://b/share"))
    on_cluster.edit("bep.yml", "[specs.yml]", "[c.yml]")
    (on_cluster.folder / "specs.yml").write_text(specs)
    on_cluster.bep("apply", "-y", "--target", "compute/cpu-cluster")
    assert "compute/cpu-cluster has a store as its share" in refused(on_cluster)


def test_a_credential_in_an_environments_lines_stays_here() -> None:
    asks = {"conda": None, "pip": ["--index-url https://ann:pa55w0rd99@example.com/simple", "x"]}
    with pytest.raises(Refused, match="environment e/1: a line of it has a credential written out") as refused:
        must_be_clear("e/1", asks)
    assert "pa55w0rd99" not in str(refused.value)
    must_be_clear("e/1", {"pip": ["--index-url https://${{ env.USER }}@example.com/simple"]})


def test_the_doctor_looks_at_each_cluster(on_cluster: OnCluster) -> None:
    def looked(**environment: str) -> list[dict[str, str]]:
        rows = json.loads(on_cluster.bep("doctor", "--json", expect=None, **environment).stdout)
        return [row for row in rows if row["name"] == "cluster cpu-cluster"]

    [well] = looked()
    assert well["verdict"] == "ok"
    assert well["found"] == f"by the dashboard at {on_cluster.dashboard.url}; {on_cluster.share} can be written to"
    on_cluster.dashboard.token = TOKEN
    on_cluster.share.rmdir()
    wrong = looked()
    assert [row["verdict"] for row in wrong] == ["problem", "problem"]
    assert wrong[0]["found"] == f"{on_cluster.dashboard.url} wants a token, and was given none"
    assert wrong[0]["fix"].startswith("put the cluster's token in RAY_AUTH_TOKEN")
    assert wrong[1]["found"] == f"{on_cluster.share}: there is no such folder to share"
