"""`bep fmt`: keys in order, comments with the keys they stand above, nothing said otherwise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bep.schemas.resource import FieldPath
from bep.schemas.yaml.arranging import arranged
from bep.schemas.yaml.node import faithful
from bep.schemas.yaml.reading import read_text

KEYS = ("name", "type", "size", "tags")


def order(number: int, path: FieldPath) -> tuple[str, ...]:
    return KEYS if path in ((), ("size",)) else ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("type: a\nname: b\n", "name: b\ntype: a\n"),
        (
            "# of the file\n\ntype: a  # beside\n# above\nname: b\n",
            "# of the file\n\n# above\nname: b\ntype: a  # beside\n",
        ),
        ("type: a\n\n# far\n\n# near\nname: b\n", "# near\nname: b\ntype: a\n\n# far\n"),
        ("type: a\nname: b\n# at the end\n", "name: b\ntype: a\n# at the end\n"),
        ("size:\n  type: a\n  # above\n  name: b\nname: c\n", "name: c\nsize:\n  # above\n  name: b\n  type: a\n"),
        ("tags:\n  type: a\n  name: b\nname: c\n", "name: c\ntags:\n  type: a\n  name: b\n"),
        ("type: |\n  # text\n  more\nname: b\n", "name: b\ntype: |\n  # text\n  more\n"),
        ('type: "one\n# two\n"\nname: b\n', 'name: b\ntype: "one\n# two\n"\n'),
        ("type: |+\n  text\n\nname: b\n", "type: |+\n  text\n\nname: b\n"),  # its last line says something
        ("other: 1\ntype: a\nmore: 2\nname: b\n", "name: b\ntype: a\nother: 1\nmore: 2\n"),
        ("type: a\nname: b\n---\n# two\ntype: c\nname: d\n", "name: b\ntype: a\n---\n# two\nname: d\ntype: c\n"),
        ("type: a\r\nname: b\r\n", "name: b\r\ntype: a\r\n"),
        ("name: b   \n\n\n\ntype: a", "name: b\n\ntype: a\n"),
        ("{type: a, name: b}\n", "{type: a, name: b}\n"),
        ("type: &it a\nname: *it\n", "type: &it a\nname: *it\n"),
        ("- type: a\n  name: b\n", "- type: a\n  name: b\n"),
        ("type: a\n name: b\n", "type: a\n name: b\n"),
        ("", ""),
    ],
)
def test_what_is_laid_out_how(text: str, expected: str) -> None:
    assert arranged(text, order) == expected
    assert arranged(expected, order) == expected


SCALARS = st.sampled_from(
    ["a", "1", '"two\n    # lines\n    here"', "|\n    # text\n     more", "[b, c]", "'x # y'", ""]
)
LINES = st.lists(st.sampled_from(["", "# one", "# two", "  # in", "   "]), max_size=2)


@st.composite
def mappings(draw: st.DrawFn, column: int = 0) -> str:
    """A block mapping with comments and blank lines anywhere."""
    lines = []
    for key in draw(st.lists(st.sampled_from([*KEYS, "other", "x"]), min_size=1, unique=True)):
        lines += [line and " " * column + line for line in draw(LINES)]
        inside = column == 0 and draw(st.integers(0, 3)) == 0
        value = "\n" + draw(mappings(column + 2)) if inside else " " + draw(SCALARS)
        lines.append(" " * column + key + ":" + value)
    return "\n".join([*lines, *draw(LINES)])


@given(st.lists(mappings(), min_size=1, max_size=2).map("\n---\n".join))
def test_nothing_is_said_otherwise_no_comment_is_lost_and_once_is_enough(text: str) -> None:
    written = read_text(text, "")
    found = arranged(text, order)
    assert arranged(found, order) == found
    if not written.findings:
        assert [faithful(d) for d in read_text(found, "").documents] == [faithful(d) for d in written.documents]
    assert sorted(line.strip() for line in found.split("\n") if line.strip()) == sorted(
        line.strip() for line in text.split("\n") if line.strip()
    )
