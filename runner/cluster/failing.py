"""Why an agent cannot go on, as its driver is told, and whether every other one would end like that. Pure."""

from pathlib import Path
from typing import NamedTuple

from bep.runner.cluster.stopping import OF_THE_SCRIPT
from bep.runner.errors import JobInvalid, ShareRefused
from bep.runner.folder.record import JobError, error_of
from bep.runner.scheduling.tally import runner_failed


class EnvironmentRefused(JobInvalid):
    """The environment that the job is scored in can be neither found nor built on this node."""

    code = "EnvironmentFailed"


class SecretsMissing(JobInvalid):
    """Nobody has told the values of the job's secret variables."""

    code = "SecretsMissing"

    def __init__(self, job: str, names: str) -> None:
        super().__init__(
            f"{job} needs the values of secret variables, which its share does not have: {names}"
            "\n    fix: set them where the job is run, or in the environment of every node of the cluster"
        )


class Failure(NamedTuple):
    """An error in words; `everywhere` says that every other node would end like that."""

    error: JobError
    everywhere: bool


def failure_of(error: Exception, folder: Path | None = None) -> Failure:
    """What an agent says of an error that was raised in it; `folder` is its own."""
    if isinstance(error, JobInvalid):
        told = error_of(error.code, str(error))
        return Failure(told, everywhere=not isinstance(error, ShareRefused | EnvironmentRefused))
    if isinstance(error, OSError):
        return Failure(runner_failed(error, folder), everywhere=False)
    told = JobError(
        code="AgentFailed",
        message=f"the agent has met what it does not expect: {type(error).__name__}: {error}",
        fix="see the node's log, and report it",
    )
    return Failure(told, everywhere=False)


def failure_of_engine(error: JobError) -> Failure:
    """The same of what an engine has ended with."""
    return Failure(error, everywhere=error.code in OF_THE_SCRIPT)
