"""A plan judged by the policies of its workspace: those of bep's own rules by the planner, the others by running them.

A policy that cannot be asked denies: no plan is better for a check that crashed. Prints nothing.
"""

import posixpath
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bep.app.errors import Denied, Refused
from bep.lazy_dataclasses import dataclass, replace
from bep.lazy_patterns import lazy_pattern
from bep.schemas.findings.finding import SpecInvalid, errors
from bep.schemas.workspace.policies import COMMAND, PYTHON, Policy
from bep.schemas.workspace.workspace import FILE, POLICIES

if TYPE_CHECKING:
    from bep.app.workspace.commands import Ran
    from bep.app.workspace.contexts import Specs
    from bep.planner.plan import Judgement, Plan, Violation
    from bep.schemas.findings.finding import Finding
    from bep.schemas.mark import Mark

REFUSED: Final = "it runs a command, and none may be run here"
_FUNCTION: Final = Path(__file__).with_name("function.py")
_HOLDS, _DENIES = 0, 1
_JSON: Final = lazy_pattern(r'\ufeff?\s*(\{|\[\s*[\[\]{"])')
_JSON_LATER: Final = lazy_pattern(r'(?m)^[ \t]*(\{|\[\s*[\[\]{"])')
_OF_CONFTEST: Final = ("successes", "failures", "warnings", "exceptions", "skipped")
"""What conftest tells of the rules that it asked."""
_OTHERS: Final = ("unknown-stage", "stage-not-chosen", "file-not-found", "not-available")
"""What may be wrong with a bep.yml whose policies are meant alone: its stages and its specs, where there are any."""


class PolicyDenied(Denied):
    """A policy denies a plan that was to be carried out. `denials` are all that do."""

    def __init__(self, denials: "Sequence[Judgement]") -> None:
        self.denials = tuple(denials)
        lines = [f"  {one.policy}: {found}" for one in denials for found in map(in_a_line, one.violations)]
        super().__init__("\n".join(["a policy denies the plan; nothing was changed", *lines]))


def in_a_line(found: "Violation") -> str:
    """A violation in one line."""
    return f"{found.address}: {found.message}" if found.address else found.message


@dataclass(frozen=True)
class Asking:
    """How policies are asked: where their paths start, what of the environment there is, whether any may be run."""

    root: Path
    environment: Mapping[str, str]
    no_commands: bool = False

    def judge(self, policy: Policy, plan: "Plan") -> "Judgement":
        """What one policy says of the plan."""
        from bep.planner.planning.policies import broken, judge, judgement

        if not policy.runs_a_command:
            return judge(policy, plan)
        if self.no_commands:
            return broken(policy, REFUSED)
        try:
            return judgement(policy, self._asked(policy, plan))
        except _NotJudged as problem:
            return broken(policy, problem.why, problem.printed)

    def _asked(self, policy: Policy, plan: "Plan") -> "list[Violation]":
        from bep.app.plans.showing import as_json
        from bep.app.workspace.commands import CommandFailed, run_command

        folder = self.root / policy.folder
        try:
            ran = run_command(
                _command(policy, folder),
                folder,
                as_json(plan),
                timeout=policy.timeout,
                environment=self.environment,
                named=policy.environment,
            )
        except CommandFailed as problem:
            raise _NotJudged(str(problem), problem.printed) from None
        if ran.code not in (_HOLDS, _DENIES):
            how = f"it was ended by signal {-ran.code}" if ran.code < 0 else f"it ended with exit code {ran.code}"
            raise _NotJudged(how, ran.printed)
        return list(_told(ran, answers=policy.rule == PYTHON))


class _NotJudged(Exception):
    """A policy gave no verdict. `printed` is what it said instead."""

    def __init__(self, why: str, printed: str = "") -> None:
        self.why = why
        self.printed = printed
        super().__init__(why)


def _command(policy: Policy, folder: Path) -> list[str]:
    if policy.rule == COMMAND:
        return list(policy.setting)
    file, _, function = policy.setting.rpartition(":")
    return [sys.executable, "-P", "-B", str(_FUNCTION), str(folder / file), function]


def _told(ran: "Ran", *, answers: bool) -> "Iterator[Violation]":
    """The violations that a command told of: as JSON, or as lines where it ended with 1. Raises `_NotJudged`.

    One that `answers` says whatever it has to say as JSON.
    """
    from bep.planner.plan import Violation

    said = _as_json(ran.stdout)
    if said is None and ran.code == _HOLDS:
        _must_be_a_verdict(ran, answers)
    found = [] if said is None else list(_in_json(said, ran.code))
    yield from found
    if ran.code == _DENIES and not any(one.denies for one in found):
        lines = [] if said is not None else [line.strip() for line in ran.printed.splitlines() if line.strip()]
        for line in lines or ["it ended with exit code 1"]:
            yield Violation(message=_without_secrets(line))


def _must_be_a_verdict(ran: "Ran", answers: bool) -> None:
    """Raise `_NotJudged` where an exit code of 0 is no consent: a verdict was to come, or stands where none is read."""
    if answers:
        raise _NotJudged("the process of its function ended before there was an answer", ran.printed)
    if _JSON_LATER.search(ran.stdout):
        raise _NotJudged("it printed JSON after something else, so that it is not read", ran.printed)


def _as_json(text: str) -> Any:
    """The JSON that was printed; None for a text. Raises `_NotJudged` for what begins as JSON and is none."""
    import json

    from bep.app.workspace.commands import shown

    if not _JSON.match(text):
        return None
    try:
        return json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError) as problem:
        raise _NotJudged(f"it printed broken JSON: {problem}", shown(text)) from None


