"""What policies say of a plan, in words that every rendering has. Knows no format: who renders quotes."""

from collections.abc import Callable, Iterator

from bep.planner.plan import Judgement, Plan, Verdict, Violation
from bep.schemas.findings.did_you_mean import listed

MOST = 10
"""Violations of one policy that are shown; the plan's JSON has all of them."""
_SAID = {Verdict.WARN: "warning", Verdict.DENY: "denied", Verdict.BROKEN: "denied"}


def said(one: Judgement) -> str:
    """The verdict in a word."""
    return _SAID[one.verdict]


def spoken(plan: Plan) -> list[Judgement]:
    """The policies that have something to say, what denies first."""
    return [*plan.denials, *(one for one in plan.policies if one.verdict is Verdict.WARN)]


def place(one: Judgement) -> str:
    """Where the policy is written."""
    return f"{one.file}:{one.line}" if one.file else ""


def violations(one: Judgement, quoted: Callable[[Violation], str]) -> Iterator[str]:
    """The first violations, as whoever renders quotes one, and how many more there are."""
    yield from map(quoted, one.violations[:MOST])
    if len(one.violations) > MOST:
        yield f"and {len(one.violations) - MOST} more"


def sentence(plan: Plan) -> str:
    """Whether the policies hold, in one sentence; nothing where there are none."""
    denied, count = [one.policy for one in plan.denials], len(plan.policies)
    if denied:
        of_all = "1 policy" if count == 1 else f"{len(denied)} of {count} policies"
        return f"Denied by {of_all}: {listed(denied)}."
    warned = sum(one.verdict is Verdict.WARN for one in plan.policies)
    holds = "1 policy holds" if count == 1 else f"{count} policies hold"
    return f"{holds}{f', {warned} with warnings' if warned else ''}." if count else ""
