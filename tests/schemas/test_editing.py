"""A text of YAML with an item more in a list: everything else stays to the letter."""

import pytest

from bep.schemas.yaml.editing import item_added


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nspecs: [x.yml]  # of old\n", "a: 1\nspecs: [d/*.yml, x.yml]  # of old\n"),
        ("specs: []\n", "specs: [d/*.yml]\n"),
        ("specs:  # these\n  # first\n  - x.yml\n  - y.yml\na: 1\n", None),
        ("specs:\r\n- {file: x.yml, endpoint: e}\r\na: 1\r\n", None),
        ("a: {specs: [x.yml]}\n", ""),
        ("specs: x.yml\n", ""),
        ("specs: null\n", ""),
        ("", ""),
    ],
)
def test_an_item_is_added_to_a_list(text: str, expected: str | None) -> None:
    if expected is None:  # a list of lines: a line more before the first, as far in as that is
        first = next(line for line in text.splitlines(keepends=True) if line.lstrip().startswith("- "))
        expected = text.replace(first, first[: first.index("-")] + "- d/*.yml" + first[len(first.rstrip()) :] + first)
    assert (item_added(text, "specs", "d/*.yml") or "") == expected
