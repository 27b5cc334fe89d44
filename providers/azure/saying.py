"""What the service or its client says, as `ProviderError` with bep's address. Asks nobody."""

from collections.abc import Iterator
from contextlib import contextmanager

from bep.providers.azure.errors import Refusal
from bep.providers.protocol import ProviderError
from bep.schemas.secrets.recognising import redacted


@contextmanager
def said(address: str, operation: str) -> Iterator[None]:
    """Around whatever asks the service. What was not answered, but for a token, may be asked again."""
    try:
        yield
    except Refusal as refusal:
        raise refusal.at(address, operation) from None
    except ProviderError:
        raise
    except Exception as error:
        if not type(error).__module__.startswith("azure."):
            raise
        from azure.core.exceptions import ClientAuthenticationError, ServiceRequestError, ServiceResponseError

        first = redacted(str(error).strip().partition("\n")[0])  # it may repeat an address with a signature in it
        is_sign_in = isinstance(error, ClientAuthenticationError)
        message = f"Azure gives no token: {first}" if is_sign_in else first
        retryable = isinstance(error, ServiceRequestError | ServiceResponseError) and not is_sign_in
        code = "Unauthenticated" if is_sign_in else type(error).__name__
        raise ProviderError(address, operation, message, code=code, retryable=retryable) from None
