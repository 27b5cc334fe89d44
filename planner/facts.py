"""Facts: what a reviewer is told of a plan beside its changes. Values only, each as the plan's JSON has it.

`bep.planner.reviewing` finds them; whoever shows a plan shows these and works out none. docs/plan-review.md tells each.
"""

from enum import StrEnum
from typing import Any, Final

from bep.schemas.address import Address
from bep.schemas.values.written import Field, Written

LONGEST_VALUE: Final = 200


class Origin(StrEnum):
    """Who caused a difference: someone edited YAML, someone changed the world, or both did."""

    SPEC = "spec"
    DRIFT = "drift"
    BOTH = "both"


class Level(StrEnum):
    """How much a person should look before it is done. NONE is that of a plan without any risk."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    NONE = "none"


class FieldDiff(Written):
    """One field that will change: now (`before`), wanted (`after`), and what bep last applied. Absent is null.

    `default` is what an absent side stands for, where the schema says so (a deployment without traffic: 0). `files`
    are of a content field: `+ new.py`, `~ changed.py`, `- removed.py`, the first ten. `variables` are the names of
    those of bep.yml that the wanted value came from: `Plan.values` has what each is.
    """

    path: tuple[str | int, ...]
    before: Any = None
    after: Any = None
    last_applied: Any = None
    origin: Origin = Origin.SPEC
    forces_replacement: bool = False
    default: Any = None
    files: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()


class Risk(Written):
    """One thing that a person should know before this plan is applied.

    `code` names the rule and never changes its meaning; `message` says it in words, without a stop at its end. `fix` is
    what could be done instead, empty where there is nothing; it may speak of steps, as a finding's does.
    """

    level: Level
    code: str
    address: Address
    message: str
    fix: str = ""


class FileSide(Written):
    """A file before or after. `size` is in bytes, None where nobody could be asked for it."""

    sha256: str
    size: int | None = None


class FileDiff(Written):
    """One file that differs: `+` new, `~` changed, `-` gone. The side on which it is not there is null.

    `field` is the content field (dotted) that it is of, `name` its name in there; of a conda file, which is kept as a
    value and not as bytes, `name` is empty, no side has a digest, and it is compared as bep keeps it, without comments.
    `name` is empty, too, where the files of a content are not known: then the digests are those of all of it.
    `diff` is the unified diff, without headers for files, a line feed at the end of each line. Secrets in it are
    masked, and `masked` says whether there were any. `added` and `removed` count all lines, also where the diff was cut
    for its length: then `left_out` counts the lines of the diff that are not here. `why_not` says in words why there is
    no diff of a file: it is binary, too long, its earlier bytes are not kept.
    """

    symbol: str
    field: str
    name: str
    before: FileSide | None = None
    after: FileSide | None = None
    diff: str = ""
    added: int = 0
    removed: int = 0
    left_out: int = 0
    masked: bool = False
    why_not: str = ""


class ModelDiff(Written):
    """One thing that an MLmodel says and that differs: `flavors`, `signature.inputs`, `signature.outputs`,
    `signature.params`, `python_version`, `mlflow_version`. Absent is null."""

    what: str
    before: Any = None
    after: Any = None


class Comparison(Written):
    """A resource beside another of its kind, only what differs; `same` counts the fields that are the same in both.

    `reason` is `active`: a new deployment beside the active one of its endpoint; `shift`: one that gets traffic beside
    one that loses it; `version`: a registered version beside the one that is used until now. What the two deployments
    of a comparison use is compared as well, under the same reason.
    """

    address: Address
    against: Address
    reason: str
    fields: tuple[FieldDiff, ...] = ()
    files: tuple[FileDiff, ...] = ()
    files_left_out: int = 0
    model: tuple[ModelDiff, ...] = ()
    same: int = 0


class PlannedJob(Written):
    """A job that is not over."""

    name: str
    status: str
    owner: str = ""
    progress: str = ""


class AffectedJobs(Written):
    """The jobs of a deployment that this plan does something to: how many run and wait, the first ten, what becomes of
    them, in words (`effect`)."""

    address: Address
    running: int = 0
    waiting: int = 0
    jobs: tuple[PlannedJob, ...] = ()
    effect: str = ""


class Route(Written):
    """To which deployment of an endpoint jobs go that name none: the share of each, by its name, before and after.

    Empty: to none, a job has to name one. Only of endpoints that this plan does something to. `scored` are those of
    `after` that have scored something at least once.
    """

    endpoint: Address
    before: dict[str, int] = Field(default_factory=dict)
    after: dict[str, int] = Field(default_factory=dict)
    scored: tuple[str, ...] = ()


class JobsEffect(Written):
    """What the plan does to jobs, also where that is nothing. `known` is false where jobs run elsewhere and bep was not
    told of them: then the counts say nothing. `unfinished` counts the jobs of the workspace that are not over, whether
    they are affected or not."""

    known: bool = True
    unfinished: int = 0
    affected: tuple[AffectedJobs, ...] = ()
    routes: tuple[Route, ...] = ()


class OutputDiff(Written):
    """One of the outputs of bep.yml, before and after; secrets masked. Those that stay are here as well.

    `known` is false where the value after is only known once the plan is applied.
    """

    name: str
    before: Any = None
    after: Any = None
    known: bool = True


class GivenValue(Written):
    """A variable of bep.yml that the specs use: its value as text, and where that came from: `option`, `file`,
    `environment`, `stage` or `default`. `place` is its file and line, or the name of the environment variable.
    Of a sensitive one the value is `(sensitive)`."""

    name: str
    value: str
    source: str
    place: str = ""
    sensitive: bool = False


def given_value(name: str, value: Any, source: str, place: str, *, sensitive: bool) -> GivenValue:
    """A variable as a plan tells it: at most 200 characters of it, and nothing of what is a secret."""
    from bep.planner.canonical import canonical
    from bep.schemas.secrets.recognising import secrets_kept

    hidden = sensitive or any(secrets_kept(value, (), (name,)))
    shown = "(sensitive)" if hidden else value if isinstance(value, str) else canonical(value)
    cut = shown if len(shown) <= LONGEST_VALUE else shown[: LONGEST_VALUE - 3] + "..."
    return GivenValue(name=name, value=cut, source=source, place=place, sensitive=hidden)


class SinceChange(Written):
    """A change that is new, gone or different: its id, and in what it differs, in words."""

    id: str
    address: Address
    differences: tuple[str, ...] = ()


class Since(Written):
    """What differs from an earlier plan of the same workspace and stage, that of the previous push.

    `digest` and `created_at` are the earlier plan's, `risk` is its highest. `new_risks` and `gone_risks` are told
    apart by level, code and address. `same` counts changes that are in both as they were.
    """

    digest: str
    created_at: str = ""
    risk: Level = Level.NONE
    new: tuple[SinceChange, ...] = ()
    gone: tuple[SinceChange, ...] = ()
    different: tuple[SinceChange, ...] = ()
    same: int = 0
    new_risks: tuple[Risk, ...] = ()
    gone_risks: tuple[Risk, ...] = ()
