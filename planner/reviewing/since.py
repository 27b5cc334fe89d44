"""What differs between a plan and an earlier one, such as that of the previous push. Pure; knows no file."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from bep.planner.facts import Risk, Since, SinceChange
from bep.planner.fields import ABSENT, dotted, value_at
from bep.planner.plan import Change, Plan
from bep.planner.rendering.layout import leaves
from bep.planner.summarising import told
from bep.schemas.secrets.secret import is_sealed

FACTS_SINCE: Final = 3
"""The format from which on a plan tells risks."""
MOST: Final = 10
"""Differences of one change that are told one by one."""


def since_of(plan: Plan, earlier: Plan) -> Since:
    """The differences, in the order of the plan; what is gone in the order of the earlier one."""
    now, then = ({change.id: change for change in one.changes} for one in (plan, earlier))
    differing = {name: list(_differences(then[name], change)) for name, change in now.items() if name in then}
    fresh, gone = _risks_apart(plan, earlier)
    return Since(
        digest=earlier.digest,
        created_at=earlier.created_at,
        risk=earlier.risk,
        new=tuple(_told(change, ()) for name, change in now.items() if name not in then),
        gone=tuple(_told(change, ()) for name, change in then.items() if name not in now),
        different=tuple(_told(now[name], words) for name, words in differing.items() if words),
        same=sum(1 for words in differing.values() if not words),
        new_risks=fresh,
        gone_risks=gone,
    )


def _told(change: Change, words: list[str] | tuple[str, ...]) -> SinceChange:
    more = [f"and {len(words) - MOST} more"] if len(words) > MOST else []
    return SinceChange(id=change.id, address=change.address, differences=(*words[:MOST], *more))


def _differences(then: Change, now: Change) -> Iterator[str]:
    """In what they differ that a reviewer of the earlier one has to look at again."""
    yield from _values(then, now, "after", "")
    yield from _values(then, now, "before", "there now: ")
    if then.origin != now.origin:
        yield f"it comes from {now.origin}, and came from {then.origin}"
    if then.reason != now.reason:
        yield f"why: {now.reason or 'the specs ask for it'}"
    if then.guards != now.guards:
        yield "its guards"


def _values(then: Change, now: Change, side: str, prefix: str) -> Iterator[str]:
    old, new = getattr(then, side), getattr(now, side)
    if old == new:
        return
    paths = dict.fromkeys(path for values in (old, new) for path, _ in leaves(values or {}))
    for path in paths:
        one, other = value_at(old or {}, path), value_at(new or {}, path)
        if one != other:
            yield f"{prefix}{dotted(path)} {_side(one, other)}"


def _side(old: Any, new: Any) -> str:
    if is_sealed(old) or is_sealed(new):
        return "changed"
    return " -> ".join("(none)" if side is ABSENT else told(side) for side in (old, new))


def _risks_apart(plan: Plan, earlier: Plan) -> tuple[tuple[Risk, ...], tuple[Risk, ...]]:
    """Those that only one of them has; none of either where the earlier one is of a format that tells no risks."""
    if earlier.format_version < FACTS_SINCE:
        return (), ()
    now, then = ({(risk.level, risk.code, risk.address): risk for risk in one.risks} for one in (plan, earlier))
    return _only_in(now, then), _only_in(then, now)


def _only_in(these: Mapping[Any, Risk], those: Mapping[Any, Risk]) -> tuple[Risk, ...]:
    return tuple(risk for key, risk in these.items() if key not in those)
