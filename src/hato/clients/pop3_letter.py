"""One message on its way from a POP3 server.

Made by `clients.pop3`; read by services, chunk by chunk.
Never counts as whole before its terminator was read.
Standards: RFC 1939 §3.
Fails with LetterRefusedError and whatever a refusal's code says, NonsenseError for a top without
end, and as a conversation does.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from hato.clients.errors import NonsenseError
from hato.core.errors import HatoError
from hato.core.ids import MessageNumber
from hato.protocols.pop3.client_events import BodyChunk, BodyEnd, Event


class Letter:
    """A message, or the top of one; its chunks must be taken before the next one is asked for."""

    def __init__(
        self,
        number: MessageNumber,
        events: AsyncIterator[Event],
        refusal: HatoError | None = None,
        *,
        most_octets: int | None = None,
    ) -> None:
        """Begin behind the first line of the answer, which may have been a refusal.

        `most_octets`: what is longer has no end; None: the caller looks to that.
        """
        self.number = number
        self.refusal = refusal
        """Why the server does not give it; None: it does."""
        self.size_octets = 0
        """What has arrived, dots undone."""
        self.is_whole = False
        """Whether its end was read. What is not whole must not be kept."""
        self.has_bare_cr_or_lf = False
        """Whether a CR or LF stands alone somewhere; known at the end."""
        self._events = events
        self._most_octets = most_octets

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the message's octets as they arrive.

        Raises `refusal` where there is one, and NonsenseError for more than may come.
        """
        if self.refusal is not None:
            raise self.refusal
        while not self.is_whole:
            event = await anext(self._events)
            if isinstance(event, BodyChunk):
                self.size_octets += len(event.data)
                if self._most_octets is not None and self.size_octets > self._most_octets:
                    raise NonsenseError("ENDLESS_LETTER")
                yield event.data
            elif isinstance(event, BodyEnd):
                self.is_whole = True
                self.has_bare_cr_or_lf = event.has_bare_cr_or_lf

    async def skip(self) -> None:
        """Pass over what was not taken."""
        if self.refusal is None:
            async for _ in self.chunks():
                pass
