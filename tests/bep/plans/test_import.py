"""`bep import`: what exists is taken over unchanged, and the YAML it writes declares exactly that."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bep.app.plans.imports.folder import take_over_folder
from bep.app.workspace.opening import here
from tests.bep.conftest import Workspace

Golden = Callable[[str, str], None]


@pytest.fixture
def forgotten(applied: Workspace) -> Workspace:
    """The small workspace, applied; then its state was lost for good, while the world stayed."""
    for path in (applied.folder / ".bep").glob("state.json*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return applied


def test_what_the_specs_declare_is_taken_back_and_the_plan_is_empty(forgotten: Workspace) -> None:
    refused = forgotten.bep("plan", expect=3).stdout
    named = [line.partition("`bep import ")[2].partition("`")[0] for line in refused.splitlines() if "import" in line]
    assert len(named) == 6
    forgotten.bep("import", *named)
    forgotten.bep("plan", "--detailed-exitcode")


def test_a_wish_for_something_else_is_left_to_the_next_plan(forgotten: Workspace) -> None:
    forgotten.edit("specs.yml", "max_instances: 2", "max_instances: 3")
    forgotten.edit("model/letters.txt", "abc", "abcd")
    said = forgotten.bep("import", "compute/cpu-cluster", "--json")
    assert json.loads(said.stdout)["imported"] == [{"address": "compute/cpu-cluster", "declared": True}]
    [diff] = [
        diff
        for change in json.loads(forgotten.bep("plan", "--json", expect=3).stdout)["changes"]
        for diff in change["diffs"]
        if change["address"] == "compute/cpu-cluster"
    ]
    assert (diff["before"], diff["after"]) == (2, 3)
    refused = forgotten.bep("import", "model/alphabet/1", expect=3).stderr
    assert "version 1 cannot change" in refused
    assert "model/alphabet/1" not in forgotten.entries()


def test_the_yaml_of_what_no_spec_declares_makes_an_empty_plan(forgotten: Workspace, golden: Golden) -> None:
    everything = (
        "compute/cpu-cluster",
        "model/alphabet/1",
        "environment/plain/1",
        "endpoint/letters",
        "deployment/letters/blue",
        "traffic/letters",
    )
    (forgotten.folder / "specs.yml").unlink()
    shutil.rmtree(forgotten.folder / "code")  # its bytes are in the local world only, by now
    forgotten.edit("bep.yml", "specs.yml", "imported.yml")
    (forgotten.folder / "imported.yml").write_text("kind: compute\nname: other\ntype: amlcompute\n")
    taken = forgotten.bep("import", *everything, "-o", "more.yml")
    assert "protected from deletion" in taken.stderr
    written = (forgotten.folder / "more.yml").read_text()
    golden("bep/imported.yml", written)
    assert "protected by prevent_destroy" in forgotten.bep("plan", expect=3).stdout
    forgotten.edit("bep.yml", "imported.yml", "more.yml")
    changes = json.loads(forgotten.bep("plan", "--json").stdout)["changes"]
    assert {change["action"] for change in changes} == {"adopt"}
    forgotten.bep("apply", "-y")
    forgotten.bep("plan", "--detailed-exitcode")
    forgotten.bep("run", "job.yml")


def test_no_file_is_overwritten_and_nothing_absent_is_imported(forgotten: Workspace) -> None:
    forgotten.edit("bep.yml", "specs: [specs.yml]", "specs: []")
    before = (forgotten.folder / "specs.yml").read_text()
    assert "is not overwritten" in forgotten.bep("import", "endpoint/letters", "-o", "specs.yml", expect=1).stderr
    assert (forgotten.folder / "specs.yml").read_text() == before
    absent = forgotten.bep("import", "endpoint/leters", expect=5).stderr
    assert "local has no endpoint/leters" in absent
    assert "there is endpoint/letters" in absent
    assert "it always exists" in forgotten.bep("import", "compute/local", expect=5).stderr
    assert "say which" in forgotten.bep("import", "letters", expect=1).stderr
    forgotten.bep("import", "endpoint/letters")
    assert "is in the state already" in forgotten.bep("import", "endpoint/letters", expect=1).stderr


def test_all_that_the_specs_declare_is_taken_over_at_once(forgotten: Workspace) -> None:
    done = json.loads(forgotten.bep("import", "--all", "--json").stdout)
    assert [one["declared"] for one in done["imported"]] == [True] * 6
    forgotten.bep("plan", "--detailed-exitcode")
    assert "Nothing to take over" in forgotten.bep("import", "--all").stderr


def test_what_no_spec_declares_is_taken_over_with_its_yaml_where_that_is_asked_for(forgotten: Workspace) -> None:
    (forgotten.folder / "specs.yml").rename(forgotten.folder / "aside")
    forgotten.edit("bep.yml", "specs: [specs.yml]", "specs: []")
    assert "Left alone, as no spec declares it: compute/cpu-cluster" in forgotten.bep("import", "--all").stderr
    only = forgotten.bep("import", "--all", "--kind", "compute", "-o", "c.yml", "--json")
    assert json.loads(only.stdout)["imported"] == [{"address": "compute/cpu-cluster", "declared": False}]
    forgotten.bep("import", "--all", "-o", "rest.yml")
    assert len(forgotten.entries()) == 6
    forgotten.edit("bep.yml", "specs: []", "specs: [c.yml, rest.yml]")
    changes = json.loads(forgotten.bep("plan", "--json").stdout)["changes"]
    assert {change["action"] for change in changes} <= {"adopt"}  # no longer protected, once a spec declares them
    forgotten.bep("apply", "-y")
    forgotten.bep("plan", "--detailed-exitcode")
    assert "is not a kind: there are compute" in forgotten.bep("import", "--all", "--kind", "machine", expect=1).stderr
    assert "name the objects, or say --all" in forgotten.bep("import", expect=1).stderr


def import_and_die(folder: Path, at: int) -> bool:
    """Import in a process that ends as if killed just before the step of this number; whether it came that far."""
    child = os.fork()
    if child == 0:
        from bep.app.plans.imports import declaring
        from bep.app.plans.imports import documents as specs_folder
        from bep.app.plans.imports import folder as importing_folder

        left = iter(range(at))

        def dying(do: Callable[..., Any]) -> Callable[..., Any]:
            def step(*words: Any, **named: Any) -> Any:
                if next(left, None) is None:
                    os._exit(9)
                return do(*words, **named)

            return step

        for place, name in (
            (specs_folder, "create_durably"),
            (specs_folder, "rewrite"),
            (importing_folder, "remember"),
            (declaring, "sync_folder"),
            (Path, "rename"),
            (Path, "mkdir"),
        ):
            setattr(place, name, dying(getattr(place, name)))
        os.chdir(folder)
        try:
            importing_folder.take_over_folder(here(), (), Path("found"), lambda text: None)
        except BaseException:
            os._exit(1)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, 9)
    return code == 9


def test_a_folder_of_specs_is_listed_in_bep_yml_and_a_kill_at_any_step_is_made_good(
    forgotten: Workspace, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    (forgotten.folder / "specs.yml").unlink()
    (forgotten.folder / "code" / "score.py").rename(forgotten.folder / "aside")  # its bytes are in the world alone
    forgotten.edit("bep.yml", "specs: [specs.yml]", "specs: []")
    (forgotten.folder / "found").mkdir()
    (forgotten.folder / "found/model-alphabet.yml").write_text("# somebody's own\n")
    undisturbed = tmp_path_factory.mktemp("undisturbed")
    shutil.copytree(forgotten.folder, undisturbed, dirs_exist_ok=True)
    monkeypatch.chdir(undisturbed)
    listing = undisturbed / "bep.yml"
    listing.write_text(listing.read_text().replace("specs: []\n", ""))
    assert take_over_folder(here(), (), Path("found"), lambda text: None).line == ""
    assert "found/model-alphabet-2.yml" in listing.read_text()
    steps = 0
    for at in range(100):
        work = Workspace(tmp_path_factory.mktemp("killed"))
        shutil.copytree(forgotten.folder, work.folder, dirs_exist_ok=True)
        if not import_and_die(work.folder, at):
            break
        steps += 1
        assert not import_and_die(work.folder, 1000)
        written = {path.relative_to(work.folder / "found").as_posix() for path in (work.folder / "found").rglob("*")}
        assert written == {
            "compute-cpu-cluster.yml",
            "endpoint-letters.yml",
            "environment-plain.yml",
            "letters-blue-code",
            "letters-blue-code/code",
            "letters-blue-code/code/score.py",
            "model-alphabet-2.yml",
            "model-alphabet.yml",
        }
        assert len(work.entries()) == 6
    assert steps > 8
    text = (work.folder / "bep.yml").read_text()
    assert "found/model-alphabet-2.yml" in text  # one by one: a pattern would list what is somebody's own, too
    work.bep("plan", "--detailed-exitcode")
    assert "Nothing to take over" in work.bep("import", "--all", "-o", "more").stderr
    assert not (work.folder / "more").exists()
    outside = work.bep("import", "--all", "-o", "..", expect=1).stderr
    assert "is not in the folder of the workspace" in outside
    work.bep("run", "job.yml")
