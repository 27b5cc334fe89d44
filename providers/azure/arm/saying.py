"""What the service or its client says, as `ProviderError` with bep's address. Asks nobody."""

from collections.abc import Iterator
from contextlib import contextmanager

from bep.providers.azure.arm.errors import RETRYABLE, Refusal
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
        raise _of_client(error, address, operation) from None


def _of_client(error: Exception, address: str, operation: str) -> ProviderError:
    """What Azure's own clients raise: for want of an answer or of a token, and whatever storage refuses."""
    from azure.core.exceptions import ClientAuthenticationError, ServiceRequestError, ServiceResponseError

    first = redacted(str(error).strip().partition("\n")[0])  # it may repeat an address with a signature in it
    if found := getattr(error, "error_code", None):
        code, status = str(getattr(found, "value", found)), getattr(error, "status_code", 0)
        headers = getattr(getattr(error, "response", None), "headers", {})
        refusal = Refusal(status, code, first, request=headers.get("x-ms-request-id", ""))
        message = f"the storage refused it: {refusal.said}"
        return ProviderError(address, operation, message, code=code, retryable=status in RETRYABLE)
    if isinstance(error, ClientAuthenticationError):
        return ProviderError(address, operation, f"Azure gives no token: {first}", code="Unauthenticated")
    retryable = isinstance(error, ServiceRequestError | ServiceResponseError)
    return ProviderError(address, operation, first, code=type(error).__name__, retryable=retryable)
