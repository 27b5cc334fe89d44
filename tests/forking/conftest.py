"""The small workspace of the command line's tests."""

from tests.bep.conftest import applied, applied_once, workspace

__all__ = ("applied", "applied_once", "workspace")
