"""Plans that were applied: each as it was, by whom, when, and what came of it. Knows files by name, no world.

A record is begun before the first change and ended after the last, so that an apply that was killed has one, too. It
is for people: nothing of bep decides by it.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Literal

from bep.planner.plan import Action, Plan
from bep.planner.traffic import split_of
from bep.schemas.address import Address
from bep.schemas.values.written import Field, Invalid, Written

if TYPE_CHECKING:
    from bep.providers.state.holder import Holder
    from bep.providers.state.place import Place

APPLIED: Final = ".applied/"
KEEP: Final = 20
"""As many as a state remembers the digests of."""
_ABOUT: Final = ".about.json"
_PLAN: Final = ".plan.json"


class Shift(Written):
    """Traffic that a plan moves: the shares of an endpoint's deployments before and after."""

    endpoint: Address
    before: dict[str, int] = Field(default_factory=dict)
    after: dict[str, int] = Field(default_factory=dict)


class Applied(Written):
    """What is kept of one apply. `serial` is that of the state it began with; `actions` counts the changes of the plan.

    `began` and `ended` are moments; without an end it was interrupted, or goes on. `done`, `failed`, `skipped` and
    `not_started` count how its changes ended.
    """

    format_version: Literal[1] = 1
    name: str
    serial: int
    digest: str
    began: str
    ended: str = ""
    who: str = ""
    host: str = ""
    operation: str = ""
    actions: dict[str, int] = Field(default_factory=dict)
    shifts: tuple[Shift, ...] = ()
    done: int = 0
    failed: int = 0
    skipped: int = 0
    not_started: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether all of it was done."""
        return bool(self.ended) and self.done == sum(self.actions.values())


class AppliedPlans:
    """The records beside a state: `.applied/SERIAL-DIGEST.about.json` and the plan itself."""

    def __init__(self, place: "Place") -> None:
        self._place = place

    def begin(self, plan: Plan, data: bytes, serial: int, holder: "Holder") -> Applied:
        """Keep a plan, `data` being its JSON, that is applied from now on; let go of the oldest. Raises `OSError`."""
        actions: dict[str, int] = {}
        for change in plan.changes:
            actions[str(change.action)] = actions.get(str(change.action), 0) + 1
        record = Applied(
            name=f"{serial}-{plan.digest.removeprefix('sha256:')[:12]}",
            serial=serial,
            digest=plan.digest,
            began=holder.since,
            who=holder.owner.who,
            host=holder.owner.host,
            operation=holder.operation,
            actions=actions,
            shifts=_shifts(plan),
        )
        self._place.write(f"{APPLIED}{record.name}{_PLAN}", data)
        self._write(record)
        self._let_go()
        return record

    def end(self, record: Applied, ended: str, counts: Mapping[str, int]) -> None:
        """Note how it ended. Raises `OSError`."""
        self._write(record.model_copy(update={"ended": ended, **counts}))

    def every(self) -> list[Applied]:
        """All that are kept, newest first; one that cannot be read is passed over. Raises `OSError`."""
        found = []
        for part in self._place.parts(APPLIED):
            if part.endswith(_ABOUT):
                with suppress(Invalid, UnicodeDecodeError):
                    found.append(Applied.model_validate_json((self._place.read(part) or b"").decode()))
        return sorted(found, key=lambda one: (one.serial, one.began), reverse=True)

    def plan(self, name: str) -> Plan | None:
        """The plan of one of them; None where it is not there or cannot be trusted."""
        from bep.planner.formats.planfile import PlanInvalid, decode

        if f"{APPLIED}{name}{_PLAN}" not in self._place.parts(APPLIED):  # no name leads anywhere else
            return None
        try:
            return decode((self._place.read(f"{APPLIED}{name}{_PLAN}") or b"").decode())
        except (PlanInvalid, UnicodeDecodeError):
            return None

    def _write(self, record: Applied) -> None:
        self._place.write(f"{APPLIED}{record.name}{_ABOUT}", record.model_dump_json().encode())

    def _let_go(self) -> None:
        parts = self._place.parts(APPLIED)
        names = {part.removeprefix(APPLIED).partition(".")[0] for part in parts}
        kept = set(sorted(names, key=_serial_in, reverse=True)[:KEEP])
        for part in parts:
            if part.removeprefix(APPLIED).partition(".")[0] not in kept:
                with suppress(OSError):
                    self._place.remove(part)


def _serial_in(name: str) -> tuple[int, str]:
    serial = name.partition("-")[0]
    return (int(serial) if serial.isdecimal() else -1, name)


def _shifts(plan: Plan) -> tuple[Shift, ...]:
    """What the plan does to traffic; a shift that is made in two changes is one."""
    found: dict[Address, Shift] = {}
    for change in plan.changes:
        if change.action is Action.SHIFT:
            known = found.get(change.address)
            before = known.before if known else dict(split_of(change.before))
            found[change.address] = Shift(
                endpoint=Address(change.address.replace("traffic/", "endpoint/", 1)),
                before=before,
                after=dict(split_of(change.after)),
            )
    return tuple(found.values())
