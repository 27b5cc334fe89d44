"""Which files go to one `run()` when a deployment has partition_keys: those with the same values of its keys.

Knows paths as text; opens no file of the user's. The values stand in the paths, as folders named `key=value` or where a
partition format of the job says (Azure ML docs: ParallelRunConfig, partition_keys; FileDataset, partition_format).
"""

import json
import os
import re
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate, chain, pairwise
from pathlib import Path

from bep.lazy_dataclasses import dataclass
from bep.lazy_patterns import lazy_pattern
from bep.runner.errors import InputsInvalid

_SHOWN = 3  # files named in an error
_PIECES = lazy_pattern(r"\{([^{}]*)\}|(\*)")

Values = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Partitions:
    """Mini-batches of different sizes: the first item of each, ascending from 0."""

    starts: Sequence[int]

    def number_of(self, item: int) -> int:
        """The mini-batch that an item is in."""
        return bisect_right(self.starts, item) - 1


@dataclass(frozen=True, slots=True)
class Groups:
    """Files of one key after the other. Keys come in the order of their first file, files of a key in theirs."""

    keys: Sequence[str]
    files: dict[Values, list[bytes]]

    @property
    def names(self) -> Iterable[bytes]:
        """Every file."""
        return chain.from_iterable(self.files.values())

    def first(self, items: int) -> "Groups":
        """As many whole groups as it takes to have so many files."""
        found: dict[Values, list[bytes]] = {}
        for values, files in self.files.items():
            if items <= 0:
                break
            found[values] = files
            items -= len(files)
        return Groups(self.keys, found)


def grouped(names: Iterable[bytes], keys: Sequence[str], partition_format: str) -> Groups:
    """Files by the values of `keys`; the whole list is held. Raises `InputsInvalid` for files that lack a key."""
    values_of = _by_format(keys, partition_format) if partition_format else _by_folders(keys)
    files: dict[Values, list[bytes]] = {}
    lacking: list[str] = []
    for name in names:
        values = values_of(os.fsdecode(name))
        if values is None:
            lacking.append(os.fsdecode(name))
        else:
            files.setdefault(values, []).append(name)
    if lacking:
        raise InputsInvalid(_complaint(lacking, keys, partition_format))
    return Groups(keys, files)


def _by_folders(keys: Sequence[str]) -> Callable[[str], Values | None]:
    """Values from folders named `key=value`; of two for one key the inner counts."""

    def values_of(path: str) -> Values | None:
        found = dict(folder.split("=", 1) for folder in path.split("/")[:-1] if "=" in folder)
        return tuple(found[key] for key in keys) if all(key in found for key in keys) else None

    return values_of


def _by_format(keys: Sequence[str], partition_format: str) -> Callable[[str], Values | None]:
    """Values from where the format has the keys. It is matched with the end of a path; `*` is any text without a slash.

    Raises `InputsInvalid` for a format that lacks one of the keys, or has a name twice.
    """
    named = [name for name, _ in _PIECES.findall(partition_format) if name]
    missing = [key for key in keys if key not in named]
    if missing:
        raise InputsInvalid(
            f"partition_format {partition_format} has no {{{missing[0]}}}, which partition_keys of the deployment names"
        )
    if len(set(named)) < len(named):
        raise InputsInvalid(f"partition_format {partition_format} has a name twice: each stands for one part of a path")
    pattern = re.compile(_expression(partition_format))
    places = [named.index(key) + 1 for key in keys]

    def values_of(path: str) -> Values | None:
        match = pattern.search(path)
        return tuple(match[place] for place in places) if match else None

    return values_of


def _expression(partition_format: str) -> str:
    expression = ""
    reached = 0
    text = partition_format.strip("/")
    for piece in _PIECES.finditer(text):
        expression += re.escape(text[reached : piece.start()]) + ("([^/]+)" if piece[1] else "[^/]*")
        reached = piece.end()
    return f"(?:^|/){expression}{re.escape(text[reached:])}$"


def _complaint(lacking: Sequence[str], keys: Sequence[str], partition_format: str) -> str:
    shown = "".join(f"\n  {name}" for name in lacking[:_SHOWN])
    shown += f"\n  and {len(lacking) - _SHOWN} more" if len(lacking) > _SHOWN else ""
    wanted = (
        f"do not end as partition_format {partition_format} says"
        if partition_format
        else f"lie in no folders named {'/'.join(f'{key}=...' for key in keys)}"
    )
    return (
        f"the deployment has partition_keys {', '.join(keys)}, and {len(lacking)} of the input files {wanted}:{shown}\n"
        "  fix: name the folders KEY=VALUE, or say in the job where the keys are, such as "
        f"`partition_format: {'/'.join(f'{{{key}}}' for key in keys)}/*` beside the input's path"
    )


def write(file: Path, groups: Groups) -> Partitions:
    """Write the first item and the values of each group, a JSON line each, durable before it returns."""
    starts = array("Q", [0, *accumulate(map(len, groups.files.values()))][:-1] if groups.files else [])
    with file.open("w") as lines:
        for start, values in zip(starts, groups.files, strict=True):
            lines.write(json.dumps([start, dict(zip(groups.keys, values, strict=True))]) + "\n")
        lines.flush()
        os.fsync(lines.fileno())
    return Partitions(starts)


def read(file: Path) -> Partitions:
    """The same again. Raises `OSError` and `ValueError` for a file that is not whole."""
    try:
        with file.open() as lines:
            starts = array("Q", (json.loads(line)[0] for line in lines))
    except (ValueError, TypeError, LookupError, OverflowError, RecursionError) as problem:
        raise ValueError(f"a line is not a group of files ({problem})") from None
    if not starts or starts[0] != 0 or any(here >= after for here, after in pairwise(starts)):
        raise ValueError("its groups do not follow one another")
    return Partitions(starts)
