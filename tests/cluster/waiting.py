"""Waiting for what other processes do."""

import time
from collections.abc import Callable
from typing import Any


def eventually(told: str, is_so: Callable[[], Any], patience: float = 120.0) -> Any:
    """What `is_so` gives once that is true. Raises `AssertionError`, with what was told, after so many seconds."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if found := is_so():
            return found
        time.sleep(0.05)
    raise AssertionError(f"in {patience:g} s it did not happen: {told}")
