"""Jobs of real processes, to be looked at."""

from tests.runner.conftest import jobs

__all__ = ("jobs",)
