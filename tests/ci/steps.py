"""The shell commands of pipelines, read from their files and carried out one after the other, as a runner would.

An expression that a test has no value for, a task that it does not know, is an error: nothing is left out unseen.
"""

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

EXAMPLES = Path(__file__).parents[2] / "examples" / "ci"
INSTALL = re.compile(r'python -m pip install --quiet "\$(BEP|PACKAGE)"')


@dataclass
class Step:
    """One step: a script, or what a runner has built in (`uses`), which a test plays."""

    name: str
    script: str = ""
    uses: str = ""
    id: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, Any] = field(default_factory=dict)
    folder: str = "."
    kept: tuple[str, ...] = ()
    """Files that GitLab keeps of a job."""


@dataclass
class Runner:
    """Carries steps out in a folder. `values` are what expressions stand for; `shell` how a host starts bash."""

    folder: Path
    environment: dict[str, str]
    values: dict[str, str]
    shell: tuple[str, ...] = ("bash", "--noprofile", "--norc", "-eo", "pipefail")
    said: list[str] = field(default_factory=list)
    played: list[str] = field(default_factory=list)

    def run(self, step: Step) -> int:
        """The exit code of a script. What pip would install is there already."""
        if INSTALL.fullmatch(step.script.strip()):
            return 0
        output, summary = self.folder / ".output", self.folder / ".summary"
        output.write_text("")
        given = {name: self.resolved(value) for name, value in step.environment.items()}
        environment = {**self.environment, **given, "GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(summary)}
        script = self.folder / ".script"
        script.write_text(self.resolved(step.script))
        done = subprocess.run(
            [*self.shell, str(script)],
            cwd=self.folder / self.resolved(step.folder),
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        self.said.append(f"{step.name}\n{done.stdout}{done.stderr}")
        for name, value in re.findall(r"^(\w+)=(.*)$", output.read_text(), re.MULTILINE):
            self.values[f"steps.{step.id}.outputs.{name}"] = value
        for name, value in re.findall(r"##vso\[task\.setvariable variable=(\w+)\](.*)", done.stdout):
            self.values[name] = value
        return done.returncode

    def resolved(self, text: str) -> str:
        """The text with values for `${{ expressions }}`, and for `$(macros)` that Azure Pipelines knows."""
        text = re.sub(r"\$\{\{\s*(.+?)\s*\}\}", lambda found: self.values[found[1]], str(text))
        return re.sub(r"\$\(([\w.]+)\)", lambda found: self.values.get(found[1], found[0]), text)


def github(name: str, job: str) -> Iterator[Step]:
    """The steps of a job of a workflow, those of our own action in the place where it is used."""
    workflow = yaml.safe_load((EXAMPLES / "github" / name).read_text())
    found = workflow["jobs"][job]
    above = {**workflow.get("env", {}), **found.get("env", {})}
    for step in found["steps"]:
        if str(step.get("uses", "")).startswith("./.github/actions/"):
            yield from _action(EXAMPLES / "github" / step["uses"].removeprefix("./.github/"), step["with"], above)
        else:
            yield _github_step(step, above)


def _action(folder: Path, given: Mapping[str, str], above: Mapping[str, str]) -> Iterator[Step]:
    action = yaml.safe_load((folder / "action.yml").read_text())
    inputs = {name: str(given.get(name, about.get("default"))) for name, about in action["inputs"].items()}
    text = yaml.safe_dump(action["runs"]["steps"])
    for name, value in inputs.items():
        text = re.sub(r"\$\{\{\s*inputs\." + name + r"\s*\}\}", lambda _, value=value: value, text)  # type: ignore[misc]
    for step in yaml.safe_load(text):
        assert "uses" in step or step["shell"] == "bash"
        yield _github_step(step, above)


def _github_step(step: Mapping[str, Any], above: Mapping[str, str]) -> Step:
    return Step(
        step.get("name", ""), step.get("run", ""), step.get("uses", "").partition("@")[0], step.get("id", ""),
        {**above, **{name: value or "" for name, value in step.get("env", {}).items()}}, step.get("with", {}),
        step.get("working-directory", "."),
    )  # fmt: skip


def gitlab(job: str) -> Iterator[Step]:
    """The scripts of a job, as one: what an earlier line sets, a later one has."""
    pipeline = yaml.safe_load((EXAMPLES / "gitlab" / ".gitlab-ci.yml").read_text())
    lines = [*pipeline["default"]["before_script"], *pipeline[job]["script"]]
    assert INSTALL.fullmatch(lines[0])
    kept = tuple(pipeline[job].get("artifacts", {}).get("paths", ()))
    yield Step(job, "\n".join(lines[1:]), environment=pipeline["variables"], kept=kept)


def azure(stage: str) -> Iterator[Step]:
    """The steps of a stage, scripts of the Azure CLI's task among them."""
    pipeline = yaml.safe_load((EXAMPLES / "azure-pipelines" / "azure-pipelines.yml").read_text())
    (job,) = next(each for each in pipeline["stages"] if each["stage"] == stage)["jobs"]
    for step in job.get("steps") or job["strategy"]["runOnce"]["deploy"]["steps"]:
        environment = {**pipeline["variables"], **step.get("env", {})}
        kind = step.get("task") or next(iter(step))
        script = step.get("bash") or step.get("inputs", {}).get("inlineScript", "")
        inputs = step.get("inputs") or {name: value for name, value in step.items() if name != "displayName"}
        yield Step(step.get("displayName", kind), script, "" if script else kind, "", environment, inputs)


def path_with(folder: Path, bep: str) -> str:
    """A PATH on which `bep` is this one, and `gh`, `curl` and `az` are the stand-ins; `python` is that of the tests."""
    folder.mkdir()
    python = Path(bep).parent / "python"
    stand_in = Path(__file__).with_name("stand_in.py")
    for name, line in {
        "bep": f'exec "{python}" -m bep "$@"',
        "python": f'exec "{python}" "$@"',
        **{each: f'exec "{python}" "{stand_in}" {each} "$@"' for each in ("gh", "curl", "az")},
    }.items():
        (folder / name).write_text(f"#!/bin/sh\n{line}\n")
        (folder / name).chmod(0o755)
    return f"{folder}{os.pathsep}/usr/local/bin{os.pathsep}/usr/bin{os.pathsep}/bin"
