"""Risks: what of a plan a person should know before it is applied, each with its level. Shows nothing."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from bep.planner.facts import Comparison, FieldDiff, Level, Risk
from bep.planner.fields import ABSENT, dotted, value_at
from bep.planner.plan import Action, Change
from bep.planner.planning.advice import adopting
from bep.planner.planning.undone import taken_back, writing
from bep.planner.reviewing.evidence import DEPLOYMENT, ENDPOINT, Evidence, endpoint_of
from bep.planner.summarising import diffs_summary, told
from bep.schemas.address import Address, kind_of, names_of
from bep.schemas.secrets.secret import is_sealed

ORDER: Final = (Level.HIGH, Level.MEDIUM, Level.LOW)
SAID_OF_IT: Final = ("description", "tags", "properties")
"""Fields that only speak of a resource: what it does is the same after."""
READ: Final = {("settings", "output_action"): Level.HIGH, ("settings", "output_file_name"): Level.MEDIUM}
"""Fields of a deployment on which whoever reads its results depends."""
BUILT: Final = ("conda_file", "requirements", "build", "local_files")
"""Fields of an environment that something is built for; without any it is used as it is."""


def risks(evidence: Evidence, comparisons: Sequence[Comparison]) -> tuple[Risk, ...]:
    """Every rule's, the highest first and then by rule and order of execution."""
    before, after = evidence.shares(evidence.now), evidence.shares(evidence.later)
    found = [
        *_taken_away(evidence, before, after),
        *_active_changed(evidence, before),
        *_shifts(evidence, before, after),
        *_read_otherwise(evidence, before, after),
        *_signatures(evidence, comparisons, after),
        *_too_small(evidence),
        *_drift_undone(evidence),
        *_to_build(evidence),
    ]
    return tuple(sorted(found, key=lambda risk: ORDER.index(risk.level)))


def highest(found: Sequence[Risk]) -> Level:
    """The level of the first of them."""
    return found[0].level if found else Level.NONE


Shares = Mapping[Address, Mapping[Address, int]]


def _fed(shares: Shares) -> dict[Address, tuple[Address, int]]:
    """By deployment, the traffic that feeds it and its share."""
    return {fed: (traffic, share) for traffic, split in shares.items() for fed, share in split.items()}


def _has(traffic: Address, share: int) -> str:
    return f"has {'the' if share == 100 else f'{share} % of the'} traffic of {endpoint_of(traffic)}"


def _taken_away(evidence: Evidence, before: Shares, after: Shares) -> Iterator[Risk]:
    """What is deleted or replaced; it is riskier where jobs go to it until then."""
    fed = _fed(before)
    for change in evidence.changes(Action.DELETE):
        traffic, share = fed.get(change.address, (Address(""), 0))
        others = after.get(traffic, {})
        active = bool(traffic) and (not others or change.address in others)
        high = active or (kind_of(change.address) == ENDPOINT and not change.replacement)
        code, what = ("replaced", "is deleted and made anew") if change.replacement else ("deleted", "is deleted")
        message = f"it {f'{_has(traffic, share)} and ' if active else ''}{what}"
        message += f" ({change.reason})" if change.reason else ""
        yield Risk(level=Level.HIGH if high else Level.MEDIUM, code=code, address=change.address, message=message)


def _active_changed(evidence: Evidence, before: Shares) -> Iterator[Risk]:
    fed, drifted = _fed(before), {drift.address: drift for drift in evidence.plan.drift if drift.undone}
    for change in evidence.changes(Action.UPDATE):
        if change.address in fed:
            does = any(diff.path[0] not in SAID_OF_IT for diff in change.diffs)
            drift = drifted.get(change.address)
            only_undoes = drift is not None and len(taken_back(drift, {change.address: (change,)})) == len(change.diffs)
            how = ", to what the specs ask" if only_undoes else f": {diffs_summary(change.diffs)}"  # that risk says it
            message = f"it {_has(*fed[change.address])} and is changed in place{how}"
            level = Level.MEDIUM if does else Level.LOW
            yield Risk(level=level, code="active-changed", address=change.address, message=message)


def _shifts(evidence: Evidence, before: Shares, after: Shares) -> Iterator[Risk]:
    for change in evidence.changes(Action.SHIFT):
        losing, gaining = before.get(change.address, {}), after.get(change.address, {})
        for receiver in [one for one in gaining if gaining[one] > losing.get(one, 0)]:
            yield from _shifted_to(receiver, change, evidence, bool(losing))
        if losing and not gaining and endpoint_of(change.address) in evidence.later:
            message = "nothing has its traffic any more: a job has to name a deployment"
            yield Risk(level=Level.HIGH, code="traffic-removed", address=change.address, message=message)


def _shifted_to(receiver: Address, change: Change, evidence: Evidence, moved: bool) -> Iterator[Risk]:
    failed = evidence.options.failed.get(receiver)
    moves = f"traffic moves: {change.summary}; " if moved else ""
    if failed:
        message = f"{moves}the last job of {receiver}, {failed}, failed"
        yield Risk(level=Level.HIGH, code="traffic-to-failed", address=change.address, message=message)
    elif moved and receiver not in evidence.options.scored and not evidence.options.jobs_known:
        message = f"{moves}its jobs could not be asked for, so it is not known whether {receiver} has ever scored"
        yield Risk(level=Level.HIGH, code="traffic-to-unknown", address=change.address, message=message)
    elif moved and receiver not in evidence.options.scored:
        message = f"{moves}{receiver} has never scored anything"
        fix = "run a job on it by name first"
        yield Risk(level=Level.HIGH, code="traffic-to-unscored", address=change.address, message=message, fix=fix)
    elif moved:
        known = "had it before" if evidence.options.takes_back else "has scored before"
        message = f"{moves}{receiver} {known}"
        yield Risk(level=Level.MEDIUM, code="traffic-shift", address=change.address, message=message)


