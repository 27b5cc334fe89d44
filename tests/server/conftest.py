"""A server for the tests of this folder, over the small workspace of the command line's tests."""

from collections.abc import Iterator

import pytest

from tests.bep.conftest import Workspace, applied, applied_once, workspace
from tests.server.serving import Running, serving

__all__ = ("applied", "applied_once", "running", "workspace")


@pytest.fixture
def running(applied: Workspace) -> Iterator[Running]:
    """A server over the small workspace, applied."""
    with serving(applied) as found:
        yield found
