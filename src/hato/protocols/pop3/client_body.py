"""Reading a message, chunk by chunk.

Called by the machine of the client while the answer to RETR or TOP arrives.
Never says that a message is whole before its terminator was read; never holds more of it than
what arrived at once; never takes anything but CRLF.CRLF for an end.
Standards: RFC 1939 §3.
Fails never: a message may be as long as it likes, and so may its lines.
"""

from __future__ import annotations

from hato.protocols.dots import TERMINATOR, DotReader, has_bare_cr_or_lf
from hato.protocols.lines import LineBuffer
from hato.protocols.pop3.client_events import BodyChunk, BodyEnd, Event
from hato.protocols.pop3.commands import Command


class BodyReader:
    """Takes one message off the stream."""

    __slots__ = ("_command", "_dots", "_end", "is_complete")

    def __init__(self, command: Command) -> None:
        """Begin behind the first line of the answer."""
        self._command = command
        self._dots: DotReader | None = None
        self._end: BodyEnd | None = None
        self.is_complete = False

    def read(self, lines: LineBuffer) -> Event | None:
        """Return the next chunk, or the end; None where more octets are needed."""
        if self._end is not None:
            self.is_complete = True
            return self._end
        if not lines:
            return None
        if self._dots is None:
            whole = self._take_whole(lines)
            if whole is not None:
                return whole
            self._dots = DotReader()
        return self._take_part(self._dots, lines)

    def _take_whole(self, lines: LineBuffer) -> BodyChunk | None:
        """Take a message that has arrived from its first octet to its last, as most have.

        One that is empty is left to the other way: its end has no line before it.
        """
        if lines.starts_with(b"."):
            return None
        data = lines.take_through(TERMINATOR, without_last=3)
        if data is None:
            return None
        data = data.replace(b"\r\n.", b"\r\n")
        self._end = BodyEnd(self._command, len(data), has_bare_cr_or_lf(data))
        return BodyChunk(data)

    def _take_part(self, dots: DotReader, lines: LineBuffer) -> Event | None:
        """Take what has arrived of a message that is still on its way."""
        data = dots.feed(lines.take_all())
        if dots.is_complete:
            lines.feed(dots.rest)
            self._end = BodyEnd(self._command, dots.size_octets, dots.has_bare_cr_or_lf)
            if not data:
                self.is_complete = True
                return self._end
        return BodyChunk(data) if data else None
