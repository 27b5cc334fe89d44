import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bep.planner.formats.statefile import DIGEST, StateDamaged, decode, encode, format_of
from bep.planner.state import FORMAT_VERSION, State
from tests.planner.scenes import Scene, article

STATE = Scene().applied(article()).state
TEXT = encode(STATE)


def reason(text: str) -> str:
    with pytest.raises(StateDamaged) as caught:
        decode(text)
    return caught.value.reason


def test_a_state_comes_back_as_it_was_and_its_text_is_canonical() -> None:
    assert decode(TEXT) == STATE
    assert encode(decode(TEXT)) == TEXT
    found = json.loads(TEXT)
    assert list(found) == sorted(found)
    assert sum(line.startswith('"') and '":{"address"' in line for line in TEXT.splitlines()) == len(STATE.entries)


def test_an_empty_state_comes_back() -> None:
    empty = State(lineage="l", secret_key="k")
    assert decode(encode(empty)) == empty


@pytest.mark.parametrize("text", ["", " \n", "\0" * 4096])
def test_an_empty_file_is_damage_and_never_an_empty_state(text: str) -> None:
    assert reason(text) == "it is empty"


@given(st.integers(0, len(TEXT) - 1))
def test_every_truncation_is_refused(length: int) -> None:
    with pytest.raises(StateDamaged):
        decode(TEXT[:length])


@given(st.integers(0, len(TEXT) - 1), st.characters(codec="utf-8"))
def test_every_changed_character_is_refused(place: int, character: str) -> None:
    edited = TEXT[:place] + character + TEXT[place + 1 :]
    if edited != TEXT:
        with pytest.raises(StateDamaged):
            decode(edited)


def test_the_reason_says_what_happened() -> None:
    assert reason(TEXT.replace('"max_instances":2', '"max_instances":3')).startswith("it was edited since bep wrote it")
    assert reason(TEXT[:-200]).startswith("it is cut short or broken")
    assert reason("[]") == "it is JSON, but not a state of bep"
    newer = encode(STATE.model_copy(update={"format_version": 9, "bep_version": "9.9"}))
    assert reason(newer.replace('"serial":1', '"serial":1,"more":2')) == (
        f"it has format 9, written by bep 9.9; this bep reads up to {FORMAT_VERSION}"
    )


def test_a_newer_format_is_refused_even_when_its_members_are_all_known() -> None:
    assert reason(encode(STATE.model_copy(update={"format_version": 9}))).startswith("it has format 9")


def test_what_an_earlier_format_said_is_read_as_of_today() -> None:
    first = encode(STATE.model_copy(update={"format_version": 1}))
    assert (format_of(first), format_of(TEXT)) == (1, FORMAT_VERSION)
    assert decode(first) == STATE
    for version in (0, -1):
        assert "format_version" in reason(encode(STATE.model_copy(update={"format_version": version})))


def redone(text: str) -> str:
    """The text with the digest that it then has, as a hand makes it that knows how."""
    found = DIGEST.search(text)
    assert found
    body = text[: found.start()] + text[found.end() :]
    digest = hashlib.sha256(body.encode()).hexdigest()
    return text.replace(found.group(1), f"sha256:{digest}")


def test_an_address_that_is_there_twice_is_refused_and_no_entry_forgotten() -> None:
    line = next(line for line in TEXT.splitlines() if line.startswith('"compute/cpu-cluster":'))
    twice = redone(TEXT.replace(line, f"{line}\n{line}", 1))
    assert reason(twice) == "it has 'compute/cpu-cluster' twice"


def test_a_state_without_a_key_is_refused() -> None:
    assert "secret_key" in reason(encode(STATE.model_copy(update={"secret_key": ""})))
