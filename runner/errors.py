"""Why a job cannot run or has failed, for a person to read. Knows no terminal."""

from pathlib import Path
from typing import Final

from bep.schemas.next_step import Advised, Step

NOT_STARTED: Final = "WorkerNotStarted"
"""The code of a job whose workers' interpreter cannot be started."""


class JobInvalid(Advised):
    """The job cannot start as it was asked for. Nothing was scored and nothing was written."""

    code = "JobInvalid"

    def __init__(self, message: str, *next: Step) -> None:
        super().__init__(message)
        self.next = next


class JobDamaged(JobInvalid):
    """A file of the job's folder is not as the runner wrote it."""

    code = "JobDamaged"

    def __init__(self, file: Path, why: object) -> None:
        fix = "put back a good copy of the job's folder, or run the job again as a new one"
        super().__init__(f"{file} is damaged: {why}\n    fix: {fix}")


class InputsChanged(JobInvalid):
    """Inputs of a job that is gone on with are not as they were when it was listed."""

    code = "InputsChanged"


class InputsInvalid(JobInvalid):
    """An input is missing, empty or cannot be listed."""

    code = "InputsInvalid"


class OutputExists(JobInvalid):
    """The output file is there already; it is never overwritten."""

    code = "OutputExists"


class JobBusy(JobInvalid):
    """Another living process runs this job."""

    code = "JobBusy"


class StoredBytesDamaged(JobInvalid):
    """What the job is given of a model, its code or a data asset is not what was registered."""

    code = "ContentDamaged"


class NotUploaded(JobInvalid):
    """All is scored, and the output has not reached its store. It is kept, and `resume` tries that alone again."""

    code = "OutputNotUploaded"


class ShareRefused(JobInvalid):
    """What many machines share cannot be read or written: no room, no right, not reachable, or no share at all."""

    code = "ShareRefused"


class NotShared(JobInvalid):
    """A share has nothing under this name."""

    code = "NotShared"


class SegmentDamaged(JobInvalid):
    """A file with the results of a range of items is not as it was written. It counts as not there."""

    code = "SegmentDamaged"

    def __init__(self, file: object, why: object) -> None:
        super().__init__(f"{file} is damaged: {why}")


class ClusterRefused(JobInvalid):
    """A Ray cluster cannot be asked, or refuses: not reachable, no token or a wrong one, or no cluster at all."""

    code = "ClusterRefused"


class Cancelled(Exception):
    """Someone asked for an end while files were on their way. What was begun is removed."""
