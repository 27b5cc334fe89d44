"""Many digests, each with a size, in 40 bytes and a little: a job may have ten million files. Knows no file."""

from typing import Final

_DIGEST: Final = 32
_ENTRY: Final = _DIGEST + 8
_BUCKETS: Final = 1 << 16


class Digests:
    """The size of what has each sha256, and which of them were marked. Entries with the same first two bytes stand
    together: of ten million, some hundred and fifty."""

    def __init__(self) -> None:
        self._buckets = [bytearray() for _ in range(_BUCKETS)]

    def size(self, digest: bytes) -> int | None:
        """The size of what has this digest; None where nothing is known of it."""
        bucket, at = self._find(digest)
        return None if at is None else self._told(bucket, at) >> 1

    def add(self, digest: bytes, size: int) -> None:
        """Know the size, in bytes, of what has this digest; another one is forgotten, and its mark stays."""
        bucket, at = self._find(digest)
        if at is None:
            bucket += digest + (size << 1).to_bytes(8, "little")
        else:
            self._tell(bucket, at, size << 1 | self._told(bucket, at) & 1)

    def mark(self, digest: bytes) -> bool:
        """Mark one that is known; whether it was not yet."""
        bucket, at = self._find(digest)
        if at is None:
            raise KeyError(digest)
        told = self._told(bucket, at)
        self._tell(bucket, at, told | 1)
        return not told & 1

    def _find(self, digest: bytes) -> tuple[bytearray, int | None]:
        bucket = self._buckets[digest[0] << 8 | digest[1]]
        at = bucket.find(digest)
        while at > 0 and at % _ENTRY:  # across the border of two entries
            at = bucket.find(digest, at + 1)
        return bucket, None if at < 0 else at

    def _told(self, bucket: bytearray, at: int) -> int:
        return int.from_bytes(bucket[at + _DIGEST : at + _ENTRY], "little")

    def _tell(self, bucket: bytearray, at: int, told: int) -> None:
        bucket[at + _DIGEST : at + _ENTRY] = told.to_bytes(8, "little")
