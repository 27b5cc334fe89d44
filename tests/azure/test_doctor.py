"""`bep doctor` against the double: who signs in, what is there, which rights are missing; no token is ever shown."""

import base64
import json
import socket
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from bep.providers.azure.checking import rights
from bep.providers.azure.checking.claims import claims_of
from tests.azure.double.double import Double
from tests.azure.double.serving import _Handler
from tests.azure.double.tokens import ARM, ML, TENANT, token
from tests.azure.workspace import ROOT, Workspace
from tests.bep.conftest import surroundings, write

RIGHTS = ("Azure rights to plan", "Azure rights to apply", "Azure rights to run jobs")
CHECKS = ("Azure sign-in", "Azure workspace", "clock", *RIGHTS, "Azure storage")


def looked(workspace: Workspace, *, expect: int, **environment: str) -> dict[str, Any]:
    """The checks by name; what the workspace's own token is, is in none of them."""
    given = {"BEP_AZURE_ACCESS_TOKEN": workspace.token, "PYTHONPATH": str(ROOT), "STORE_KEY": "k", "S": "s"}
    done = subprocess.run(
        [sys.executable, "-m", "bep", "doctor", "--json"],
        cwd=workspace.folder,
        env={**surroundings(), **given, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (expect, ""), done.stdout + done.stderr
    assert workspace.token not in done.stdout
    assert workspace.token.split(".")[1] not in done.stdout
    return {row["name"]: row for row in json.loads(done.stdout)}


def test_all_is_well(azure_with_blobs: Double, tmp_path: Path) -> None:
    found = looked(Workspace(tmp_path, azure_with_blobs), expect=0)
    assert [found[name]["verdict"] for name in CHECKS] == ["ok"] * len(CHECKS)
    assert found["Azure sign-in"]["found"] == (
        "the token in BEP_AZURE_ACCESS_TOKEN: someone@example.org, object 12121212-3434-5656-7878-909090909090,"
        f" of the tenant {TENANT}; for the subscription {azure_with_blobs.subscription_id}"
    )
    assert found["Azure workspace"]["found"] == "rg/ws in eastus2"
    assert not azure_with_blobs.log.requests("PUT")


def test_each_missing_right_is_named_and_hides_nothing(azure: Double, tmp_path: Path) -> None:
    prefix = "Microsoft.MachineLearningServices/workspaces"
    azure.denied_actions += [f"{prefix}/computes/write", f"{prefix}/batchEndpoints/deployments/*", rights.SECRETS]
    found = looked(Workspace(tmp_path, azure), expect=3)
    lacking = f"{prefix}/batchEndpoints/deployments/read"
    assert found["Azure rights to plan"]["found"] == f"missing: {lacking}"
    for action in ("computes/write", "batchEndpoints/deployments/write", "batchEndpoints/deployments/delete"):
        assert f"{prefix}/{action}" in found["Azure rights to apply"]["found"]
    assert f"{prefix}/computes/delete" not in found["Azure rights to apply"]["found"]
    to_run = found["Azure rights to run jobs"]
    assert to_run["verdict"] == "warning"  # who plans and applies need not be who runs jobs
    assert to_run["found"] == f"missing: {prefix}/batchEndpoints/deployments/jobs/write"
    assert found["Azure storage"]["verdict"] == "warning"  # no spec has a file that would be stored
    lacks_client = "azure-storage-blob is not installed" in found["Azure storage"]["found"]
    assert lacks_client == (find_spec("azure.storage") is None)
    assert lacks_client or rights.SECRETS in found["Azure storage"]["found"]
    assert found["Azure sign-in"]["verdict"] == "ok"


def test_a_token_of_another_tenant_is_told_with_the_way_out(azure: Double, tmp_path: Path) -> None:
    azure.faults.inject(401, code="InvalidAuthenticationTokenTenant", count=100)
    found = looked(Workspace(tmp_path, azure), expect=3)
    assert TENANT in found["Azure sign-in"]["found"]
    assert "InvalidAuthenticationTokenTenant (401)" in found["Azure workspace"]["found"]
    assert "sign in to the tenant of the subscription" in found["Azure workspace"]["fix"]
    for name in ("Azure rights", "Azure storage"):
        assert (found[name]["verdict"], found[name]["found"]) == ("skipped", "the workspace cannot be read")


def test_a_token_that_is_over_is_told_before_it_is_refused(azure: Double, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path, azure)
    workspace.token = token(ARM, ML, expires_in=-60)
    found = looked(workspace, expect=3)
    assert "the token ended at" in found["Azure sign-in"]["found"]
    assert "ExpiredAuthenticationToken" in found["Azure workspace"]["found"]


@pytest.mark.parametrize(
    ("old", "new", "code", "field"),
    [
        ("workspace_name: ws", "workspace_name: other", "ResourceNotFound", "workspace_name"),
        ("resource_group: rg", "resource_group: other", "ResourceGroupNotFound", "resource_group"),
    ],
)
def test_what_is_not_there_is_named(azure: Double, tmp_path: Path, old: str, new: str, code: str, field: str) -> None:
    workspace = Workspace(tmp_path, azure)
    config = tmp_path / "bep.yml"
    config.write_text(config.read_text().replace(old, new))
    found = looked(workspace, expect=3)
    assert code in found["Azure workspace"]["found"]
    assert found["Azure workspace"]["fix"].startswith(f"mend {field} in bep.yml")


def test_nobody_has_signed_in(azure: Double, tmp_path: Path) -> None:
    pytest.importorskip("azure.identity")
    # A chain of one, so that neither this machine's own sign-ins nor its network decide.
    alone = {"BEP_AZURE_ACCESS_TOKEN": "", "AZURE_TOKEN_CREDENTIALS": "EnvironmentCredential"}
    found = looked(Workspace(tmp_path, azure), expect=3, **alone)
    assert found["Azure sign-in"]["verdict"] == "problem"
    assert "az login" in found["Azure sign-in"]["fix"]
    assert (found["Azure workspace"]["verdict"], found["Azure workspace"]["found"]) == (
        "skipped",
        "nobody has signed in",
    )
    assert not azure.log.requests("GET")


def test_without_the_extra_its_command_is_said(azure: Double, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path, azure)
    code = (
        "import sys; sys.modules['azure.identity'] = None; sys.argv[1:] = ['doctor']; from bep.cli import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=workspace.folder,
        env={**surroundings(), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (3, "")
    said = "problem   Azure sign-in: azure-identity is not installed; install it: pip install 'bep-batch[azure]'\n"
    assert said in done.stdout


def test_an_issuer_that_answers_something_else_is_no_sign_in(azure: Double, tmp_path: Path) -> None:
    pytest.importorskip("azure.identity")
    issuer = {"ACTIONS_ID_TOKEN_REQUEST_URL": f"{azure.base_url}/discovery", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "hushed"}
    whom = {"BEP_AZURE_ACCESS_TOKEN": "", "AZURE_TENANT_ID": TENANT, "AZURE_CLIENT_ID": TENANT}
    found = looked(Workspace(tmp_path, azure), expect=3, **whom, **issuer, AZURE_AUTHORITY_HOST="https://127.0.0.1:1")
    assert found["Azure sign-in"]["verdict"] == "problem"
    assert "hushed" not in json.dumps(found)


@pytest.mark.parametrize(("told", "which"), [("2024", "ahead of"), ("2124", "behind")])
def test_a_clock_that_is_wrong(
    azure: Double, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: str, which: str
) -> None:
    monkeypatch.setattr(_Handler, "date_time_string", lambda *_: f"Sat, 01 Jan {told} 00:00:00 GMT")
    found = looked(Workspace(tmp_path, azure), expect=3)
    assert found["clock"]["verdict"] == "problem"
    assert f"s {which} Azure's" in found["clock"]["found"]


def test_nothing_answers(azure: Double, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path, azure)
    with socket.socket() as taken:  # bound and not listening: refused at once
        taken.bind(("127.0.0.1", 0))
        config = tmp_path / "bep.yml"
        config.write_text(config.read_text().replace(azure.base_url, f"http://127.0.0.1:{taken.getsockname()[1]}"))
        found = looked(workspace, expect=3)
    assert "does not answer" in found["Azure workspace"]["found"]
    assert found["clock"]["found"] == "no server has told the time"


def test_settings_that_are_wrong_are_the_problem(azure: Double, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path, azure)
    write(tmp_path, {"bep.yml": "workspace: letters\nprovider: {azure: {subscription_id: s}}\nspecs: [specs.yml]\n"})
    found = looked(workspace, expect=3)
    assert found["specs"]["verdict"] == "problem"
    assert found["Azure sign-in"]["found"] == "bep.yml does not say which workspace"
    assert found["state"]["found"] == "bep.yml has errors"


@pytest.mark.parametrize("text", ["", "a", "a.b", "a.!!!.c", "a.bnVsbA.c", "a.e30.c"])
def test_a_token_that_says_nothing_is_read_all_the_same(text: str) -> None:
    assert str(claims_of(text)) == "somebody whom the token does not name"


def test_claims_that_are_no_texts_are_none() -> None:
    body = base64.urlsafe_b64encode(json.dumps({"tid": 1, "oid": ["x"], "exp": "soon", "upn": "u"}).encode()).decode()
    assert claims_of(f"h.{body}.s").who == ("u",)
    assert claims_of(f"h.{body}.s").until is None


@pytest.mark.parametrize(
    ("roles", "lacks"),
    [
        ([], True),
        ([{"actions": ["*"], "notActions": []}], False),
        ([{"actions": ["*/read"]}], False),
        ([{"actions": ["microsoft.machinelearningservices/WORKSPACES/*/read"]}], False),
        ([{"actions": ["*"], "notActions": ["*/models/*"]}], True),
        ([{"actions": ["*"], "notActions": ["*/models/*"]}, {"actions": ["*/read"]}], False),
        ([{"actions": ["*/write", "*/rea", "Microsoft.MachineLearningServices/workspaces/models"]}], True),
        ([{"actions": None, "dataActions": ["*"]}], True),
    ],
)
def test_an_action_is_had_where_one_role_has_it(roles: list[dict[str, Any]], lacks: bool) -> None:
    action = "Microsoft.MachineLearningServices/workspaces/models/versions/read"
    assert bool(rights.missing([action], roles)) is lacks


def test_actions_are_those_of_the_kinds() -> None:
    prefix = "Microsoft.MachineLearningServices/workspaces"
    assert [*rights.reading(["traffic", "endpoint", "model"])] == [
        f"{prefix}/read",
        f"{prefix}/batchEndpoints/read",
        f"{prefix}/models/versions/read",
    ]
    assert [*rights.writing(["deployment"], has_code=True)] == [
        f"{prefix}/batchEndpoints/deployments/write",
        f"{prefix}/batchEndpoints/deployments/delete",
        f"{prefix}/codes/versions/read",
        f"{prefix}/codes/versions/write",
    ]
