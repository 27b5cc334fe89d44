"""Why a job cannot run or has failed, for a person to read. Knows no terminal."""


class JobInvalid(Exception):
    """The job cannot start as it was asked for. Nothing was scored and nothing was written."""

    code = "JobInvalid"


class InputsInvalid(JobInvalid):
    """An input is missing, empty or cannot be listed."""

    code = "InputsInvalid"


class OutputExists(JobInvalid):
    """The output file is there already; it is never overwritten."""

    code = "OutputExists"


class JobBusy(JobInvalid):
    """Another living process runs this job."""

    code = "JobBusy"


class NotUploaded(JobInvalid):
    """All is scored, and the output has not reached its store. It is kept, and `resume` tries that alone again."""

    code = "OutputNotUploaded"


class Cancelled(Exception):
    """Someone asked for an end while files were on their way. What was begun is removed."""
