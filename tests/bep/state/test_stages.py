"""Stages of a workspace: one folder of specs, several states and worlds that never meet."""

import json
import sys
from collections.abc import Callable

import pytest

from tests.bep.conftest import Workspace

Golden = Callable[[str, str], None]

STAGES = """\
variables:
  instances: {type: integer, default: 3}
stages:
  staging: {description: for trying, variables: {instances: 1}}
  production: {state: {file: .bep/production.json}}
"""


@pytest.fixture
def staged(workspace: Workspace) -> Workspace:
    """The small workspace with two stages, nothing applied yet."""
    workspace.edit("specs.yml", "max_instances: 2", "max_instances: ${{ var.instances }}")
    workspace.edit("specs.yml", "instance_count: 2", "instance_count: 1")
    with (workspace.folder / "bep.yml").open("a") as stream:
        stream.write(STAGES)
    return workspace


def test_each_has_its_own_values_state_world_and_jobs(staged: Workspace) -> None:
    staged.bep("-S", "staging", "apply", "-y")
    assert json.loads(staged.bep("-S", "production", "plan", "--json").stdout)["unchanged"] == 0
    staged.bep("apply", "-y", BEP_STAGE="production")
    sizes = {
        name: staged.bep("-S", name, "show", "cpu-cluster", "--query", "attributes.max_instances", "-o", "tsv").stdout
        for name in ("staging", "production")
    }
    assert sizes == {"staging": "1\n", "production": "3\n"}
    staged.bep("-S", "staging", "run", "job.yml")
    assert len(json.loads(staged.bep("-S", "staging", "job", "list", "-o", "json").stdout)) == 1
    assert json.loads(staged.bep("-S", "production", "job", "list", "-o", "json").stdout) == []
    staged.bep("-S", "production", "destroy", "-y")
    assert staged.bep("-S", "staging", "plan", "--detailed-exitcode").stdout.startswith("Nothing to do.")
    assert sorted(path.name for path in (staged.folder / ".bep/stages").iterdir()) == ["production", "staging"]
    assert not (staged.folder / ".bep/state.json").exists()
    assert not (staged.folder / ".bep/cloud").exists()


@pytest.mark.parametrize(
    "words",
    [
        ("-S", "staging", "plan", "--json"),
        ("plan", "--stage", "staging", "--json"),
        ("plan", "--json", "--stage=staging"),
        ("-C", ".", "plan", "--json", "-S", "staging"),
    ],
)
def test_the_option_stands_anywhere_and_is_stronger_than_the_variable(
    staged: Workspace, words: tuple[str, ...]
) -> None:
    planned = json.loads(staged.bep(*words, BEP_STAGE="production").stdout)
    assert planned["stage"] == "staging"


def test_an_option_without_a_name_is_a_mistake(staged: Workspace) -> None:
    assert "--stage" in staged.bep("plan", "--stage", expect=1).stderr


def test_without_a_choice_nothing_is_guessed_and_a_default_is_one(staged: Workspace, golden: Golden) -> None:
    said = [
        staged.bep(*words, expect=3).stderr
        for words in (("plan",), ("job", "list"), ("state", "list"), ("-S", "stagin", "plan"))
    ]
    said.append(staged.bep("validate", expect=3).stdout)
    golden("bep/stage-not-chosen.txt", "\n".join(said))
    assert not (staged.folder / ".bep").exists()
    with (staged.folder / "bep.yml").open("a") as stream:
        stream.write("default_stage: staging\n")
    assert json.loads(staged.bep("plan", "--json").stdout)["stage"] == "staging"


def test_a_workspace_without_stages_has_none_to_choose(workspace: Workspace) -> None:
    said = workspace.bep("-S", "staging", "plan", expect=3).stderr
    assert "the stage 'staging' was chosen, but this workspace has no stages" in said
    assert json.loads(workspace.bep("plan", "--json").stdout)["stage"] == ""
    assert "declares none" in workspace.bep("stage", "list").stderr


def test_a_plan_is_refused_in_another_stage(staged: Workspace) -> None:
    said = staged.bep("-S", "staging", "plan", "-o", "plan.json").stderr
    assert "bep --stage staging apply plan.json" in said
    refused = staged.bep("-S", "production", "apply", "plan.json", expect=4)
    assert "it was made for stage staging, and this is stage production" in refused.stderr
    assert not (staged.folder / ".bep/production.json").exists()
    staged.bep("apply", "plan.json", expect=3)
    staged.bep("-S", "staging", "apply", "plan.json")


def test_the_plan_says_which_stage_it_is_for(staged: Workspace) -> None:
    said = staged.bep("-S", "staging", "plan").stdout
    assert said.startswith("Plan for letters in staging on local: no risk found\n")
    comment = staged.bep("-S", "staging", "plan", "--markdown").stdout
    assert comment.startswith("<!-- bep plan: letters in staging -->\n")
    assert "### Plan for letters in staging on local: no risk found\n" in comment


def test_the_list_says_which_is_chosen_and_what_each_has(staged: Workspace, golden: Golden) -> None:
    staged.bep("-S", "staging", "apply", "-y")
    (staged.folder / ".bep/production.json").write_text("")
    listed = [staged.bep("stage", "list"), staged.bep("-S", "production", "stage", "list")]
    golden("bep/stage-list.txt", "\n".join(done.stdout for done in listed))
    names = staged.bep("-S", "production", "stage", "list", "--query", "[?chosen].name", "-o", "tsv")
    assert names.stdout == "production\n"


def test_a_state_from_before_is_not_forgotten_in_silence(workspace: Workspace) -> None:
    workspace.bep("apply", "-y")
    with (workspace.folder / "bep.yml").open("a") as stream:
        stream.write("stages: {one: {}}\n")
    notes = json.loads(workspace.bep("-S", "one", "plan", "--json").stdout)["notes"]
    assert any(note.startswith(".bep/state.json is of no stage") for note in notes)
    python = json.dumps(sys.executable)
    workspace.edit(
        "bep.yml",
        "{one: {}}",
        "{one: {state: {file: .bep/state.json}, provider: {local: {path: .bep/cloud, python: " + python + "}}}}",
    )
    assert workspace.bep("-S", "one", "plan", "--detailed-exitcode").stdout.startswith("Nothing to do.")


def test_an_stage_may_say_nothing(workspace: Workspace) -> None:
    with (workspace.folder / "bep.yml").open("a") as stream:
        stream.write("stages:\n  one:\n  two: {provider: {local: }}\n")
    listed = json.loads(workspace.bep("stage", "list", "-o", "json").stdout)
    assert [row["name"] for row in listed] == ["one", "two"]
    assert json.loads(workspace.bep("-S", "one", "plan", "--json").stdout)["stage"] == "one"


def test_everything_wrong_with_stages_is_shown_at_once(staged: Workspace, golden: Golden) -> None:
    staged.edit("bep.yml", "  staging:", "  a: {variables: {instances: two}}\n  staging:")
    wrong = (
        "  b: {state: {file: .bep/production.json}, variables: {instnaces: 3}}\n  'c d': {stat: {}}\nstate: {file: x}\n"
        "default_stage: stagng\n"
    )
    with (staged.folder / "bep.yml").open("a") as stream:
        stream.write(wrong)
    shape = staged.bep("-S", "a", "validate", expect=3).stdout
    staged.edit("bep.yml", "  'c d': {stat: {}}\n", "")
    golden("bep/stage-wrong.txt", shape + "\n" + staged.bep("-S", "a", "validate", expect=3).stdout)
