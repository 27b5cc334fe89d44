"""`bep rollback`: an applied plan taken back, from what the world still keeps; what cannot be is said beforehand."""

import json
import shutil
from collections.abc import Callable

from tests.bep.conftest import Workspace

Golden = Callable[[str, str], None]

GREEN = """\
---
name: green
endpoint_name: letters
type: model
model: azureml:alphabet:1
code_configuration: {code: code, scoring_script: score.py}
environment: azureml:plain:1
compute: azureml:cpu-cluster
"""


def planned_and_applied(workspace: Workspace, *options: str) -> None:
    """The next plan, kept as plan.json, applied."""
    workspace.bep("plan", "-o", "plan.json", *options)
    workspace.bep("apply", "plan.json")


def test_edits_additions_files_and_traffic_are_taken_back(applied: Workspace, golden: Golden) -> None:
    specs, code = (applied.folder / "specs.yml").read_text(), (applied.folder / "code/score.py").read_text()
    (applied.folder / "specs.yml").write_text(
        specs.replace("size: 2", "size: 7").replace(": blue}", ": green}") + GREEN
    )
    (applied.folder / "code/score.py").write_text(code + "# changed\n")
    planned_and_applied(applied)
    said = applied.bep("rollback", "plan.json", "-y")
    plan = json.loads((applied.folder / "plan.json").read_text())
    golden("bep/rollback.txt", said.stdout.replace(plan["digest"], "sha256:..."))
    assert "The specs still ask for what was taken back" in said.stderr
    assert applied.bep("plan", "--detailed-exitcode", expect=2).stdout.endswith(
        "Plan: 1 to create, 1 to update, 1 to shift. 4 resources match their specs.\n"
    )
    (applied.folder / "specs.yml").write_text(specs)
    (applied.folder / "code/score.py").write_text(code)
    assert "Nothing to do" in applied.bep("plan", "--detailed-exitcode").stdout
    applied.bep("run", "job.yml")


def test_guards_go_back_to_what_they_were(applied: Workspace) -> None:
    specs = (applied.folder / "specs.yml").read_text()
    guard = "x-bep: {lifecycle: {prevent_destroy: true}}\n"
    guarded = specs.replace("max_instances: 2\n", "max_instances: 2\n" + guard)  # state only
    (applied.folder / "specs.yml").write_text(guarded.replace("size: 2}\n", "size: 3}\n" + guard))
    planned_and_applied(applied)
    applied.bep("rollback", "plan.json", "-y")
    (applied.folder / "specs.yml").write_text(specs)
    assert "Nothing to do" in applied.bep("plan", "--expect-no-changes").stdout


def test_what_was_destroyed_comes_back_although_its_files_are_gone(applied: Workspace) -> None:
    before = {name: applied.bep("show", name, "--query", "attributes").stdout for name in ("blue", "model/alphabet/1")}
    applied.bep("destroy", "-y")
    files = {name: (applied.folder / name).read_bytes() for name in ("code/score.py", "model/letters.txt")}
    shutil.rmtree(applied.folder / "code")
    shutil.rmtree(applied.folder / "model")
    applied.bep("rollback", "-y")
    assert {name: applied.bep("show", name, "--query", "attributes").stdout for name in before} == before
    for name, data in files.items():
        (applied.folder / name).parent.mkdir()
        (applied.folder / name).write_bytes(data)
    assert "Nothing to do" in applied.bep("plan", "--detailed-exitcode").stdout
    applied.bep("run", "job.yml")


def test_what_a_later_apply_changed_is_not_taken_back(applied: Workspace) -> None:
    applied.edit("specs.yml", "max_instances: 2", "max_instances: 3")
    planned_and_applied(applied)
    applied.edit("specs.yml", "max_instances: 3", "max_instances: 4")
    assert "was not applied here" in _refused(applied, kept(applied, "next.json"))
    applied.bep("apply", "-y")
    assert "a later apply changed what this plan did" in _refused(applied, "plan.json")
    applied.bep("rollback", "-y")
    applied.bep("rollback", "plan.json", "-y")
    assert applied.bep("show", "compute/cpu-cluster", "--query", "attributes.max_instances").stdout.strip() == "2"


def kept(workspace: Workspace, name: str) -> str:
    """The next plan, kept and not applied."""
    workspace.bep("plan", "-o", name)
    return name


def _refused(workspace: Workspace, plan: str) -> str:
    before = (workspace.folder / ".bep/state.json").read_bytes()
    said = workspace.bep("rollback", plan, "-y", expect=4).stderr
    assert (workspace.folder / ".bep/state.json").read_bytes() == before
    return said


def test_what_is_kept_nowhere_is_said_and_left(applied: Workspace) -> None:
    (applied.folder / "specs.yml").write_text((applied.folder / "specs.yml").read_text() + GREEN)
    applied.bep("apply", "-y")
    (applied.folder / "specs.yml").write_text((applied.folder / "specs.yml").read_text().replace(GREEN, ""))
    applied.edit("specs.yml", "max_instances: 2", "max_instances: 3")
    planned_and_applied(applied)
    shutil.rmtree(applied.folder / ".bep/cloud/content")
    said = applied.bep("rollback", "plan.json", "-y").stdout
    assert "This cannot be taken back" in said
    assert "deployment/letters/green: the files of code_configuration.code are not kept" in said
    assert applied.bep("show", "compute/cpu-cluster", "--query", "attributes.max_instances").stdout.strip() == "2"


SETTINGS = "settings: {mini_batch_size: 2}\n"
HIDDEN = 'settings: {mini_batch_size: 2, environment_variables: {WORD: "${{ env.WORD }}"}}\n'


def test_what_a_plan_says_of_its_rollback_is_what_the_rollback_leaves(applied: Workspace) -> None:
    """A deletion, a version and a script, a secret: judged before and after by what the world keeps."""
    applied.edit("specs.yml", SETTINGS, HIDDEN)
    (applied.folder / "specs.yml").write_text((applied.folder / "specs.yml").read_text() + GREEN)
    applied.bep("apply", "-y", WORD="first-of-all")
    specs = (applied.folder / "specs.yml").read_text()
    for changed, code, word in (
        (specs.replace(GREEN, "").replace("size: 2", "size: 3"), "", "first-of-all"),
        (
            specs.replace("alphabet, version: 1", "alphabet, version: 2").replace("alphabet:1", "alphabet:2"),
            "#",
            "first-of-all",
        ),
        (specs, "", "second-of-all"),
    ):
        (applied.folder / "specs.yml").write_text(changed)
        with (applied.folder / "code/score.py").open("a") as script:
            script.write(code)
        applied.bep("plan", "-o", "plan.json", WORD=word)
        plan = json.loads((applied.folder / "plan.json").read_text())
        said = {f"  {undo['address']}: {undo['obstacle']}" for undo in plan["rollback"] if undo["obstacle"]}
        assert bool(said) == (word == "second-of-all")
        applied.bep("apply", "plan.json", WORD=word)
        (applied.folder / "specs.yml").write_text(specs)
        done = applied.bep("rollback", "plan.json", "-y", WORD=word, expect=1 if said else 0)
        assert {line for line in done.stdout.splitlines() if " is not kept" in line or " are not kept" in line} == said
        text = (applied.folder / "code/score.py").read_text()
        (applied.folder / "code/score.py").write_text(text.removesuffix("#"))
        applied.bep("plan", "--expect-no-changes", WORD=word)
