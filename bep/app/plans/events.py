"""What an apply tells while it runs and what came of it, by the names that faces use."""

from bep.providers.applying.events import Event, Finished, Noted, Retrying, Slow, Started, Transferring
from bep.providers.applying.report import Ended, Report, Result, World

__all__ = [
    "Ended",
    "Event",
    "Finished",
    "Noted",
    "Report",
    "Result",
    "Retrying",
    "Slow",
    "Started",
    "Transferring",
    "World",
]
