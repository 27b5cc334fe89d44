"""What the tests may leave out: `--skip-nothing`, which `make test-all` gives, fails a test that skips otherwise."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

ALLOWED = (
    r"no Python \S+ here",  # no registry has Pythons
    r"no terraform here",  # nor that
    r"nothing may be mounted here: .*",  # that needs the right to
    r"a small disk cannot be mounted here: .*",
    r"no namespaces may be made here: .*",
    r"the system has no .*",  # Linux has them all
    r"checked out without links: .*",
)
"""Reasons for which a test may skip all the same."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    told = "fail tests that skip, but for the reasons listed in tests/skips.py"
    parser.addoption("--skip-nothing", action="store_true", help=told)
    parser.addoption("--short", action="store_true", help="skip the tests of tests/long.txt, which take long")


def _judge(report: Any) -> None:
    if not report.skipped or hasattr(report, "wasxfail"):
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    reason = reason.removeprefix("Skipped: ")
    if not any(re.fullmatch(allowed, reason) for allowed in ALLOWED):
        report.outcome, report.longrepr = "failed", f"skipped, which is not allowed here: {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Judge each test."""
    report = yield
    if item.config.getoption("--skip-nothing"):
        _judge(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Iterator[None]:
    """Judge each file."""
    report = yield
    if collector.config.getoption("--skip-nothing"):
        _judge(report)
    return report
