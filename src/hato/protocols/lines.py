"""Lines from a stream of octets, with a cap.

Called by the machines of POP3, SMTP and LMTP, both sides, and by the continuation lines of SASL.
Never holds more than one cap of an unfinished line; never decodes.
Standards: RFC 1939 §3, RFC 5321 §2.3.8: a line ends with CRLF.
Fails never: an over-long line is answered once as OVERLONG and skipped up to its end.
"""

from __future__ import annotations

import re
from enum import Enum, auto


class Incomplete(Enum):
    """What `next_line` answers when there is no line."""

    NEED_DATA = auto()
    OVERLONG = auto()
    """A line longer than the cap ended or is being skipped; said once for each."""


class LineBuffer:
    """Octets that arrived and are not yet read.

    A line ends with LF; a CR before it belongs to the end. Whether an LF without CR is tolerated
    is the machine's decision: it gets the line with `ended_with_crlf`.
    """

    __slots__ = ("_data", "_position", "_searched", "_skipping", "ended_with_crlf")

    def __init__(self) -> None:
        """Begin empty."""
        self._data = b""
        self._position = 0
        self._searched = 0
        self._skipping = False
        self.ended_with_crlf = True

    def feed(self, data: bytes) -> None:
        """Take octets that arrived."""
        if self._position == len(self._data):
            self._data = data
            self._searched = 0
        else:
            self._data = self._data[self._position :] + data
            self._searched = max(self._searched - self._position, 0)
        self._position = 0

    def next_line(self, limit_octets: int) -> bytes | Incomplete:
        """Return the next line without its end; `limit_octets` counts CRLF too."""
        end = self._data.find(b"\n", max(self._position, self._searched))
        if end < 0:
            return self._unfinished(limit_octets)
        start = self._position
        self._position = self._searched = end + 1
        if self._skipping:
            self._skipping = False
            return self.next_line(limit_octets)
        if end + 1 - start > limit_octets:
            return Incomplete.OVERLONG
        if end > start and self._data[end - 1] == 0x0D:
            self.ended_with_crlf = True
            return self._data[start : end - 1]
        self.ended_with_crlf = False
        return self._data[start:end]

    def _unfinished(self, limit_octets: int) -> Incomplete:
        """Remember how far was searched; give up a line that is already too long."""
        if self._skipping or len(self._data) - self._position >= limit_octets:
            was_skipping = self._skipping
            self._skipping = True
            self._data = b""
            self._position = self._searched = 0
            return Incomplete.NEED_DATA if was_skipping else Incomplete.OVERLONG
        self._searched = len(self._data)
        return Incomplete.NEED_DATA

    def take_matching(self, pattern: re.Pattern[bytes]) -> bytes:
        """Return what the pattern matches of the unread, and pass it: many lines in one step.

        The pattern matches whole lines from the first octet on, or nothing.
        """
        if self._skipping:
            return b""
        found = pattern.match(self._data, self._position)
        if found is None:
            return b""
        self._position = found.end()
        return found.group()

    def take_through(self, mark: bytes, *, without_last: int = 0) -> bytes | None:
        """Return everything up to the end of `mark`, and pass it; None where `mark` is not there.

        The last `without_last` octets are passed too, but not returned.
        """
        end = self._data.find(mark, self._position)
        if end < 0:
            return None
        start = self._position
        self._position = end + len(mark)
        return self._data[start : self._position - without_last]

    def starts_with(self, octets: bytes) -> bool:
        """Whether the unread begins with these octets."""
        return self._data.startswith(octets, self._position)

    def take_all(self) -> bytes:
        """Return everything unread and be empty: for what is not lines (a message's data)."""
        rest = self._data[self._position :]
        self.discard()
        return rest

    def discard(self) -> None:
        """Forget everything unread, as before a TLS handshake (RFC 2595 §4)."""
        self._data = b""
        self._position = self._searched = 0
        self._skipping = False

    def __len__(self) -> int:
        """Octets not yet read."""
        return len(self._data) - self._position
