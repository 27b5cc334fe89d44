"""The cases of policies: each plan judged by its policy, and whether the verdict is the one that it should be.

Prints nothing; reads no state and no world.
"""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bep.app.errors import NotFound
from bep.lazy_dataclasses import dataclass
from bep.schemas.findings.finding import SpecInvalid

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Specs
    from bep.planner.plan import Plan
    from bep.schemas.workspace.policies import Case, Policy


@dataclass(frozen=True)
class Tried:
    """One case and how it went: `verdict` is pass, warn or deny; broken where the policy could not judge, or where the
    case has no plan. `said` are the violations. `place` is where the case is written.
    """

    policy: str
    case: str
    place: str
    expected: str
    verdict: str
    said: tuple[str, ...] = ()

    @property
    def is_right(self) -> bool:
        """Whether the policy says what the case wants."""
        return self.verdict == self.expected


@dataclass(frozen=True)
class Trials:
    """Every case that was tried, in the order in which they are written, and the policies that have none."""

    cases: tuple[Tried, ...]
    without: tuple[str, ...]


def try_cases(opened: "Specs", names: Sequence[str] = ()) -> Trials:
    """Try the cases of the policies of a workspace, or of those that are named, whatever their stages are.

    Raises `SpecInvalid` for a wrong bep.yml, `NotFound` for a name that no policy has.
    """
    from bep.app.plans.policies.judging import asking, in_a_line, wrong_with_policies

    if wrong := wrong_with_policies(opened):
        raise SpecInvalid(wrong, opened.loaded.sources)
    policies = _named(opened.glanced.policies, names)
    asked = asking(opened)
    tried = []
    for policy in policies:
        for number, case in enumerate(policy.cases, start=1):
            name, place = case.name or case.plan or f"case {number}", f"{case.mark.file}:{case.mark.line}"
            try:
                judgement = asked.judge(policy, _plan(opened, policy, case))
                verdict, found = str(judgement.verdict), tuple(map(in_a_line, judgement.violations))
            except _NoPlan as problem:
                verdict, found = "broken", (str(problem),)
            tried.append(Tried(policy.name, name, place, case.expect, verdict, found))
    return Trials(tuple(tried), tuple(policy.name for policy in policies if not policy.cases))


def _named(policies: "Sequence[Policy]", names: Sequence[str]) -> "list[Policy]":
    known = {policy.name: policy for policy in policies}
    for name in names:
        if name not in known:
            from difflib import get_close_matches

            has = f"there are: {', '.join(known)}" if known else "bep.yml lists none"
            raise NotFound(f"no policy is called {name!r}; {has}", nearest=get_close_matches(name, known))
    return [known[name] for name in names] if names else list(policies)


class _NoPlan(Exception):
    """A case has no plan that can be judged."""


def _plan(opened: "Specs", policy: "Policy", case: "Case") -> "Plan":
    """The plan of a case. One that is kept as JSON may have been changed by hand: nothing is applied here."""
    if not case.plan:
        return _as_plan({"changes": [{"id": f"{place}", **one} for place, one in enumerate(case.changes)]}, "changes")
    file = opened.root / policy.folder / case.plan
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except OSError as problem:
        raise _NoPlan(f"{case.plan} cannot be read: {problem.strerror}") from None
    except (ValueError, RecursionError) as problem:
        raise _NoPlan(f"{case.plan} is not JSON: {problem}") from None
    return _as_plan(found, case.plan)


def _as_plan(found: Any, where: str) -> "Plan":
    from bep.planner.plan import FORMAT_VERSION, Plan
    from bep.schemas.values.written import Invalid

    if not isinstance(found, dict):
        raise _NoPlan(f"{where} is JSON, but not a plan")
    version = found.get("format_version", FORMAT_VERSION)
    if not isinstance(version, int) or version > FORMAT_VERSION:
        raise _NoPlan(f"{where} has format {version}; this bep reads up to {FORMAT_VERSION}")
    try:
        return Plan.model_validate({"lineage": "", "serial": 0, **found})
    except Invalid as problem:
        raise _NoPlan(f"{where} is no plan: {problem.where}: {problem.reason}") from None
