"""Which parts still hold rows that are nowhere else. Pure: numbers of parts and keys of grants, no file."""

from collections.abc import Collection

NOBODY = -1  # in the place of a grant's key, for rows that no grant answers for


class PartsInUse:
    """A part is needed until every grant that has rows in it is published."""

    def __init__(self) -> None:
        self._keys: dict[int, set[int]] = {}

    def wrote(self, part: int, key: int) -> None:
        """A part has rows of a grant."""
        self._keys.setdefault(part, set()).add(key)

    def published(self, key: int) -> None:
        """The rows of a grant are kept elsewhere."""
        for keys in self._keys.values():
            keys.discard(key)

    def unneeded(self, written: Collection[int]) -> list[int]:
        """Parts that nobody needs and that are not among those that workers write to; each is told once."""
        found = [part for part, keys in self._keys.items() if not keys and part not in written]
        for part in found:
            del self._keys[part]
        return found
