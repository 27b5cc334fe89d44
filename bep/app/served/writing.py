"""One object, made what somebody asks beside the specs: judged as a plan, carried out and recorded as an apply.

The specs do not change by it: the next plan shows what was done as drift, and by whom.
"""

from collections.abc import Callable, Mapping
from threading import Event as Flag
from typing import TYPE_CHECKING, Any, Final

from bep.app.errors import Conflict, Refused, Unavailable, WorldFailed
from bep.app.served.wishes import UNDONE, resources_of
from bep.app.workspace.clock import now, operation_id
from bep.schemas.address import Address, address_of, kind_of, names_of
from bep.schemas.next_step import step

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Writing
    from bep.planner.plan import Plan
    from bep.providers.bodies import Wish
    from bep.schemas.resource import Resource

__all__ = ["UNDONE", "make", "take_away"]

PATIENCE: Final = 60.0
"""Seconds that a request waits for whoever changes the state."""


def make(opened: "Writing", wish: "Wish", by: str, is_still: Callable[[], None]) -> None:
    """Make an object what is wished. `is_still` looks whether it is the version that whoever asks has seen, and raises
    otherwise; it is asked once nobody else writes.

    Raises `Conflict` where guards, or what makes a plan unsafe, stand against it; `SpecInvalid` and `Invalid` for a
    wish that no spec could have; what an apply raises.
    """
    _must_be_possible(opened, wish.address)
    _carry_out(opened, resources_of(opened, wish), by, is_still)


def take_away(opened: "Writing", address: Address, by: str, is_still: Callable[[], None]) -> None:
    """Delete an object. Raises as `make`."""
    _must_be_possible(opened, address)
    if address not in opened.provider.read([address]):
        raise Conflict(f"{address} always exists here: nothing deletes it")
    along = [address_of("traffic", *names_of(address))] if kind_of(address) == "endpoint" else []
    _carry_out(opened, dict.fromkeys([address, *along]), by, is_still)


def _must_be_possible(opened: "Writing", address: Address) -> None:
    from bep.app.workspace.write_access import must_write

    if opened.world.places is None:
        raise Unavailable(
            opened.world.name, "keeps its resources in a service of its own: write them there, or in specs"
        )
    if kind_of(address) in UNDONE:
        apply = step("apply")
        raise Refused(f"{address}: a {kind_of(address)} is declared in a spec: {apply}", next=(apply,))
    must_write(opened)


def _carry_out(
    opened: "Writing", wishes: "Mapping[Address, Resource | None]", by: str, is_still: Callable[[], None]
) -> None:
    from bep.providers.applying.applying import apply
    from bep.providers.applying.recovery import recover
    from bep.providers.protocol import ProviderError

    opened.keep_state()
    with (
        opened.store.acquire(operation=f"serve, for {by}", since=now(), timeout=PATIENCE) as lock,
        opened.store.begin() as session,
    ):
        recover(session, opened.provider, now)
        is_still()
        plan = _plan(opened, wishes, session.state)
        if not plan:
            return
        report = apply(
            plan,
            [one for one in wishes.values() if one is not None],
            session,
            opened.provider,
            report=lambda event: None,
            stop=Flag(),
            clock=now,
            operation_ids=operation_id,
            progress=lock.progress,
            by=by,
        )
    if report.broken is not None:
        raise report.broken
    for result in report.results:
        if isinstance(result.error, ProviderError) and not result.error.retryable:
            raise Conflict(f"{result.change.address}: {result.message}")
    if not report.ok:
        raise WorldFailed("; ".join(f"{one.change.address}: {one.message}" for one in report.results if one.message))


def _plan(opened: "Writing", wishes: "Mapping[Address, Resource | None]", state: Any) -> "Plan":
    """The plan, which nothing stands against. Raises `Conflict`, and `PolicyDenied`."""
    from bep.app.job_records import records, running_jobs
    from bep.planner.options import Options
    from bep.planner.planning.beside import OnlyReplaced, plan_beside
    from bep.schemas.kinds.kind import load_kinds

    endpoints = {names_of(each)[0] for each in wishes if kind_of(each) in ("deployment", "endpoint")}
    traffic = {address_of("traffic", name) for name in endpoints}
    workspace = opened.workspace
    options = Options(
        created_at=now(),
        workspace=workspace.name,
        stage=workspace.stage or "",
        provider=workspace.provider,
        running_jobs=running_jobs(records(opened.home)),
        scored=frozenset(state.entries),  # that one was never scored is only a warning, and nobody would read it
    )
    observed = opened.provider.read({*wishes, *state.entries, *traffic})
    try:
        made = plan_beside(wishes, opened.loaded.resources, state, observed, load_kinds(), options)
    except OnlyReplaced as problem:
        raise Conflict(str(problem)) from None
    if made.blocking:
        look = step("plan")
        told = "; ".join(f"{found.address}: {found.message} ({found.code})" for found in made.blocking)
        raise Conflict(f"{told}\n    fix: change the specs, and see with {look} what that comes to", next=(look,))
    if made and workspace.policies:
        from bep.app.plans.policies.judging import judged, must_be_let_through

        must_be_let_through(opened, judged(opened, made, state.secret_key))
    return made
