"""A plan, reviewed: what has to be asked for it, then every fact in its place. Pure; signs nothing."""

from bep.planner.facts import OutputDiff
from bep.planner.plan import Plan
from bep.planner.planning.rollback import undoing
from bep.planner.reviewing.comparing import asked_by_pairs, comparisons, pairs
from bep.planner.reviewing.evidence import Evidence
from bep.planner.reviewing.files import FileAsked, asked_by_changes, with_files
from bep.planner.reviewing.jobs import jobs_effect
from bep.planner.reviewing.risks import highest, risks


def files_asked(evidence: Evidence) -> tuple[FileAsked, ...]:
    """The files whose bytes a review needs, each once."""
    found = (*asked_by_changes(evidence), *asked_by_pairs(evidence, pairs(evidence)))
    return tuple({one.sha256: one for one in found}.values())


def reviewed(evidence: Evidence) -> Plan:
    """The plan with its facts."""
    plan = evidence.plan
    compared = comparisons(evidence, pairs(evidence))
    found = risks(evidence, compared)
    return plan.model_copy(
        update={
            "changes": with_files(evidence),
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