def _in_json(said: Any, code: int) -> "Iterator[Violation]":
    """`{"deny": [...], "warn": [...]}`, as `opa eval` prints a package; or a list of conftest's results.

    Raises `_NotJudged` for a program that ends well and has asked no rule.
    """
    if isinstance(said, dict):
        if code == _HOLDS and said.keys().isdisjoint(("deny", "warn")):
            raise _NotJudged(f"it printed JSON without deny and warn, but with {', '.join(said)[:200] or 'nothing'}")
        yield from _each(said.get("deny"), denies=True)
        yield from _each(said.get("warn"), denies=False)
        return
    results = [one for one in said if _is_of_conftest(one)]
    if results and not any(one.get(word) for one in results for word in _OF_CONFTEST):
        raise _NotJudged("it asked no rule: there is none in the packages that it looked at")
    for one in said:
        if _is_of_conftest(one):
            yield from _each(one.get("failures"), denies=True)
            yield from _each(one.get("warnings"), denies=False)
        else:
            yield from _each([one], denies=True)


def _is_of_conftest(one: Any) -> bool:
    return isinstance(one, dict) and not one.keys().isdisjoint(_OF_CONFTEST)


def _each(said: Any, *, denies: bool) -> "Iterator[Violation]":
    from bep.planner.plan import Violation

    if said is None or said is False:
        return
    if said is True or not isinstance(said, list | str):
        said = ["it says so, without a reason"] if said is True else [said]
    for one in [said] if isinstance(said, str) else said:
        message, address = _message(one)
        yield Violation(address=address, message=_without_secrets(message), denies=denies)


def _message(one: Any) -> tuple[str, str]:
    """What is said, and of which address. Raises `_NotJudged` where it says nothing."""
    if isinstance(one, str):
        return one, ""
    message = one.get("message", one.get("msg")) if isinstance(one, dict) else None
    address = one.get("address", "") if isinstance(one, dict) else ""
    if not isinstance(message, str) or not isinstance(address, str):
        import json

        said = json.dumps(one, ensure_ascii=False)[:200]
        raise _NotJudged(f"it printed what is no violation: {said}; one is a text, or has a message and an address")
    return message, address


def _without_secrets(text: str) -> str:
    from bep.schemas.secrets.recognising import redacted

    return redacted(text)


def policies_in_force(opened: "Specs") -> tuple[Policy, ...]:
    """The policies that a plan of this workspace, in its stage, is judged by. Raises `SpecInvalid`, `Refused`."""
    stage = opened.workspace.stage or ""
    elsewhere = opened.source.policies_from
    every = _of_another(opened, elsewhere, stage) if elsewhere else opened.workspace.policies
    return tuple(policy for policy in every if policy.holds_in(stage))


def _of_another(opened: "Specs", folder: str, stage: str) -> tuple[Policy, ...]:
    """The policies of the workspace in another folder, their paths as seen from here.

    A stage that it does not have is judged by those of every stage: none is left by giving a stage another name.
    """
    from bep.app.workspace.opening import Opened, Source

    other = Opened(opened.root / folder, Source(stage=opened.source.stage))
    if not (other.root / FILE).is_file():
        raise Refused(f"{folder} has no {FILE}, and so no policies", about="policies-from")
    if other.root.resolve() == opened.root.resolve():  # as a variable that is not set makes it
        raise Refused(f"'{folder}' is this workspace itself: name the folder of another", about="policies-from")
    wrong = wrong_with_policies(other)
    if wrong:
        raise SpecInvalid(replace(one, mark=_seen_from_here(one.mark, folder)) for one in wrong if one.mark)
    known = stage in other.glanced.stages.every
    return tuple(
        replace(policy, mark=_seen_from_here(policy.mark, folder), stages=policy.stages if known else ())
        for policy in other.glanced.policies
    )


def wrong_with_policies(opened: "Specs") -> "list[Finding]":
    """The errors for which it cannot be told what the policies of a workspace are, whichever stage is meant."""
    files = (FILE, *opened.glanced.policy_files)
    found = [one for one in errors(opened.glanced_findings) if one.mark is not None and one.mark.file in files]
    return [one for one in found if one.code not in _OTHERS or one.address == POLICIES]


def _seen_from_here(mark: "Mark", folder: str) -> "Mark":
    return replace(mark, file=posixpath.join(folder, mark.file))


def asking(opened: "Specs") -> Asking:
    """How the policies of this workspace are asked."""
    return Asking(opened.root, opened.environment, opened.source.no_commands)


def judged(opened: "Specs", plan: "Plan", key: str) -> "Plan":
    """The plan with what each policy says of it, signed anew. `key` is that of the state that it is for."""
    from bep.planner.formats.planfile import signed

    policies = policies_in_force(opened)
    if not policies:
        return plan
    asked = asking(opened)
    found = tuple(asked.judge(policy, plan) for policy in policies)
    return signed(plan.model_copy(update={"policies": found}), key)


def must_be_let_through(opened: "Specs", plan: "Plan") -> None:
    """Judge a plan once more that is to be carried out. Raises `PolicyDenied`."""
    bare = plan.model_copy(update={"policies": ()})
    asked = asking(opened)
    judgements = [asked.judge(policy, bare) for policy in policies_in_force(opened)]
    denials = plan.model_copy(update={"policies": tuple(judgements)}).denials
    if denials or plan.denials:
        raise PolicyDenied(denials or plan.denials)
