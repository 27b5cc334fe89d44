"""`bep validate` at the keyboard: one file, a file from a pipe, from another folder, and the ways to write findings."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bep.schemas.findings.finding import Finding, mistake, warning
from bep.schemas.findings.sarif import findings_sarif
from bep.schemas.mark import Mark
from tests.bep.conftest import Workspace, surroundings, write

COMPUTE = "kind: compute\nname: cpu\ntype: amlcompute\n"
DEPLOYMENT = "kind: deployment\nname: blue\nendpoint_name: letters\ncompute: azureml:cpu\nmodel: {path: model.txt}\n"


def piped(folder: Path, text: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`bep validate -` with a text from a pipe."""
    command = [sys.executable, "-m", "bep", "validate", "-", *arguments]
    return subprocess.run(
        command, cwd=folder, env=surroundings(), input=text, capture_output=True, text=True, timeout=60, check=False
    )


def findings(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    """The findings of a command that wrote JSON."""
    found: list[dict[str, Any]] = json.loads(done.stdout)["findings"]
    return found


def test_one_file_knows_the_workspace_above_it(tmp_path: Path) -> None:
    write(tmp_path, {"ml/bep.yml": "workspace: x\nspecs: [specs/*.yml]\n", "ml/specs/compute.yml": COMPUTE})
    write(tmp_path, {"ml/specs/d.yml": DEPLOYMENT + "typo: 1\n", "ml/specs/model.txt": "x"})
    write(tmp_path, {"ml/specs/e.yml": "kind: endpoint\nname: letters\n"})
    for folder, path in (
        (tmp_path, "ml/specs/d.yml"),
        (tmp_path / "ml/specs", "d.yml"),
        (tmp_path / "ml", "specs/d.yml"),
    ):
        found = findings(Workspace(folder).bep("validate", path, "--json", expect=3))
        assert {finding["file"] for finding in found} == {path}
        assert "unresolved-reference" not in {finding["code"] for finding in found}
    absolute = str(tmp_path / "ml/specs/e.yml")
    assert "valid: 1 resource" in Workspace(tmp_path).bep("validate", absolute).stdout


def test_a_pipe_stands_for_the_file_that_declares_the_same(tmp_path: Path) -> None:
    write(tmp_path, {"bep.yml": "workspace: x\n", "compute.yml": COMPUTE})
    assert piped(tmp_path, COMPUTE).returncode == 0
    done = piped(tmp_path, COMPUTE + "typo: 1\n", "--json")
    assert done.returncode == 3
    assert [(one["file"], one["line"], one["code"]) for one in findings(done)] == [("-", 4, "unknown-field")]
    assert piped(tmp_path, "\0", "--json").returncode == 3


def test_a_plan_of_one_file_deletes_nothing_else(tmp_path: Path) -> None:
    write(tmp_path, {"bep.yml": "workspace: x\n", "compute.yml": COMPUTE, "e.yml": "kind: endpoint\nname: letters\n"})
    workspace = Workspace(tmp_path)
    workspace.bep("apply", "-y")
    write(tmp_path, {"compute.yml": COMPUTE + "max_instances: 9\n"})
    planned = json.loads(workspace.bep("plan", "compute.yml", "--json").stdout)
    assert [(change["action"], change["address"]) for change in planned["changes"]] == [("update", "compute/cpu")]


@pytest.mark.parametrize(
    "finding",
    [
        mistake("unknown-field", "compute/ä b", "100 % wrong", "Mend it.", Mark("a b/ü%.yml", 2, 3)),
        warning("no-workspace", "", "nowhere"),
        mistake("not-utf-8", "", "x", mark=Mark("/there/x.yml", 1, 1)),
    ],
)
def test_sarif_has_what_its_readers_need(finding: Finding) -> None:
    """Required by the schema of SARIF 2.1.0, and by code scanning of GitHub (docs: SARIF support)."""
    log = json.loads(findings_sarif([finding], "1.2.3"))
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-schema-2.1.0.json")
    (run,) = log["runs"]
    assert run["tool"]["driver"]["name"] == "bep"
    assert run["tool"]["driver"]["version"] == "1.2.3"
    (result,) = run["results"]
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == finding.code
    assert result["level"] == finding.severity.value
    assert finding.message in result["message"]["text"]
    (location,) = result["locations"]
    place = location["physicalLocation"]
    assert place["region"]["startLine"] >= 1
    assert place["region"]["startColumn"] >= 1
    assert place["artifactLocation"]["uri"].isascii()
    assert " " not in place["artifactLocation"]["uri"]
    base = place["artifactLocation"].get("uriBaseId")
    assert base in run["originalUriBaseIds"] or place["artifactLocation"]["uri"].startswith("/")


def test_sarif_of_specs_that_are_right_is_a_run_without_results(tmp_path: Path) -> None:
    write(tmp_path, {"bep.yml": "workspace: x\n", "compute.yml": COMPUTE})
    (run,) = json.loads(Workspace(tmp_path).bep("validate", "-o", "sarif").stdout)["runs"]
    assert run["results"] == []


def test_a_job_is_checked_as_a_run_reads_it(workspace: Workspace) -> None:
    assert "The job is valid." in workspace.bep("validate", "job.yml").stdout
    workspace.edit("job.yml", "endpoint: letters", "endpoint: leters\ndeployment: blue\nmini_bach_size: 1")
    found = findings(workspace.bep("validate", "job.yml", "specs.yml", "--json", expect=3))
    assert [(one["code"], one["line"], one["fix"]) for one in found] == [
        ("unknown-endpoint", 2, "Did you mean 'letters'?"),
        ("unknown-field", 4, "Did you mean 'mini_batch_size'?"),
    ]


def test_a_file_of_az_ml_is_a_job(workspace: Workspace) -> None:
    inputs = "inputs:\n  texts: {type: uri_folder, path: texts}\noutputs:\n  scores: {type: uri_folder, mode: upload}\n"
    (workspace.folder / "inputs.yml").write_text(inputs)
    assert workspace.bep("validate", "inputs.yml", "specs.yml").stdout.endswith("resources.\nThe job is valid.\n")
    workspace.edit("bep.yml", "specs: [specs.yml]\n", "")  # then a pattern finds it, and passes it over
    assert "valid: 6 resources" in workspace.bep("validate").stdout
    workspace.bep("apply", "-y")
    done = workspace.bep("run", "inputs.yml", "-e", "letters", "--query", "counts.scored", "-o", "tsv")
    assert done.stdout.strip() == "5"
