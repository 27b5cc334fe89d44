"""The table of long tests has tests that there are, and says what a log says."""

import ast
from pathlib import Path

from tests.long import found, long_tests

ROOT = Path(__file__).parents[1]
LOG = """\
============================= slowest durations ==============================
6.00s call     tests/test_a.py::test_one[x y]
4.50s setup    tests/test_a.py::test_one[z]
9.99s call     tests/test_a.py::test_two
12.00s call     tests/b/test_b.py::test_three::runTest
(2 durations < 0.005s hidden.  Use -vv to show these durations.)
"""


def names(file: Path) -> set[str]:
    """What a file defines or assigns at its top."""
    made: set[str] = set()
    for node in ast.parse(file.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            made.add(node.name)
        elif isinstance(node, ast.Assign):
            made |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return made


def test_all_cases_of_a_test_count_together() -> None:
    assert found(LOG) == ["tests/b/test_b.py::test_three::runTest", "tests/test_a.py::test_one"]


def test_each_of_the_table_is_a_test() -> None:
    table = long_tests()
    assert table
    for nodeid in table:
        file, name, *_ = nodeid.split("::")
        assert name in names(ROOT / file), f"{nodeid} is no test: make the table anew, see tests/long.py"
