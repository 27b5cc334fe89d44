"""What the tests of applying share."""

from pathlib import Path

import pytest

from tests.providers.workshop import Workshop


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)
