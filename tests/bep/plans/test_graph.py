"""`bep graph`: resources and plans drawn, names of any kind quoted."""

import json
from collections.abc import Callable

from bep.planner.plan import Action
from bep.planner.rendering.graph import Node, dot, mermaid
from tests.bep.conftest import Workspace

Golden = Callable[[str, str], None]


def test_resources_and_plans_in_both_languages(workspace: Workspace, golden: Golden) -> None:
    workspace.bep("plan", "-o", "plan.json")
    drawings = [
        workspace.bep("graph").stdout,
        workspace.bep("graph", "--format", "mermaid").stdout,
        workspace.bep("graph", "plan.json").stdout,
        workspace.bep("graph", "plan.json", "-f", "mermaid").stdout,
    ]
    golden("bep/graph.txt", "\n".join(drawings))
    needs = {row["id"]: row["needs"] for row in json.loads(workspace.bep("graph", "--json").stdout)}
    assert needs["traffic/letters"] == ["deployment/letters/blue", "endpoint/letters"]


def test_names_cannot_break_out_of_their_quotes() -> None:
    nodes = (Node('a"]\\', '+ a"]\\<b>#\n', (), Action.CREATE), Node("b", "b", ('a"]\\',)))
    assert '  "a\\"]\\\\" [label="+ a\\"]\\\\<b>#\\n", color=green3]\n' in dot(nodes)
    assert '  "b" -> "a\\"]\\\\"\n' in dot(nodes)
    assert '  n0["+ a#quot;]\\#lt;b>#35; "]:::create\n' in mermaid(nodes)
    assert "  n1 --> n0\n" in mermaid(nodes)
