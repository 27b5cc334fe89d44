"""The verdict on a plan, in a sentence for somebody who has never used bep. Judges nothing itself; knows no format."""

from collections.abc import Mapping
from typing import Final

from bep.planner.facts import Level, Risk
from bep.planner.plan import Plan
from bep.planner.rendering.layout import items
from bep.planner.rendering.sections import Mark, Verdict
from bep.schemas.address import names_of
from bep.schemas.findings.did_you_mean import listed

JUDGED_SINCE: Final = 3
"""The format of plans since which they have risks."""

SENTENCES: Final[Mapping[str, str]] = {
    "replaced": "{address} is deleted and made anew",
    "deleted": "{address} is deleted",
    "active-changed": "{address}, to which the jobs of {endpoint} go, is changed in place",
    "traffic-to-unscored": "the jobs of {endpoint} go to a deployment that has never scored anything",
    "traffic-to-unknown": "the jobs of {endpoint} go to a deployment that may never have scored anything",
    "traffic-to-failed": "the jobs of {endpoint} go to a deployment whose last job failed",
    "traffic-shift": "the jobs of {endpoint} go to another deployment than before",
    "traffic-removed": "the jobs of {endpoint} go nowhere any more, unless they name a deployment",
    "results-changed": "who reads the results of {endpoint} finds them in another form",
    "signature-changed": "{address} takes or gives something else than the model used until now",
    "compute-too-small": "{address} becomes too small for what runs on it",
    "drift-undone": "what somebody did outside bep to {address} is undone",
    "environment-to-build": "the first job with {address} waits while its environment is built, which can take minutes",
}
"""The highest risk, by its code; one that is not here is said in its own words."""


def verdict_on(plan: Plan) -> Verdict:
    """May this be approved?"""
    if plan.blocking:
        return Verdict(Mark.ERROR, "cannot be applied", _blocked(plan))
    if plan.denials:
        policies = listed([one.policy for one in plan.denials])
        word = "policy" if len(plan.denials) == 1 else "policies"
        return Verdict(Mark.DENIED, "cannot be applied", f"denied by {word} {policies}")
    if not plan.changes:
        return Verdict(Mark.NONE, "nothing to do", "everything is as the specs ask")
    if plan.format_version < JUDGED_SINCE:
        return Verdict(
            Mark.WARNING, "risk unknown", f"an earlier bep made this plan and judged no risk; {_taken(plan)}"
        )
    if plan.risk is Level.NONE:
        return Verdict(Mark.NONE, "no risk found", _taken(plan))
    return Verdict(Mark(str(plan.risk)), f"{plan.risk} risk", _highest(plan))


def _blocked(plan: Plan) -> str:
    count = len(plan.blocking)
    first = plan.blocking[0]
    which = "an error stands in the way" if count == 1 else f"{count} errors stand in the way, the first"
    return f"{which}: {first.address}: {first.message}"


def _taken(plan: Plan) -> str:
    count = sum(1 for item in items(plan) if item.risky)
    if not count:
        return "nothing is deleted"
    return f"{count} {'resource is' if count == 1 else 'resources are'} deleted or replaced"


def _highest(plan: Plan) -> str:
    first = plan.risks[0]
    alike = sum(1 for risk in plan.risks if risk.code == first.code and risk.level == first.level) - 1
    rest = len(plan.risks) - 1 - alike
    said = _said(first) + (f" (and {alike} more like it)" if alike else "")
    return said + (f"; {rest} other {'risk is' if rest == 1 else 'risks are'} below" if rest else "")


def _said(risk: Risk) -> str:
    sentence = SENTENCES.get(risk.code)
    if sentence is None:
        return f"{risk.address}: {risk.message}"
    named = names_of(risk.address)
    active = risk.code in ("deleted", "replaced") and risk.level is Level.HIGH and len(named) > 1
    traffic = " while it has the traffic" if active else ""
    return sentence.format(address=risk.address, endpoint="/".join(("endpoint", *named[:1]))) + traffic
