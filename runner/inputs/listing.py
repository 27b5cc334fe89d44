"""A job's manifest: listed now, or as its first run listed it. Knows what decides which files one `run()` gets."""

from functools import partial
from itertools import islice
from pathlib import Path

from bep.runner.errors import JobDamaged
from bep.runner.folder.folder import JobFolder
from bep.runner.folder.record import JobRecord
from bep.runner.inputs import expanding, manifest, origins, partitions
from bep.runner.inputs.manifest import Manifest
from bep.runner.request import JobRequest, ScoringTarget, Settings
from bep.runner.transfer.transfers import Board

_GLANCE = 5_000  # files counted to know how many workers to start before the inputs are listed


def stride(target: ScoringTarget, settings: Settings) -> int:
    """Items an entry of the manifest's index has: the mini-batch size, or 1 where mini-batches have no one size."""
    return settings.mini_batch_size if target.scoring_script and not settings.partition_keys else 1


def surely(request: JobRequest, most: int) -> int:
    """How many mini-batches, at most so many, a glance at the inputs shows that there are."""
    size = stride(request.target, request.settings)
    files = expanding.at_least(request.inputs, min(most * size, _GLANCE))
    return min(1, files) if request.settings.partition_keys else files // size


def write(request: JobRequest, folder: JobFolder, downloads: Path, board: Board, items: int | None = None) -> Manifest:
    """List the inputs into the job's folder; `items`: no more than it takes to have so many.

    A group of files with the same keys is taken whole. Raises `InputsInvalid`, and `Cancelled` when the board says so.
    """
    keys, size = request.settings.partition_keys, stride(request.target, request.settings)
    most = None if keys else items
    note = partial(origins.write, folder.origins)
    names = expanding.expand(request.inputs, downloads, board, most, request.input_type, note, folder.inputs.absolute())
    if not keys:
        return manifest.write(folder, islice(names, items), size)
    groups = partitions.grouped(names, keys, request.partition_format)
    if items is not None:
        groups = groups.first(items)
    return manifest.write(folder, groups.names, size, partitions.write(folder.partitions, groups))


def recorded(folder: JobFolder, record: JobRecord) -> Manifest | None:
    """The manifest that a run of the job has written; None when none got so far. Raises `JobDamaged`."""
    if not record.manifest_digest or not folder.index.exists():
        return None
    try:
        groups = partitions.read(folder.partitions) if record.settings.partition_keys else None
    except (OSError, ValueError) as problem:
        raise JobDamaged(folder.partitions, problem) from None
    return Manifest(
        folder.manifest,
        folder.index,
        record.counts.items,
        stride(record.target, record.settings),
        record.manifest_digest,
        groups,
    )
