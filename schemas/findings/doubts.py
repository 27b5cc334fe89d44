"""Doubts: of which fields something wrong was said already, so that nothing follows from it. Knows no schema."""

from collections.abc import Iterable

from bep.schemas.resource import FieldPath


class Doubts:
    """The fields of which something wrong was said already: they may be gone, and no rule says more of them."""

    def __init__(self, paths: Iterable[FieldPath] = ()) -> None:
        self._paths = set(paths)

    def __bool__(self) -> bool:
        return bool(self._paths)

    def add(self, path: FieldPath) -> None:
        """Say nothing more of this field."""
        self._paths.add(path)

    def put(self, others: "Doubts", *path: str | int) -> None:
        """Take over the doubts about what stands in a field now."""
        self._paths.update((*path, *known) for known in others._paths)

    def touch(self, *path: str | int) -> bool:
        """Whether the field, one around it or one in it is in doubt."""
        return any(path[: len(known)] == known[: len(path)] for known in self._paths)

    def cover(self, *path: str | int) -> bool:
        """Whether the field, or one around it, is in doubt as a whole."""
        return any(path[: len(known)] == known for known in self._paths)

    def below(self, *path: str | int) -> "Doubts":
        """The doubts about what stands in a field, seen from there."""
        return Doubts(known[len(path) :] for known in self._paths if known[: len(path)] == path)
