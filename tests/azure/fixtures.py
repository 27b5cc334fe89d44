"""Pytest's view of the double: `azure` is one with all its habits, on a free port of this machine."""

from collections.abc import Iterator

import pytest

from tests.azure.double import Double
from tests.azure.serving import serving


@pytest.fixture
def azure() -> Iterator[Double]:
    """A double that misbehaves in every way but those a test has to ask for. Switches may be turned at any time."""
    with serving() as double:
        yield double
