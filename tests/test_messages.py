"""The page of everything that bep can say is the code's, and what it leaves out is no sentence."""

import ast
import os

from tests.messages import PAGE, page, sentences


def test_the_page_is_of_this_code() -> None:
    """Write it with `python -m tests.messages`, and read what changed on it as somebody who speaks no bep."""
    if os.environ.get("UPDATE_GOLDEN"):
        PAGE.write_text(page(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page()


def test_what_is_a_sentence_and_what_is_not() -> None:
    code = '''
"""A docstring is none."""
PATTERN = r"(?:a b) \\d c d"
PLACE = "bep/jobs"
def said(name: "a type is none") -> "nor is this":
    """Nor this one."""
    option(help="nor is help")
    raise Refused(f"there is no {name} here" if name else "nothing to do" + f"and {f'inner {name} one'}")
'''
    assert list(sentences(ast.parse(code))) == [
        "there is no {name} here",
        "nothing to do",
        "and {f'inner {name} one'}",
        "inner {name} one",
    ]
