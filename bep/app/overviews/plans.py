"""Plans that were applied and plans that are kept in files: what each would do or did, by whom, and what came of it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bep.app.errors import NotFound
from bep.lazy_dataclasses import dataclass, field
from bep.schemas.address import address_of
from bep.schemas.findings.did_you_mean import nearest

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Reading
    from bep.planner.plan import Plan
    from bep.providers.state.applied import Applied

LAST: Final = "last"
"""What the plan last applied is called where an earlier bep applied it, which kept no more of it."""
OUTSIDE: Final = "outside bep"
"""What a move of traffic is that no plan made."""
FILES: Final = 20
"""Plan files that are looked at, the newest first."""
LARGEST: Final = 20_000_000
_BEGINNING: Final = 4_096


@dataclass(frozen=True)
class KeptPlan:
    """A plan, without all that is in it. `name` finds it again; `file` is its path for one that lies in a file.

    `state` is "applied", "applied in part", "interrupted", "being applied" or "not applied"; `at` is when it was
    applied or, of one that was not, made. `serial` is that of the state it was made for. `actions` counts its changes.
    """

    name: str
    at: str
    serial: int
    state: str
    actions: Mapping[str, int]
    who: str = ""
    host: str = ""
    operation: str = ""
    file: str = ""
    ended: str = ""
    failed: int = 0
    risk: str = ""


@dataclass(frozen=True)
class Shifted:
    """A move of an endpoint's traffic: when, by whom, by which plan; shares before and after. `plan` is the name of a
    plan that is still kept, `serial` that of the state that first had it."""

    at: str
    before: Mapping[str, int]
    after: Mapping[str, int]
    serial: int
    who: str = ""
    plan: str = ""
    state: str = "applied"
    actions: Mapping[str, int] = field(default_factory=dict)


def applied_plans(opened: "Reading") -> list[KeptPlan]:
    """Those that were applied, newest first, as far back as they are kept."""
    records = opened.store.applied.every()
    found = [_of_record(opened, record) for record in records]
    last = opened.store.kept_plan()
    if last is not None and all(record.digest != last.digest for record in records):
        is_known = last.digest in opened.state.applied_plans
        state = "applied" if is_known else "interrupted"
        found.append(KeptPlan(LAST, last.created_at, last.serial, state, _actions(last), risk=str(last.risk)))
    return found


def plan_files(opened: "Reading") -> list[KeptPlan]:
    """Plans that lie in the workspace's own folder as files, newest first."""
    return [kept for kept, _ in _files(opened)]


def plan_named(opened: "Reading", name: str) -> "tuple[KeptPlan, Plan]":
    """One plan, as it may be shown. Raises `NotFound`."""
    from bep.app.plans.showing import without_clear_secrets

    for kept in applied_plans(opened):
        if kept.name == name:
            plan = opened.store.kept_plan() if name == LAST else opened.store.applied.plan(name)
            if plan is not None:
                return kept, without_clear_secrets(plan)[0]
    for kept, plan in _files(opened):
        if kept.name == name:
            return kept, without_clear_secrets(plan)[0]
    every = [one.name for one in applied_plans(opened)]
    raise NotFound(f"no plan {name!r} is kept here any more", nearest=nearest(name, every))


def shifts_of(opened: "Reading", endpoint: str) -> list[Shifted]:
    """How an endpoint's traffic moved, newest first, as far back as plans or copies of the state are kept."""
    address = address_of("endpoint", endpoint)
    records = opened.store.applied.every()
    told = [
        Shifted(
            record.began, shift.before, shift.after, record.serial + 1, record.who, record.name,
            _state_of(opened, record), record.actions,
        )
        for record in records
        for shift in record.shifts
        if shift.endpoint == address
    ]  # fmt: skip
    oldest = min((record.serial for record in records), default=None)
    return [*_outside(opened, endpoint), *told, *reversed(list(_from_copies(opened, endpoint, oldest)))]


def _outside(opened: "Reading", endpoint: str) -> Iterator[Shifted]:
    """The move that somebody made since the last apply, where the world is this machine: it knows nobody, its server
    does."""
    address = address_of("traffic", endpoint)
    applied = opened.state.entries.get(address)
    if opened.world.jobs is not None:
        return
    seen = opened.provider.read([address]).get(address)
    before = applied.attributes.get("split", {}) if applied else {}
    now = seen.attributes.get("split", {}) if seen else {}
    if now != before:
        by = applied.beside if applied else None
        yield Shifted(by.at if by else "", before, now, opened.state.serial, by.by if by else "", state=OUTSIDE)


def _from_copies(opened: "Reading", endpoint: str, before: int | None) -> Iterator[Shifted]:
    """Moves of a time of which no plan is kept, from what the copies of the state say, oldest first."""
    backups = opened.store.backups
    serials = sorted(one for one in backups.serials() if before is None or one <= before)
    shares: Mapping[str, int] | None = None
    for serial in serials:
        state = backups.state(serial)
        if state is None:
            continue
        traffic = state.entries.get(address_of("traffic", endpoint))
        now: Mapping[str, int] = traffic.attributes.get("split", {}) if traffic else {}
        if shares is not None and now != shares:
            at = traffic.applied_at if traffic else _moment(backups.written_at(serial))
            yield Shifted(at, shares, now, serial)
        shares = now


def _of_record(opened: "Reading", record: "Applied") -> KeptPlan:
    return KeptPlan(
        record.name,
        record.began,
        record.serial,
        _state_of(opened, record),
        record.actions,
        record.who,
        record.host,
        record.operation,
        ended=record.ended,
        failed=record.failed + record.skipped + record.not_started,
    )


def _state_of(opened: "Reading", record: "Applied") -> str:
    if record.is_whole:
        return "applied"
    if record.ended:
        return "applied in part"
    holder = opened.store.holder()
    return "being applied" if holder is not None and holder.since == record.began else "interrupted"


def _files(opened: "Reading") -> "Iterator[tuple[KeptPlan, Plan]]":
    from bep.planner.formats.planfile import PlanInvalid, decode

    for path in _looking_like_plans(opened.root):
        try:
            plan = decode(path.read_text())
        except (OSError, UnicodeDecodeError, PlanInvalid):
            continue
        state = "applied" if plan.digest in opened.state.applied_plans else "not applied"
        made = plan.created_at or _moment(datetime.fromtimestamp(path.stat().st_mtime, UTC))
        kept = KeptPlan(path.name, made, plan.serial, state, _actions(plan), file=str(path), risk=str(plan.risk))
        yield kept, plan


def _looking_like_plans(folder: Path) -> Sequence[Path]:
    """JSON files of a folder that begin as plans do, newest first."""
    found = []
    try:
        for path in folder.glob("*.json"):
            about = path.stat()
            with path.open("rb") as stream:
                if about.st_size <= LARGEST and b'"lineage"' in stream.read(_BEGINNING):
                    found.append((about.st_mtime, path))
    except OSError:
        return []
    return [path for _, path in sorted(found, reverse=True)[:FILES]]


def _actions(plan: "Plan") -> dict[str, int]:
    found: dict[str, int] = {}
    for change in plan.changes:
        found[str(change.action)] = found.get(str(change.action), 0) + 1
    return found


def _moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
