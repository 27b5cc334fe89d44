"""bep from Python, for notebooks and Airflow: the use cases of the command line under public names. Decides nothing.

Importing it is cheap: what a call needs is imported by the call. It prints nothing, leaves no process with an exit code
and installs no signal handlers. docs/python-api.md is its manual.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from bep import __version__ as __version__

if TYPE_CHECKING:
    from os import PathLike

    from bep.api.access import Token as Token
    from bep.api.access import Tokens as Tokens
    from bep.api.environments import Built as Built
    from bep.api.environments import Environments as Environments
    from bep.api.errors import ApplyIncomplete as ApplyIncomplete
    from bep.api.errors import BepError as BepError
    from bep.api.errors import Conflict as Conflict
    from bep.api.errors import Declined as Declined
    from bep.api.errors import JobNotCompleted as JobNotCompleted
    from bep.api.errors import NotFound as NotFound
    from bep.api.errors import NothingToDo as NothingToDo
    from bep.api.errors import PlanBlocked as PlanBlocked
    from bep.api.errors import PlanDenied as PlanDenied
    from bep.api.errors import Refused as Refused
    from bep.api.errors import ShardNotDone as ShardNotDone
    from bep.api.errors import SpecsInvalid as SpecsInvalid
    from bep.api.errors import StoredDataUnusable as StoredDataUnusable
    from bep.api.errors import WorldFailed as WorldFailed
    from bep.api.job_values import Comparison as Comparison
    from bep.api.job_values import DifferentRow as DifferentRow
    from bep.api.job_values import Job as Job
    from bep.api.job_values import JobFailure as JobFailure
    from bep.api.job_values import LogLine as LogLine
    from bep.api.job_values import Removed as Removed
    from bep.api.jobs import Jobs as Jobs
    from bep.api.outcomes import Adopted as Adopted
    from bep.api.outcomes import Applied as Applied
    from bep.api.outcomes import Freed as Freed
    from bep.api.outcomes import Imported as Imported
    from bep.api.outcomes import NotDone as NotDone
    from bep.api.schedules import Schedules as Schedules
    from bep.api.shards import ScoredShard as ScoredShard
    from bep.api.shards import score_shard as score_shard
    from bep.api.state import State as State
    from bep.api.state import Stored as Stored
    from bep.api.values import Change as Change
    from bep.api.values import Check as Check
    from bep.api.values import Finding as Finding
    from bep.api.values import Judgement as Judgement
    from bep.api.values import Plan as Plan
    from bep.api.values import Risk as Risk
    from bep.api.values import TriedCase as TriedCase
    from bep.api.values import approve as approve
    from bep.api.workspace import Workspace as Workspace
    from bep.schemas.next_step import Step as Step

_MODULES: Final = {
    "bep.api.access": ("Token", "Tokens"),
    "bep.api.environments": ("Built", "Environments"),
    "bep.api.errors": (
        "ApplyIncomplete",
        "BepError",
        "Conflict",
        "Declined",
        "JobNotCompleted",
        "NotFound",
        "NothingToDo",
        "PlanBlocked",
        "PlanDenied",
        "Refused",
        "ShardNotDone",
        "SpecsInvalid",
        "StoredDataUnusable",
        "WorldFailed",
    ),
    "bep.api.jobs": ("Jobs",),
    "bep.api.job_values": ("Comparison", "DifferentRow", "Job", "JobFailure", "LogLine", "Removed"),
    "bep.api.outcomes": ("Adopted", "Applied", "Freed", "Imported", "NotDone"),
    "bep.api.schedules": ("Schedules",),
    "bep.api.shards": ("ScoredShard", "score_shard"),
    "bep.api.state": ("State", "Stored"),
    "bep.api.values": ("Change", "Check", "Finding", "Judgement", "Plan", "Risk", "TriedCase", "approve"),
    "bep.api.workspace": ("Workspace",),
    "bep.schemas.next_step": ("Step",),
}
_WHERE: Final = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [*sorted(_WHERE), "explain", "init", "schemas"]


def init(folder: "str | PathLike[str]", *, source: "str | PathLike[str] | None" = None) -> dict[str, Any]:
    """Begin a workspace in a folder; with `source`, write the bep.yml for a folder of YAML that is there.

    Returns the names of the files that were `written`, those that bep.yml lists (`listed`), and why each other one was
    `left_out`. Raises `Refused` where a file of that name is there already, or none in `source` is bep's.
    """
    from pathlib import Path

    from bep.api.errors import public_errors
    from bep.app.specs.initialising import begin, begin_from

    with public_errors():
        begun = begin(Path(folder)) if source is None else begin_from(Path(folder), Path(folder, source))
    return {"written": list(begun.written), "listed": list(begun.listed), "left_out": dict(begun.left_out)}


def explain(code: str) -> dict[str, Any]:
    """What the code of a finding means: `why`, and a `wrong` and a `right` example, each a file's text by its path.

    Raises `NotFound` for none, with codes that are like it.
    """
    from bep.api.errors import public_errors
    from bep.app.specs import explaining

    with public_errors():
        return explaining.as_json(explaining.explain(code))


def schemas() -> dict[str, str]:
    """The published JSON Schemas by name: of what may be written (kinds, bep.yml, job.yml) and of what bep writes."""
    from bep.app.specs.published_schemas import published

    return published()


def __getattr__(name: str) -> Any:
    """Import what a public name stands for when it is first used."""
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_WHERE[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
