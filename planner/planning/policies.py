"""The rules of policies that bep has itself, judged on a plan alone. Pure: reads no file and runs no command."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, Final

from bep.planner.fields import dotted
from bep.planner.plan import Action, Change, Judgement, Plan, Verdict, Violation
from bep.planner.traffic import receivers
from bep.schemas.address import Address, kind_of, names_of
from bep.schemas.findings.did_you_mean import listed
from bep.schemas.kinds.kind import is_kind, load_kind
from bep.schemas.secrets.recognising import redacted
from bep.schemas.workspace.policies import Effect, Policy

PLANNED = (Action.CREATE, Action.UPDATE, Action.ADOPT)
"""Actions after which a resource is as the plan says. What only leaves the state is not judged."""
REGISTRY: Final = "azureml://registries/"


def judge(policy: Policy, plan: Plan) -> Judgement:
    """What a policy of a built-in rule says of the plan."""
    return judgement(policy, RULES[policy.rule](policy, plan))


def judgement(policy: Policy, found: Iterable[Violation]) -> Judgement:
    """The verdict that these violations come to: a policy that only warns denies nothing."""
    denies = policy.effect is Effect.DENY
    violations = tuple(one if denies else one.model_copy(update={"denies": False}) for one in found)
    verdict = Verdict.PASS
    if violations:
        verdict = Verdict.DENY if any(one.denies for one in violations) else Verdict.WARN
    return _of(policy, verdict, violations)


def broken(policy: Policy, why: str, printed: str = "") -> Judgement:
    """The verdict on a plan that a policy could not judge: whatever its effect is, it is not known to be kept.

    `printed` is what it said instead, in lines.
    """
    lines = (redacted(line.rstrip()) for line in printed.splitlines() if line.strip())
    said = (f"it could not be judged: {redacted(why)}", *lines)
    return _of(policy, Verdict.BROKEN, tuple(Violation(message=line) for line in said))


def _of(policy: Policy, verdict: Verdict, violations: tuple[Violation, ...]) -> Judgement:
    return Judgement(
        policy=policy.name,
        verdict=verdict,
        description=policy.description,
        file=policy.mark.file,
        line=policy.mark.line,
        violations=violations,
    )


def _planned(policy: Policy, plan: Plan) -> Iterator[tuple[Change, Mapping[str, Any]]]:
    """What will be as the plan says, but traffic, which has no name and no fields of its own."""
    for change in plan.changes:
        if change.action in PLANNED and change.after is not None and policy.is_about(change.address):
            yield change, change.after


def _name_pattern(policy: Policy, plan: Plan) -> Iterator[Violation]:
    wanted = re.compile(policy.setting)
    for change, _ in _planned(policy, plan):
        name = _name(change.address)
        if not wanted.search(name):
            yield Violation(address=change.address, message=f"its name is {name}, and must match {policy.setting}")


def _name(address: Address) -> str:
    """The name without the version of what has one, and without the endpoint of a deployment."""
    names, kind = names_of(address), kind_of(address)
    return names[-2] if is_kind(kind) and load_kind(kind).registered and len(names) > 1 else names[-1]


def _required_tags(policy: Policy, plan: Plan) -> Iterator[Violation]:
    for change, after in _planned(policy, plan):
        kind = kind_of(change.address)
        if not is_kind(kind) or "tags" not in load_kind(kind).schema["properties"]:
            continue
        tags = after.get("tags") or {}
        missing = [name for name in policy.setting if tags.get(name) in (None, "")]
        if missing:
            yield Violation(address=change.address, message=f"it has no tag {listed(missing)}")


INSTANCES: Final[tuple[tuple[str, ...], ...]] = (("max_instances",), ("resources", "instance_count"))
SIZES: Final[tuple[tuple[str, ...], ...]] = (("size",), ("resources", "instance_type"))
SIZED: Final = ("compute", "deployment")
"""The kinds whose resources have instances."""


def _at(paths: tuple[tuple[str, ...], ...], address: Address, after: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The values at these fields of what has instances, each with its dotted name."""
    for path in paths if kind_of(address) in SIZED else ():
        value: Any = after
        for step in path:
            value = value.get(step) if isinstance(value, Mapping) else None
        if value is not None:
            yield dotted(path), value


def _max_instances(policy: Policy, plan: Plan) -> Iterator[Violation]:
    for change, after in _planned(policy, plan):
        for field, value in _at(INSTANCES, change.address, after):
            if isinstance(value, int) and value > policy.setting:
                message = f"{field} is {value}, and may be {policy.setting} at most"
                yield Violation(address=change.address, message=message)


def _forbidden_sizes(policy: Policy, plan: Plan) -> Iterator[Violation]:
    for change, after in _planned(policy, plan):
        for field, value in _at(SIZES, change.address, after):
            pattern = next((one for one in policy.setting if fnmatchcase(str(value).lower(), one.lower())), None)
            if pattern is not None:
                said = "" if pattern.lower() == str(value).lower() else f" ({pattern})"
                yield Violation(address=change.address, message=f"{field} is {value}, which is forbidden{said}")


def _no_direct_shift(policy: Policy, plan: Plan) -> Iterator[Violation]:
    """Traffic that is taken from one deployment for another that this plan makes or changes, or that never scored."""
    touched = {change.address for change in plan.changes if change.action in (Action.CREATE, Action.UPDATE)}
    unscored = {found.address for found in plan.findings if found.code == "shift-unscored"}
    for change in plan.changes:
        if change.action is not Action.SHIFT or not policy.is_about(change.address):
            continue
        kind = load_kind(kind_of(change.address))
        losing = receivers(kind, change.address, change.before)
        for receiver in sorted(receivers(kind, change.address, change.after) - losing if losing else ()):
            if receiver in touched:
                why = "which this very plan makes or changes: apply that first, and score with it by name"
            elif change.address in unscored:
                why = "which has never scored anything, as far as is known: score with it by name first"
            else:
                continue
            yield Violation(address=change.address, message=f"the traffic moves to {receiver}, {why}")


def _max_deletions(policy: Policy, plan: Plan) -> Iterator[Violation]:
    deleted = [c.address for c in plan.changes if c.action is Action.DELETE and policy.is_about(c.address)]
    if len(deleted) > policy.setting:
        are = "1 resource is" if len(deleted) == 1 else f"{len(deleted)} resources are"
        yield Violation(message=f"{are} deleted, and {policy.setting} may be: {listed(deleted)}")


def _models_from(policy: Policy, plan: Plan) -> Iterator[Violation]:
    for change, after in _planned(policy, plan):
        model = after.get("model") if kind_of(change.address) == "deployment" else None
        if not isinstance(model, str):
            continue
        registry = model.removeprefix(REGISTRY).partition("/")[0] if model.startswith(REGISTRY) else ""
        if not any(registry and fnmatchcase(registry, pattern) for pattern in policy.setting):
            message = f"its model is {model}, and must come from a registry: {listed(policy.setting)}"
            yield Violation(address=change.address, message=message)


Rule = Callable[[Policy, Plan], Iterator[Violation]]
RULES: Final[Mapping[str, Rule]] = {
    "name_pattern": _name_pattern,
    "required_tags": _required_tags,
    "max_instances": _max_instances,
    "forbidden_sizes": _forbidden_sizes,
    "no_direct_shift": _no_direct_shift,
    "max_deletions": _max_deletions,
    "models_from": _models_from,
}
"""By the word of the rule. Those that are not here run something, and are judged by who may do that."""
