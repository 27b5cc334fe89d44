import pytest
from hypothesis import given
from hypothesis import strategies as st

from bep.planner.formats.journal import Decoded, Intent, Outcome, decode, encode, fold
from bep.planner.formats.statefile import StateDamaged
from bep.planner.plan import Action
from bep.planner.state import Entry, State
from bep.schemas.address import Address

STATE = State(lineage="l", serial=3, secret_key="k")
ONE, TWO = Address("compute/one"), Address("compute/two")


def intent(operation: str, address: Address = ONE, serial: int = 3, lineage: str = "l") -> Intent:
    return Intent(lineage=lineage, serial=serial, operation=operation, address=address, action=Action.CREATE)


def done(operation: str, address: Address = ONE, *, gone: bool = False, serial: int = 3) -> Outcome:
    entry = None if gone else Entry(address=address, attributes={"name": "\u2028é"}, observed={}, etag=operation)
    return Outcome(lineage="l", serial=serial, operation=operation, address=address, status="done", entry=entry)


def failed(operation: str, address: Address = ONE) -> Outcome:
    return Outcome(lineage="l", serial=3, operation=operation, address=address, status="failed", error="no quota")


RECORDS: tuple[Intent | Outcome, ...] = (intent("a"), done("a"), intent("b", TWO), failed("b", TWO), intent("c", TWO))
DATA = b"".join(map(encode, RECORDS))


def test_records_come_back_one_line_each() -> None:
    found = decode(DATA)
    assert found.records == RECORDS
    assert found.length == len(DATA)
    assert DATA.count(b"\n") == len(RECORDS)


@given(st.integers(0, len(DATA)))
def test_a_journal_cut_anywhere_has_every_whole_record(length: int) -> None:
    whole = DATA[:length].count(b"\n")
    found = decode(DATA[:length])
    assert found.records == RECORDS[:whole]
    assert found.length == len(b"".join(map(encode, RECORDS[:whole])))


@given(st.binary(max_size=60).filter(lambda tail: b"\n" not in tail))
def test_a_torn_last_line_is_cut_whatever_is_in_it(tail: bytes) -> None:
    for cut in (decode(DATA + tail), decode(DATA + tail + b"\n")):
        assert (cut.records, cut.length, cut.damaged) == (RECORDS, len(DATA), ())


def test_what_is_appended_after_the_cut_is_read() -> None:
    torn = DATA[:-5]
    sound = torn[: decode(torn).length]
    assert decode(sound + encode(intent("d"))).records == (*RECORDS[:-1], intent("d"))


@given(st.integers(0, DATA.rindex(b"\n", 0, -1) - 1), st.integers(1, 255))
def test_a_broken_line_in_the_middle_costs_its_own_record(place: int, flip: int) -> None:
    broken = bytearray(DATA)
    broken[place] ^= flip
    if b"\n" not in (DATA[place : place + 1], bytes(broken[place : place + 1])):
        number = DATA[:place].count(b"\n")
        found = decode(bytes(broken))
        assert found.records == (*RECORDS[:number], *RECORDS[number + 1 :])
        assert found.damaged == (number + 1,)
        assert decode(found.sound) == Decoded(found.records, len(found.sound))


def test_a_broken_line_before_a_torn_one_is_told() -> None:
    """It was followed by another write, so it had been whole."""
    found = decode(DATA + b"broken\n" + DATA[:5])
    assert (found.records, found.damaged, found.sound) == (RECORDS, (len(RECORDS) + 1,), DATA)


def test_what_failed_changes_nothing_in_state() -> None:
    made, _ = fold(STATE, (intent("a"), done("a")))
    assert fold(made, (intent("b"), failed("b"))) == (made, ())


def test_folding_puts_drops_and_leaves_what_nobody_saw_the_end_of() -> None:
    state, pending = fold(STATE, RECORDS)
    assert set(state.entries) == {ONE}
    assert pending == (intent("c", TWO),)
    state, pending = fold(STATE, (*RECORDS, done("c", TWO), intent("d"), done("d", gone=True)))
    assert set(state.entries) == {TWO}
    assert not pending
    assert state.serial == STATE.serial


def test_an_intent_is_written_once_more_with_its_token_and_as_ever_without_one() -> None:
    taken = intent("a").model_copy(update={"token": "t"})
    assert fold(STATE, decode(encode(intent("a")) + encode(taken)).records)[1] == (taken,)
    assert b"token" not in encode(intent("a"))


def test_what_the_snapshot_has_already_is_passed_over() -> None:
    later = STATE.model_copy(update={"serial": 4})
    assert fold(later, RECORDS) == (later, ())
    state, _ = fold(later, (*RECORDS, done("d", TWO, serial=4)))
    assert set(state.entries) == {TWO}


def test_a_journal_that_belongs_to_another_state_is_damage() -> None:
    with pytest.raises(StateDamaged, match="of lineage other, the snapshot of l"):
        fold(STATE, (intent("a", lineage="other"),))
    with pytest.raises(StateDamaged, match="follows serial 9, but the snapshot is at 3"):
        fold(STATE, (intent("a", serial=9),))
