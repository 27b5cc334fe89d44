"""The plans that were applied: who, when, what came of it; those of an apply that was killed, too."""

from pathlib import Path

from bep.planner.plan import Action, Change, Plan
from bep.planner.state import State
from bep.providers.state.applied import APPLIED, KEEP, AppliedPlans
from bep.providers.state.holder import Holder
from bep.providers.state.migrating import migrate
from bep.providers.state.owner import Owner
from bep.providers.state.store import FileStore
from bep.schemas.address import Address
from tests.faults.scene import KEY, now

HOLDER = Holder("1", Owner("anna", "desk", 7, ""), "2026-11-27T10:00:00Z", "apply")


def store_in(folder: Path) -> FileStore:
    found = FileStore(folder / "state.json", clock=now)
    found.load_or_create(lambda: State(lineage="here", secret_key=KEY))
    return found


def plan_to(shares: dict[str, int], before: dict[str, int], digest: str = "sha256:0123456789abcdef") -> Plan:
    change = Change(
        id="1",
        address=Address("traffic/letters"),
        action=Action.SHIFT,
        before={"split": before},
        after={"split": shares},
    )
    return Plan(lineage="here", serial=0, changes=(change,), digest=digest)


def test_who_applied_what_and_what_came_of_it(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    with store.acquire(operation="apply", since=now()), store.begin(HOLDER) as session:
        session.remember(plan_to({"green": 100}, {"blue": 100}))
        [begun] = store.applied.every()
        session.note_end("2026-11-27T10:00:09Z", {"done": 1})

    [ended] = store.applied.every()
    assert (begun.ended, begun.is_whole) == ("", False)  # what a kill leaves
    assert (ended.ended, ended.is_whole) == ("2026-11-27T10:00:09Z", True)
    assert (ended.who, ended.host, ended.operation, ended.began) == ("anna", "desk", "apply", HOLDER.since)
    assert ended.actions == {"shift": 1}
    [shift] = ended.shifts
    assert (shift.endpoint, shift.before, shift.after) == ("endpoint/letters", {"blue": 100}, {"green": 100})


def test_without_a_holder_nothing_is_kept_but_what_recovery_needs(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    with store.acquire(operation="apply", since=now()), store.begin() as session:
        session.remember(plan_to({"green": 100}, {}))
        session.note_end(now(), {"done": 1})
    assert store.applied.every() == []


def test_only_the_last_ones_are_kept(tmp_path: Path) -> None:
    applied = AppliedPlans(store_in(tmp_path).place)
    for serial in range(KEEP + 3):
        plan = plan_to({"green": 100}, {}, f"sha256:{serial:012}")
        applied.begin(plan, plan.model_dump_json().encode(), serial, HOLDER)
    assert [one.serial for one in applied.every()] == list(range(KEEP + 2, 2, -1))
    files = {path.name.partition(".")[0] for path in (tmp_path / "state.json.applied").iterdir()}
    assert files == {one.name for one in applied.every()}


def test_what_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    for name, data in (("1-a", b"{"), ("2-b", b"\xff\xfe"), ("3-c", b'{"format_version": 9}')):
        store.place.write(f"{APPLIED}{name}.about.json", data)
        store.place.write(f"{APPLIED}{name}.plan.json", data)
    assert store.applied.every() == []
    assert [store.applied.plan(name) for name in ("1-a", "2-b", "3-c", "4-d", "../state", "")] == [None] * 6


def test_they_move_with_the_state(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "new").mkdir()
    old, new = store_in(tmp_path / "old"), FileStore(tmp_path / "new" / "state.json", clock=now)
    with old.acquire(operation="apply", since=now()), old.begin(HOLDER) as session:
        session.remember(plan_to({"green": 100}, {}))
        session.note_end(now(), {"done": 1})
        session.finish("sha256:0")
    migrate(old, new)
    assert new.applied.every() == old.applied.every() != []
