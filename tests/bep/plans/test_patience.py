"""`x-bep: {retry, timeouts}` in a spec, as far as a user sees them."""

import json
import re
import sqlite3
from collections.abc import Callable

from tests.bep.conftest import Workspace

Golden = Callable[[str, str], None]

MORE = """\
---
name: slow
type: amlcompute
max_instances: 1
x-bep: {timeouts: {create: 1}, retry: {attempts: 1}}
---
name: after
type: amlcompute
max_instances: 1
x-bep: {depends_on: [compute/slow]}
"""


def test_a_change_without_an_answer_is_said_to_be_unknown_and_looked_into_by_the_next_plan(
    workspace: Workspace, golden: Golden
) -> None:
    workspace.bep("apply", "-y")
    with (workspace.folder / "specs.yml").open("a") as stream:
        stream.write(MORE)
    held = sqlite3.connect(workspace.folder / ".bep/cloud/catalog.sqlite", isolation_level=None)
    held.execute("begin immediate")  # so that every write to this world hangs
    done = workspace.bep("apply", "-y", expect=5)
    held.execute("rollback")
    golden("bep/no-answer.txt", done.stderr + "\n" + done.stdout)
    planned = json.loads(workspace.bep("plan", "--json").stdout)
    [note] = planned["notes"]
    assert re.search(r"while creating compute/slow: it (had not been made|had been made; taken into state)$", note)
    workspace.bep("apply", "-y")
    assert workspace.bep("plan", "--detailed-exitcode").stdout == "Nothing to do. 8 resources match their specs.\n"


def test_an_impossible_wish_is_a_finding(workspace: Workspace, golden: Golden) -> None:
    with (workspace.folder / "specs.yml").open("a") as stream:
        stream.write(MORE.replace("create: 1", "create: 10m, destroy: 5").replace("attempts: 1", "attempts: 0"))
    golden("bep/patience-wrong.txt", workspace.bep("validate", expect=3).stdout)
