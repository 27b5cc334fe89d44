"""The three kinds of share, as the tests of shares have them."""

from tests.runner.shares.conftest import _no_pauses, ftp, share

__all__ = ["_no_pauses", "ftp", "share"]
