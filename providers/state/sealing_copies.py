"""Copies of earlier states in which a bep kept secrets in clear: sealed, each at once or not at all. Knows no world."""

from pathlib import Path

from bep.disk.durable import At, write_durably
from bep.lazy_dataclasses import dataclass
from bep.planner.formats.statefile import StateDamaged
from bep.planner.planning.clear_values import without_clear_text
from bep.providers.state.backups import Backups, as_text

_ASIDE = ("format-*", "replaced-*", "rescued-*", "journal.replaced-*")
"""What may stand beside a state file, by the end of its name: how it was before it was migrated, replaced, mended."""


@dataclass(frozen=True, slots=True)
class SealedCopies:
    """How many copies were sealed, and those that cannot be read and may have secrets in clear."""

    sealed: int
    unreadable: tuple[Path, ...]


def seal_copies(state: Path, *, at: At) -> SealedCopies:
    """Seal every copy of a state, each in the format that it has. Raises `OSError`."""
    backups = Backups(state)
    beside = [file for ending in _ASIDE for file in sorted(state.parent.glob(f"{state.name}.{ending}"))]
    sealed, unreadable = 0, []
    for file in (*map(backups.path, backups.serials()), *beside):
        try:
            text = as_text(file.read_bytes())
            kept = without_clear_text(text)
        except StateDamaged:
            unreadable.append(file)
            continue
        if kept != text:
            write_durably(file, kept.encode(errors="surrogateescape"), at=at)
            sealed += 1
    return SealedCopies(sealed, tuple(unreadable))
