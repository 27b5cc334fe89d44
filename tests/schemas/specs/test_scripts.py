"""Scoring scripts are judged without running them (Azure ML docs: how-to-batch-scoring-script)."""

import pytest

from bep.schemas.specs.script_grammar import OWN, Parsed
from bep.schemas.specs.scripts import examine


def found(source: str) -> list[tuple[str, bool]]:
    return [(trouble.code, trouble.certain) for trouble in examine(source.encode(), "score.py")]


@pytest.mark.parametrize(
    "source",
    [
        "def run(mini_batch): return []",
        "def init(): pass\ndef run(mini_batch): return []",
        "def run(*batches): return []",
        "def run(mini_batch, extra=None, *, more=1): return []",
        "def init(verbose=False): pass\ndef run(b): return []",
        "from other import run",
        "from other import *",
        "import other\nrun = other.score",
        "try:\n    from fast import run\nexcept ImportError:\n    def run(b): return []",
        "if True:\n    def run(b): return []",
        "def run(b):\n    def inner():\n        yield 1\n    return list(inner())",
        "class Model:\n    def __call__(self, b): return b\nrun = Model()",
        "# -*- coding: latin-1 -*-\ndef run(b): return []",
        "def run(mini_batch: list) -> list:\n    return [x for x in mini_batch if (y := x)]",
        "match 1:\n    case 1:\n        def run(b): return []",
    ],
)
def test_what_is_right(source: str) -> None:
    assert found(source) == []


@pytest.mark.parametrize(
    ("source", "code", "certain"),
    [
        ("", "script-without-run", True),
        ("def runs(b): return []", "script-without-run", True),
        ("class A:\n    def run(self, b): return []", "script-without-run", True),
        ("def run(): return []", "script-run-signature", True),
        ("def run(a, b, c): return []", "script-run-signature", True),
        ("def run(a, *, b): return []", "script-run-signature", True),
        ("def run(b):\n    yield 1", "script-run-generator", True),
        ("async def run(b): return []", "script-run-form", True),
        ("class run: pass", "script-run-form", True),
        ("def init(x): pass\ndef run(b): return []", "script-init-signature", True),
        ("def run(b):\n    print 'x'", "script-syntax", True),
        ("def run(b:\n    return []", "script-syntax", True),
        ("def run(b):\n    return f'{b +}'", "script-syntax", False),
        ("def run(b):\n\treturn []\n        x", "script-syntax", True),
        ("x = \0", "script-syntax", True),
    ],
)
def test_what_is_wrong(source: str, code: str, certain: bool) -> None:
    assert found(source) == [(code, certain)]


def test_deep_scripts_do_not_break_the_reader() -> None:
    assert found("x = " + "(" * 5000 + ")" * 5000)[0][0] in ("script-syntax", "script-without-run")
    assert found("x = " + "-" * 50_000 + "1")[0][0] in ("script-syntax", "script-without-run")


MATCH = "def run(b):\n    match b:\n        case _:\n            return []\n"
WALRUS = "def run(b):\n    return [y for x in b if (y := x)]\n"
STARRED = "def run(b):\n    return [b[*b]]\n"
ASYNC_NAME = "async = 1\n\n\ndef run(b):\n    return []\n"
NEW_FORMAT = "def run(b):\n    return [f'{b[f'{1}']}']\n"


@pytest.mark.parametrize(
    ("source", "asked", "expected"),
    [
        (MATCH, "3.8", [("script-syntax", True)]),
        (MATCH, "3.8.5", [("script-syntax", True)]),
        (MATCH, "3.10", []),
        (MATCH, "3.99", []),
        (MATCH, ">=3.8", []),
        (WALRUS, "3.7", [("script-syntax", True)]),
        (WALRUS, "3.8", []),
        (ASYNC_NAME, "3.6", [("script-syntax", False)]),
        (ASYNC_NAME, "3.7", [("script-syntax", True)]),
        ("def run(b:\n", "3.99", [("script-syntax", False)]),
        ("def run(b:\n", ">=3.8,<3.10", [("script-syntax", False)]),
        ("def runs(b): return []", "3.8", [("script-without-run", True)]),
    ],
)
def test_the_asked_python_is_judged_from_here_where_it_cannot_be_asked(
    source: str, asked: str, expected: list[tuple[str, bool]]
) -> None:
    troubles = examine(source.encode(), "score.py", asked)
    assert [(trouble.code, trouble.certain) for trouble in troubles] == expected
    assert all(asked in trouble.message for trouble in troubles if trouble.code == "script-syntax")


def test_the_asked_python_is_believed_where_it_can_be_asked() -> None:
    def parse(asked: str, source: bytes) -> Parsed:
        return Parsed("3.6.15") if asked == "3.6" else Parsed("3.8.20", "invalid syntax", 2, 9)

    assert examine(ASYNC_NAME.encode(), "score.py", "3.6", parse) == []
    (trouble,) = examine(STARRED.encode(), "score.py", "3.8", parse)
    assert (trouble.line, trouble.column, trouble.certain) == (2, 9, True)
    assert trouble.message == "Python 3.8.20, which its environment asks for, cannot parse score.py: invalid syntax"
    own = ".".join(map(str, OWN))
    assert examine(b"def run(b): return []", "score.py", own, lambda *_: pytest.fail("asked of another")) == []


@pytest.mark.parametrize(
    "source",
    [
        "def run(b): pass",
        "def run(b): print(b)",
        "def run(b): return",
        "def run(b): return None",
        "def run(b):\n    if b:\n        return None\n    raise ValueError",
        "def run(b):\n    for x in b:\n        print(x)",
        "def run(b):\n    def inner():\n        return 1\n    inner()",
        "def run(b):\n    try:\n        raise ValueError\n    except ValueError:\n        print(b)",
        "def run(b):\n    while True:\n        if b:\n            break",
        "def run(b):\n    if b:\n        raise ValueError",
    ],
)
def test_a_run_that_returns_nothing_is_doubtful(source: str) -> None:
    assert found(source) == [("script-run-returns-nothing", False)]


@pytest.mark.parametrize(
    "source",
    [
        "def run(b):\n    if b:\n        return [1]",
        "def run(b): return [] if b else None",
        "def run(b): raise NotImplementedError",
        "def run(b):\n    while True:\n        pass",
        "def run(b):\n    if b:\n        raise ValueError\n    else:\n        raise TypeError",
        "def run(b):\n    try:\n        print(b)\n    finally:\n        raise ValueError",
        "def run(b):\n    with b:\n        raise ValueError",
        "from other import adds\n@adds\ndef run(b): pass",
        "from other import run",
        "def run(b): pass\nrun = print",
        "try:\n    def run(b): pass\nfinally:\n    from other import run",
        "def run(b):\n    yield_ = 1\n    return list(b)",
    ],
)
def test_a_run_that_may_return_something_is_not(source: str) -> None:
    assert found(source) == []
