"""What policies say of a plan, as points of its review. Knows no format."""

from typing import Final

from bep.planner.plan import Judgement, Plan, Verdict, Violation
from bep.planner.rendering.sections import Mark, Point
from bep.schemas.findings.did_you_mean import listed

MOST: Final = 10
"""Violations of one policy that are shown; the plan's JSON has all of them."""
_MARKS: Final = {Verdict.WARN: Mark.WARNING, Verdict.DENY: Mark.DENIED, Verdict.BROKEN: Mark.DENIED}


def point(one: Judgement) -> Point:
    """What a policy says: a line for each of the first violations below it."""
    why = f": {one.description}" if one.description else ""
    more = len(one.violations) - MOST
    under = (*map(_violation, one.violations[:MOST]), *((f"and {more} more",) if more > 0 else ()))
    place = f"{one.file}:{one.line}" if one.file else ""
    return Point(f"policy {one.policy}{why}", mark=_MARKS[one.verdict], place=place, under=under)


def _violation(found: Violation) -> str:
    return f"{found.address}: {found.message}" if found.address else found.message


def sentence(plan: Plan) -> str:
    """Whether the policies hold, in one sentence; nothing where there are none."""
    denied, count = [one.policy for one in plan.denials], len(plan.policies)
    if denied:
        of_all = "1 policy" if count == 1 else f"{len(denied)} of {count} policies"
        return f"Denied by {of_all}: {listed(denied)}."
    warned = sum(one.verdict is Verdict.WARN for one in plan.policies)
    holds = "1 policy holds" if count == 1 else f"{count} policies hold"
    return f"{holds}{f', {warned} with warnings' if warned else ''}." if count else ""
