"""Scoring scripts are judged without running them (Azure ML docs: how-to-batch-scoring-script)."""

import pytest

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
