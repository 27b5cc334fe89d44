"""A plan, reviewed: what has to be asked for it, then every fact in its place. Pure; signs nothing."""

from bep.planner.facts import OutputDiff
from bep.planner.plan import Change, Plan
from bep.planner.planning.rollback import undoing
from bep.planner.reviewing.comparing import asked_by_pairs, comparisons, pairs
from bep.planner.reviewing.evidence import Evidence
from bep.planner.reviewing.files import FileAsked, Room, asked_by_changes, with_files
from bep.planner.reviewing.jobs import jobs_effect
from bep.planner.reviewing.risks import highest, risks


def files_asked(evidence: Evidence) -> tuple[FileAsked, ...]:
    """The files whose bytes a review needs, each once."""
    found = (*asked_by_changes(evidence), *asked_by_pairs(evidence, pairs(evidence)))
    return tuple({one.sha256: one for one in found}.values())


def with_variables(change: Change, evidence: Evidence) -> Change:
    """The change, each of its fields with the variables that its wanted value came from."""
    resource, uses = evidence.resources.get(change.address), evidence.options.uses
    if resource is None or not uses or not change.diffs:
        return change
    used = [uses.get(mark, ()) if (mark := resource.marks.get(diff.path)) else () for diff in change.diffs]
    if not any(used):
        return change
    return change.model_copy(
        update={
            "diffs": tuple(
                diff.model_copy(update={"variables": names}) if names else diff
                for diff, names in zip(change.diffs, used, strict=True)
            )
        }
    )


def reviewed(evidence: Evidence) -> Plan:
    """The plan with its facts."""
    plan = evidence.plan
    room = Room()
    changes = with_files(evidence, room)
    compared = comparisons(evidence, pairs(evidence), room)
    found = risks(evidence, compared)
    return plan.model_copy(
        update={
            "changes": tuple(with_variables(change, evidence) for change in changes),
            "rollback": undoing(plan.changes, evidence.asked.kept),
            "risk": highest(found),
            "risks": found,
            "comparisons": compared,
            "jobs": jobs_effect(evidence),
            "outputs": _outputs(evidence),
        }
    )


def _outputs(evidence: Evidence) -> tuple[OutputDiff, ...]:
    if not evidence.options.outputs:
        return ()
    from bep.planner.reviewing.outputs import output_diffs

    return tuple(output_diffs(evidence, evidence.options.outputs))
