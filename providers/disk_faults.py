"""What the file system refuses, put into words. Knows no cause."""

from collections.abc import Iterator
from contextlib import contextmanager

from bep.disk.refusal import explained
from bep.providers.protocol import ProviderError


@contextmanager
def told(address: str, operation: str) -> Iterator[None]:
    """An `OSError` inside becomes a `ProviderError` (code Storage) that names the path and the way out."""
    try:
        yield
    except OSError as error:
        raise ProviderError(address, operation, str(explained(error)), code="Storage") from error
