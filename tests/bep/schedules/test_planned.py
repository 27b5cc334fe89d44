"""A schedule is planned and applied like any resource: made, changed, drifted, imported, exported, destroyed."""

import json
import sqlite3
from typing import Any

from tests.bep.conftest import Workspace
from tests.bep.schedules import conftest

SPECS = "bep.yml"
SCHEDULE = """\
name: nightly
trigger: {type: cron, expression: "30 2 * * *", time_zone: Romance Standard Time}
create_job:
  endpoint: letters
  deployment: blue
  inputs: {texts: {type: uri_folder, path: texts}}
  outputs: {score: {path: "out/${{name}}"}}
"""


def with_schedule(work: Workspace) -> Workspace:
    return conftest.with_schedule(work, SCHEDULE)


def changes(work: Workspace, *options: str) -> dict[str, str]:
    plan = json.loads(work.bep("plan", "--json", *options).stdout)
    return {change["address"]: change["action"] for change in plan["changes"] if change["action"] != "no-op"}


def applied_schedule(work: Workspace) -> Any:
    entries = json.loads((work.folder / ".bep/state.json").read_text())["entries"]
    return entries["schedule/nightly"]["attributes"]


def test_it_is_made_changed_and_destroyed(applied: Workspace) -> None:
    work = with_schedule(applied)
    assert changes(work) == {"schedule/nightly": "create"}
    work.bep("apply", "-y")
    assert changes(work) == {}
    assert applied_schedule(work)["create_job"]["outputs"]["score"]["path"] == "out/${{name}}"
    work.edit("schedule.yml", "30 2 * * *", "0 3 * * *")
    assert changes(work) == {"schedule/nightly": "update"}
    work.bep("apply", "-y")
    work.edit("schedule.yml", "name: nightly", "name: every-night")
    assert changes(work) == {"schedule/nightly": "delete", "schedule/every-night": "create"}
    work.bep("destroy", "-y")
    assert work.entries() == set()


def test_it_is_made_last_and_goes_first(workspace: Workspace) -> None:
    work = with_schedule(workspace)
    order = [change["address"] for change in json.loads(work.bep("plan", "--json").stdout)["changes"]]
    assert order.index("deployment/letters/blue") < order.index("schedule/nightly")
    work.bep("apply", "-y")
    order = [change["address"] for change in json.loads(work.bep("plan", "--json", "--destroy").stdout)["changes"]]
    assert order.index("schedule/nightly") < order.index("deployment/letters/blue")


def test_a_deployment_that_it_names_may_be_replaced(applied: Workspace) -> None:
    work = with_schedule(applied)
    work.bep("apply", "-y")
    work.edit("specs.yml", "version: 1, path: model", "version: 2, path: model")
    work.bep("apply", "-y")
    assert "model/alphabet/2" in work.entries()
    assert "schedule/nightly" in work.entries()
    assert changes(work) == {}


def test_one_that_exists_is_taken_over(applied: Workspace) -> None:
    work = with_schedule(applied)
    work.bep("apply", "-y")
    work.bep("state", "rm", "schedule/nightly")
    work.bep("import", "schedule/nightly")
    assert "schedule/nightly" in work.entries()
    assert changes(work) == {}
    assert "Romance Standard Time" in work.bep("show", "schedule/nightly").stdout


def test_azure_says_that_it_is_not_there_yet(applied: Workspace) -> None:
    work = with_schedule(applied)
    azure = "{azure: {subscription_id: 11111111-1111-1111-1111-111111111111, resource_group: r, workspace_name: w}}"
    text = (work.folder / SPECS).read_text()
    (work.folder / SPECS).write_text(text.replace(text.splitlines()[1], f"provider: {azure}"))
    said = work.bep("validate", expect=3).stdout
    assert "schedule/nightly: Azure ML has the kind schedule, and this bep does not write it there yet" in said


def test_without_a_deployment_it_waits_for_the_traffic(workspace: Workspace) -> None:
    work = conftest.with_schedule(workspace)
    order = [change["address"] for change in json.loads(work.bep("plan", "--json").stdout)["changes"]]
    assert order.index("traffic/letters") < order.index("schedule/nightly")
    work.bep("apply", "-y")
    assert changes(work) == {}
    order = [change["address"] for change in json.loads(work.bep("plan", "--json", "--destroy").stdout)["changes"]]
    assert order.index("schedule/nightly") < order.index("traffic/letters")


def test_its_yaml_is_written_where_it_is_asked_for(applied: Workspace) -> None:
    work = with_schedule(applied)
    (work.folder / "store.yml").write_text("kind: datastore\nname: here\ntype: local_folder\npath: stored\n")
    work.edit(SPECS, "schedule.yml]", "schedule.yml, store.yml]")
    work.bep("apply", "-y")
    work.bep("state", "rm", "schedule/nightly", "datastore/here")
    work.edit(SPECS, ", schedule.yml, store.yml]", "]")
    (work.folder / "deeper").mkdir()
    work.bep("import", "schedule/nightly", "datastore/here", "-o", "deeper/all.yml")
    text = (work.folder / "deeper/all.yml").read_text()
    assert "path: ../texts" in text
    assert "path: ../out/${{name}}" in text
    assert "path: ../stored" in text
    work.edit(SPECS, "specs: [specs.yml]", "specs: [specs.yml, deeper/all.yml]")
    assert set(changes(work).values()) <= {"adopt"}
    work.bep("apply", "-y")
    assert changes(work) == {}


def test_what_somebody_else_changed_is_written_into_its_file(applied: Workspace) -> None:
    work = with_schedule(applied)
    work.bep("apply", "-y")
    with sqlite3.connect(work.folder / ".bep/cloud/catalog.sqlite") as connection:
        place = "FROM objects WHERE address = 'schedule/nightly'"
        attributes = json.loads(connection.execute(f"SELECT attributes {place}").fetchone()[0])
        attributes["create_job"]["outputs"]["score"]["path"] = "out/by/${{creation_context.trigger_time}}"
        attributes["trigger"]["expression"] = "0 4 * * *"
        values = (json.dumps(attributes), "2-other", "schedule/nightly")
        connection.execute("UPDATE objects SET attributes = ?, etag = ? WHERE address = ?", values)
    connection.close()
    work.bep("adopt", "schedule/nightly")
    text = (work.folder / "schedule.yml").read_text()
    assert 'expression: "0 4 * * *"' in text
    assert "out/by/${{creation_context.trigger_time}}" in text
    assert changes(work) == {}
