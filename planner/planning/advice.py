"""Steps that would help with a finding of a plan: told by its code, which a kept plan has, too. Pure; knows no face."""

from bep.planner.facts import Risk
from bep.planner.plan import PlanFinding
from bep.schemas.next_step import Step, again, step

DRAIN = step("apply", drain=True)
CANCEL_JOBS = step("apply", cancel_jobs=True)
SHOW_STATE = step("state list")


def let_through(code: str) -> Step:
    """What was asked for, this finding accepted."""
    return again(allow=code)


def take_over(address: str) -> Step:
    """An object that exists, looked after from now on."""
    return step("import", address)


def adopting(address: str) -> Step:
    """What somebody did outside bep, written into the specs."""
    return step("adopt", address)


def steps_for(found: PlanFinding | Risk) -> tuple[Step, ...]:
    """The steps that the advice of a finding, or of a risk, speaks of."""
    about = take_over(found.address), adopting(found.address)
    steps = (DRAIN, CANCEL_JOBS, SHOW_STATE, *about, let_through(found.code))
    return tuple(each for each in steps if str(each) in found.fix)
