"""What bep's exit codes mean. Stable: scripts and pipelines rely on them. Knows nothing else."""

from enum import IntEnum


class ExitCode(IntEnum):
    """A mistyped command exits with ERROR, not with 2, so that no pipeline mistakes it for 'there are changes'."""

    DONE = 0
    ERROR = 1
    CHANGES = 2
    FINDINGS = 3
    CONFLICT = 4
    PROVIDER = 5
    DENIED = 6
    CANCELLED = 130


class Stop(Exception):
    """A command ends here with this code; the message, if any, is for the person at the terminal."""

    def __init__(self, code: ExitCode, message: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
