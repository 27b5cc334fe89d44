"""Debian's Chromium, driven by Playwright: pages as people see them, on a desk or a phone, in light or in the dark."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

WIDTHS: Final = (1280, 390)
SCHEMES: Final = ("light", "dark")
QUIET: Final = (
    "--no-sandbox",  # a test may run as root, with whom Chromium has none
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
"""It asks nobody for anything."""


@contextmanager
def browser() -> Iterator["Browser"]:
    """A browser that has started. Skips the test where `make services` has put none here."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("no Chromium here; make services installs it")
    playwright = pytest.importorskip("playwright.sync_api", reason="no Playwright here; make services installs it")
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=program, args=list(QUIET))
        yield started
        started.close()
