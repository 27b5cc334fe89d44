import pytest

from bep.schemas.secrets.secret import SEALED, Secret
from bep.schemas.workspace.conditions import queried
from bep.schemas.workspace.measuring import measured, shown

HERE = {"size": 9, "tags": {"a": "x", "b.c": [1, 2]}, "name": "n", "key": Secret("hunter2"), "hash": {SEALED: "hmac"}}


@pytest.mark.parametrize(
    ("assertion", "said"),
    [
        ("size <= `4`", "size is 9"),
        ("`4` >= size", "size is 9"),
        ("size > `1` && (name == 'm' || !tags.a)", 'size is 9, name is "n", tags.a is "x"'),
        ("length(keys(@)) < `3`", "length(keys(@)) is 5"),
        ('tags."b.c"[0] == `2`', 'tags."b.c"[0] is 1'),
        ('length(tags."b.c"[?@ > `1`]) == `2` | @', 'length(tags."b.c"[?@ > `1`]) is 1'),
        ("contains(['a', 'b'], name)", 'name is "n"'),
        ("starts_with(name, 'x') && size == size", 'name is "n", size is 9'),
        ("absent == 'x'", "absent is null"),
        ("name == 'it''s <= odd'", 'name is "n"'),
        ("`1` == `2`", ""),
        ("tags.a", 'tags.a is "x"'),
        ("a == `1` && b == `2` && c == `3` && d == `4`", "a is null, b is null, c is null"),
    ],
)
def test_what_was_looked_at_is_said_with_its_value(assertion: str, said: str) -> None:
    assert measured(assertion, lambda part: queried(HERE, part)) == said


def test_a_value_that_cannot_be_had_is_left_out() -> None:
    assert measured("length(size) == size", lambda part: queried(HERE, part)) == "size is 9"


def test_no_measure_has_a_secret() -> None:
    said = measured("key == 'a' && hash == 'b' && @ == 'c'", lambda part: queried(HERE, part))
    assert said.startswith('key is "(sensitive)", hash is "(sensitive)", @ is {"size": 9')
    assert "hunter2" not in said
    assert "hmac" not in said


def test_a_long_value_is_cut() -> None:
    assert shown("x" * 100) == '"' + "x" * 56 + "..."
