"""The example of a review: each pull request planned, commented and applied, one after the other."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bep.api import Workspace
from bep.app.commenting import prepared
from bep.app.plans.applying import read_plan_file
from bep.command_words import plan_said
from bep.planner.formats import planfile
from bep.planner.plan import Plan

EXAMPLE: Final = Path(__file__).parent.parent / "examples" / "05-review"
REQUESTS: Final = sorted((EXAMPLE / "pull-requests").iterdir())
MADE: Final = ("plan.json", "comment.md")
ONE_RUN: Final = (
    (r'"\d{4}-\d\d-\d\dT[\d:]+Z"', '"2026-01-02T03:00:00Z"'),
    (r'("lineage": )"[^"]+"', r'\1"00000000-0000-0000-0000-000000000000"'),
    (r'("etag": )"\d+-[0-9a-f]+"', r'\1"0-000000000000"'),
    (r"(applied on )\d{4}-\d\d-\d\dT[\d:]+Z", r"\g<1>2026-01-02T03:00:00Z"),
)
"""What is another in each run, and what stands for it."""


def test_six_pull_requests_have_the_comments_that_their_plans_make(
    tmp_path: Path, golden: Callable[[str, str], None]
) -> None:
    verdicts = []
    for request in REQUESTS:
        shutil.copytree(request, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns(*MADE))
        workspace = Workspace.open(tmp_path)
        made = workspace.plan()
        kept = of_any_run(made.json())
        place = f"../../examples/05-review/pull-requests/{request.name}"
        golden(f"{place}/plan.json", planfile.encode(kept))
        shown = plan_said(read_plan_file(request / "plan.json"))
        comment = prepared(shown, "github", elsewhere="`bep show plan.json` has them all", undo="`bep rollback`")
        golden(f"{place}/comment.md", comment.body)
        verdicts.append(comment.body.splitlines()[2].rpartition(": ")[2])
        workspace.apply(made, confirm=lambda plan: True).check()
    assert verdicts == ["low risk", "no risk found", "medium risk", "no risk found", "high risk", "medium risk"]
    readme = (EXAMPLE / "README.md").read_text()
    assert all(f"(pull-requests/{request.name}/comment.md)" in readme for request in REQUESTS)


def of_any_run(text: str) -> Plan:
    """The plan as it would be made at any time, and signed by nobody's key."""
    for found, instead in ONE_RUN:
        text = re.sub(found, instead, text)
    return planfile.signed(Plan.model_validate_json(text), "of no state")
