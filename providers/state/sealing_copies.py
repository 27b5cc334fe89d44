"""Copies of earlier states in which a bep kept secrets in clear: sealed, each at once or not at all. Knows no world."""

from bep.lazy_dataclasses import dataclass
from bep.planner.formats.statefile import StateDamaged
from bep.planner.planning.clear_values import without_clear_text
from bep.providers.state.backups import Backups, as_text
from bep.providers.state.place import Place, Where

_ASIDE = (".format-", ".replaced-", ".rescued-", ".journal.replaced-")
"""How what stands beside a state begins: as it was before it was migrated, replaced, mended."""


@dataclass(frozen=True, slots=True)
class SealedCopies:
    """How many copies were sealed, and those that cannot be read and may have secrets in clear."""

    sealed: int
    unreadable: tuple[Where, ...]


def seal_copies(place: Place) -> SealedCopies:
    """Seal every copy of a state, each in the format that it has. Raises `OSError`."""
    backups = Backups(place)
    beside = [part for start in _ASIDE for part in place.parts(start)]
    sealed, unreadable = 0, []
    for part in (*map(backups.part, backups.serials()), *beside):
        try:
            text = as_text(place.read(part) or b"")
            kept = without_clear_text(text)
        except StateDamaged:
            unreadable.append(place.where(part))
            continue
        if kept != text:
            place.write(part, kept.encode(errors="surrogateescape"))
            sealed += 1
    return SealedCopies(sealed, tuple(unreadable))
