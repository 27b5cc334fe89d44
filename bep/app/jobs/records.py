"""A job's record, as faces see it: its status, its last lines, the steps that make sense next. Runs nothing."""

from bep.runner.folder.record import JobRecord, Status
from bep.runner.reporting.text import becoming, lines, next_of

__all__ = ["JobRecord", "Status", "becoming", "lines", "next_of"]
