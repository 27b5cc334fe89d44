"""Time and names that nobody can guess: they enter here and travel as arguments."""

import secrets
from datetime import UTC, datetime


def now() -> str:
    """This moment in UTC, to the second, as every format of bep writes it: `2026-11-22T21:15:30Z`."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def job_name() -> str:
    """A name for a job that nobody named; names sort by the time they were given."""
    return f"batchjob-{datetime.now(UTC).strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}"
