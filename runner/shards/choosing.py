"""Which shard a process is to score: as it was told, or as whatever runs copies of a command numbers them. Pure."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from bep.lazy_patterns import lazy_pattern
from bep.runner.errors import JobInvalid

AUTO: Final = "auto"
"""Stands for a number that the environment has."""

_MOST: Final = 1_000_000  # as `status.MOST`, which takes longer to import
_FORM = lazy_pattern(r"(auto|[0-9]{1,9})/(auto|[0-9]{1,9})")
_NUMBER = lazy_pattern(r"[0-9]{1,18}")


class ShardInvalid(JobInvalid):
    """There is no such shard, or nobody can say which is meant."""

    code = "ShardInvalid"


class _Numbering(NamedTuple):
    """The variables of one that runs many copies of a command: the number of this copy, the number of the first one
    (`start` where no variable says it), and how many there are, where it says that."""

    who: str
    variable: str
    start: int = 0
    least: str = ""
    how_many: str = ""


_KNOWN: Final = (
    _Numbering("Kubernetes, an Indexed Job", "JOB_COMPLETION_INDEX"),
    _Numbering("Slurm", "SLURM_ARRAY_TASK_ID", 0, "SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_COUNT"),
    _Numbering("PBS", "PBS_ARRAY_INDEX"),
    _Numbering("Grid Engine", "SGE_TASK_ID", 1, "SGE_TASK_FIRST"),
    _Numbering("LSF", "LSB_JOBINDEX", 1),
    _Numbering("AWS Batch", "AWS_BATCH_JOB_ARRAY_INDEX"),
    _Numbering("Cloud Run", "CLOUD_RUN_TASK_INDEX", 0, "", "CLOUD_RUN_TASK_COUNT"),
    _Numbering("GNU parallel", "PARALLEL_SEQ", 1),
)
"""The one that stands first counts where several have set theirs. Grid Engine and LSF set theirs for jobs that are no
array, too: `undefined` and `0`, which count as not set."""

_UNSET: Final = ("", "undefined")


class Choice(NamedTuple):
    """Shard `shard` of `shards`; `note` says from where the numbers come, where nobody wrote them."""

    shard: int
    shards: int
    note: str = ""

    def __str__(self) -> str:
        return f"{self.shard}/{self.shards}"


def chosen(text: str, environment: Mapping[str, str]) -> Choice:
    """The shard that `I/N`, `auto/N`, `I/auto` or `auto/auto` means. Raises `ShardInvalid`."""
    found = _FORM.fullmatch(text.strip())
    if found is None:
        raise ShardInvalid(
            f"{text!r} is no shard: it is written I/N, I from 0 to N-1, such as 3/8; or auto/N, where I comes from "
            "the environment"
        )
    index, count = found.groups()
    if AUTO not in (index, count):
        return _checked(int(index), int(count))
    numbering, others = _numbering(environment)
    shard = _index_of(numbering, environment) if index == AUTO else int(index)
    shards = _count_of(numbering, environment) if count == AUTO else int(count)
    names = [
        *([numbering.variable] if index == AUTO else []),
        *([numbering.how_many] if count == AUTO else []),
    ]
    passed_over = f"; {' and '.join(others)} {'is' if len(others) == 1 else 'are'} set too, and passed over"
    note = f"shard {shard}/{shards} by {' and '.join(names)} ({numbering.who}){passed_over if others else ''}"
    return _checked(shard, shards, note)


def _checked(shard: int, shards: int, note: str = "") -> Choice:
    by = f", by {note.partition(' by ')[2]}" if note else ""
    if not 1 <= shards <= _MOST:
        raise ShardInvalid(f"{shard}/{shards}{by}: a job is cut into 1 to {_MOST:,} shards, not into {shards}")
    if not 0 <= shard < shards:
        first = "; the first is 0" if shard == shards else ""
        raise ShardInvalid(f"{shard}/{shards}{by}: the shards of {shards} are 0 to {shards - 1}{first}")
    return Choice(shard, shards, note)


def _numbering(environment: Mapping[str, str]) -> tuple[_Numbering, list[str]]:
    """The one that counts, and the variables of the others that are set. Raises `ShardInvalid` where none is."""
    there = [one for one in _KNOWN if _is_set(one, environment)]
    if not there:
        known = "".join(f"\n      {one.variable:<26} {one.who}" for one in _KNOWN)
        raise ShardInvalid(
            f"no variable of the environment says which shard this is; one of these would:{known}\n"
            "    fix: say it yourself: I/N, I from 0 to N-1"
        )
    return there[0], [one.variable for one in there[1:]]


def _is_set(one: _Numbering, environment: Mapping[str, str]) -> bool:
    value = environment.get(one.variable, "")
    return value not in _UNSET and not (one.start == 1 and value == "0")


def _index_of(one: _Numbering, environment: Mapping[str, str]) -> int:
    number = _number(one.variable, environment)
    least = environment.get(one.least, "")
    start = one.start if least in _UNSET else _number(one.least, environment)
    if number < start:
        raise ShardInvalid(f"{one.variable} is {number}, and {one.who} begins with {start}")
    return number - start


def _count_of(one: _Numbering, environment: Mapping[str, str]) -> int:
    if not one.how_many:
        can = " and ".join(f"{other.how_many} ({other.who})" for other in _KNOWN if other.how_many)
        raise ShardInvalid(
            f"{one.who} has no variable that says how many shards there are; {can} do\n    fix: say how many: {AUTO}/N"
        )
    if environment.get(one.how_many, "") in _UNSET:
        raise ShardInvalid(
            f"{one.variable} is set and {one.how_many} is not, so nobody says how many shards there are\n"
            f"    fix: say how many: {AUTO}/N"
        )
    return _number(one.how_many, environment)


def _number(name: str, environment: Mapping[str, str]) -> int:
    text = environment[name]
    if not _NUMBER.fullmatch(text):
        raise ShardInvalid(f"{name} is {text!r}, which is no number: it has to be digits alone")
    return int(text)
