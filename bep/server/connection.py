"""One connection, as the library has it, but for what the library lets a client do: send nothing, for ever."""

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS: Final = 30.0
"""In which a whole head has to come, from the first byte of a connection or the end of the answer before."""


class Connection(H11Protocol):
    """Ends where no head of a request comes in time."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as the library's
        """It begins."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Something came: a request is under way, or not yet."""
        super().data_received(data)
        if self._is_asked:
            self._wait_no_more()

    def on_response_complete(self) -> None:
        """An answer was sent; the next request may be here by now."""
        super().on_response_complete()
        if not self._is_asked:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over."""
        self._wait_no_more()
        super().connection_lost(exc)

    @property
    def _is_asked(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _wait(self) -> None:
        self._wait_no_more()
        if not self.transport.is_closing():
            self._deadline = self.loop.call_later(HEAD_SECONDS, self._end)

    def _wait_no_more(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _end(self) -> Any:
        if not self._is_asked:
            self.transport.close()
