"""Score what came in today with the active deployment of a workspace, as a scheduler would call it.

    python score_nightly.py ../01-digits 2026-11-26

A job that an earlier call of the same day has left unfinished is gone on with; what it scored is not scored again.
"""

import sys
from pathlib import Path

from bep import api


def score(workspace: Path, day: str) -> api.Job:
    """Bring the workspace up to date, and run or go on with the job of that day."""
    ours = api.Workspace.open(workspace)
    plan = ours.plan()
    if plan:
        print(f"{plan.summary}:")
        print(plan.text())
        ours.apply(plan, confirm=deletes_nothing).check()
    name = f"nightly-{day}"
    try:
        earlier = ours.jobs.get(name)
    except api.NotFound:
        return ours.jobs.run("job.yml", name=name, on_event=tell)
    return earlier if earlier.is_completed else ours.jobs.resume(name, on_event=tell)


def deletes_nothing(plan: api.Plan) -> bool:
    """A scheduler may make and change; what deletes is for a person to apply."""
    return not any(change.action == "delete" for change in plan.changes)


def tell(event: object) -> None:
    """One line for what a log should have."""
    if isinstance(event, str) or type(event).__name__ in ("MiniBatchFailed", "WorkerLost"):
        print(event)


def main() -> int:
    workspace, day = Path(sys.argv[1]), sys.argv[2]
    try:
        job = score(workspace, day).check()
    except api.SpecsInvalid as problem:
        for finding in problem.findings:
            print(f"{finding.place}{finding.message}", file=sys.stderr)
        return 1
    except api.BepError as problem:
        print(problem.message, *problem.next, sep="\n", file=sys.stderr)
        return 1
    print(f"{job.scored} scored, {job.failed} failed: {job.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