def _read_otherwise(evidence: Evidence, before: Shares, after: Shares) -> Iterator[Risk]:
    """How results look for whoever reads those of an endpoint."""
    for traffic, fed in after.items():
        was = before.get(traffic, {})
        for receiver in fed if was else ():
            one = evidence.known(receiver if receiver in was else next(iter(was)))
            for path, level in READ.items():
                old, new = value_at(one, path), value_at(evidence.later.get(receiver, {}), path)
                if one and old != new:
                    said = " -> ".join("(none)" if side is ABSENT else told(side) for side in (old, new))
                    message = f"results of {endpoint_of(traffic)} change for who reads them: {dotted(path)} {said}"
                    yield Risk(level=level, code="results-changed", address=receiver, message=message)


def _signatures(evidence: Evidence, comparisons: Sequence[Comparison], after: Shares) -> Iterator[Risk]:
    """What a model takes and gives; of less weight while no job goes to it that does not name it."""
    active = {evidence.later.get(fed, {}).get("model") for split in after.values() for fed in split}
    for one in comparisons:
        for diff in one.model:
            if diff.what.startswith("signature"):
                gives = not diff.what.endswith(("inputs", "params"))
                who = "who reads the results" if gives else "who gives the inputs"
                message = f"its {diff.what} is not that of {one.against}, which matters to {who}"
                level = Level.LOW if one.address not in active else Level.HIGH if gives else Level.MEDIUM
                yield Risk(level=level, code="signature-changed", address=one.address, message=message)


def _too_small(evidence: Evidence) -> Iterator[Risk]:
    """A compute that is changed so that what runs on it asks for more than it has."""
    changed = {
        change.address: change
        for change in evidence.plan.changes
        if change.after is not None and change.before is not None and kind_of(change.address) == "compute"
    }
    for address, attributes in evidence.later.items() if changed else ():
        if kind_of(address) != DEPLOYMENT or (change := changed.get(Address(str(attributes.get("compute"))))) is None:
            continue
        asks = value_at(attributes, ("resources", "instance_count"))
        old, new = ((side or {}).get("max_instances") for side in (change.before, change.after))
        if isinstance(asks, int) and isinstance(new, int) and asks > new and new != old:
            message = f"max_instances becomes {new}, and {address} asks for {asks}"
            fix = f"ask for {new} there first, or leave it at {old}" if old is not None else ""
            yield Risk(level=Level.HIGH, code="compute-too-small", address=change.address, message=message, fix=fix)


def _drift_undone(evidence: Evidence) -> Iterator[Risk]:
    """What somebody did outside bep and this plan takes back."""
    written = writing(evidence.plan.changes) if evidence.plan.drift else {}
    for drift in evidence.plan.drift:
        if not drift.undone:
            continue
        who = f" by {drift.changed_by}" if drift.changed_by else ""
        when = f" on {drift.changed_at}" if drift.changed_at else ""
        since = f", since it was applied on {drift.applied_at}" if drift.applied_at and not when else ""
        if drift.gone:
            message = f"it was removed outside bep{who}{when}{since}, and is made again"
            fix = "take it out of the specs to leave it so"
        else:
            what = ", ".join(map(_set_back, taken_back(drift, written)))
            message = f"it was changed outside bep{who}{when}{since}, and that is undone: {what}"
            fix = f"keep what they did with {adopting(drift.address)}"
        yield Risk(level=Level.MEDIUM, code="drift-undone", address=drift.address, message=message, fix=fix)


def _set_back(diff: FieldDiff) -> str:
    """From what they set to what the plan sets."""
    if is_sealed(diff.before) or is_sealed(diff.after):
        return f"{dotted(diff.path)} changed"
    old, new = ("(none)" if side is None else told(side) for side in (diff.before, diff.after))
    return f"{dotted(diff.path)} {old} -> {new}"


def _to_build(evidence: Evidence) -> Iterator[Risk]:
    """New environments that something is built for, and new models that bring theirs along."""
    made = [change for change in evidence.changes(Action.CREATE) if _is_built(change)]
    users: dict[object, list[str]] = {}
    for address, attributes in evidence.later.items() if made else ():
        if kind_of(address) == DEPLOYMENT:
            scored_in = attributes.get("environment") or attributes.get("model")
            users.setdefault(scored_in, []).append(names_of(address)[-1])
    for change in made:
        names = sorted(users.get(change.address, ()))
        if names:
            named = ", ".join(names[:3]) + (" and more" if len(names) > 3 else "")
            message = (
                f"the first job of {named} begins with building what it is scored in, which can take minutes, "
                "unless the same was built before"
            )
            yield Risk(level=Level.LOW, code="environment-to-build", address=change.address, message=message)


def _is_built(change: Change) -> bool:
    after = change.after or {}
    if kind_of(change.address) == "environment":
        return any(after.get(field) for field in BUILT)
    return kind_of(change.address) == "model" and after.get("type") == "mlflow_model"
