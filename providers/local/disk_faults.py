"""What the file system refuses, put into words. Knows no cause."""

from collections.abc import Iterator
from contextlib import contextmanager

from bep.providers.protocol import ProviderError


@contextmanager
def told(address: str, operation: str) -> Iterator[None]:
    """An `OSError` inside becomes a `ProviderError` (code Storage) that names the path: full disk, no permission."""
    try:
        yield
    except OSError as error:
        place = error.filename2 or error.filename or "a file"
        message = f"{place}: {error.strerror or error}"
        raise ProviderError(address, operation, message, code="Storage") from error
