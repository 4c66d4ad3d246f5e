"""Replies to octets, in the language of a session.

Called by the machine of the server, which decides what may be said.
Never copies a message; never lets a message's text be taken for the end of it.
Standards: RFC 1939 §3 (multi-line replies, doubled dots), RFC 6856 §3.2 (languages).
Fails never: replies cannot be malformed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from hato.core.language import Language
from hato.protocols.dots import double_dots
from hato.protocols.machine import Buffer, Outbox
from hato.protocols.pop3 import answers
from hato.protocols.pop3.replies import (
    END,
    LANGUAGES,
    MESSAGE_LINES,
    Begin,
    Capabilities,
    Challenge,
    Chunk,
    DropListing,
    End,
    Err,
    Message,
    Ok,
    Reply,
    Rows,
    ScanListing,
    UniqueIdListing,
)

_CRLF: Final = b"\r\n"


class ReplyWriter:
    """What one session has to send, as octets."""

    __slots__ = ("_language", "_tail", "is_body_open", "outbox")

    def __init__(self) -> None:
        """Begin in English, with nothing to send."""
        self.outbox = Outbox()
        self._language = 0
        self._tail = _CRLF
        self.is_body_open = False
        """Whether a multi-line reply was begun and not ended."""

    def speak(self, language: Language) -> None:
        """Use a language from now on."""
        self._language = LANGUAGES.index(language)

    def write(self, reply: Reply) -> None:
        """Queue a reply."""
        WRITERS[reply.__class__](self, reply)

    def write_line(self, reply: Ok | Err) -> None:
        """Queue a reply that is the same for everybody who speaks a language."""
        self.outbox.put(reply.lines[self._language])

    def write_figures(self, reply: DropListing | ScanListing | UniqueIdListing | Challenge) -> None:
        """Queue a reply that is the same in all languages."""
        self.outbox.put(reply.line())

    def begin_body(self, reply: Begin) -> None:
        """Queue the first line of a multi-line reply."""
        self.outbox.put(reply.lines[self._language])
        self.is_body_open = True

    def write_rows(self, reply: Rows) -> None:
        """Queue some lines of a listing."""
        self.outbox.put(reply.octets)

    def write_capabilities(self, reply: Capabilities) -> None:
        """Queue a whole list of capabilities."""
        self.outbox.put(answers.CAPABILITIES.lines[self._language])
        self.outbox.put(reply.rows())
        self.outbox.put(END)

    def write_message(self, message: Message) -> None:
        """Queue a whole message."""
        data, dots = message.data, message.dots
        first = MESSAGE_LINES[self._language] % len(data)
        end = END if not data or data.endswith(_CRLF) else _CRLF + END
        if dots:
            pieces: list[Buffer] = [first, *double_dots(data, dots), end]
        else:
            pieces = [first, data, end]
        self.outbox.put_all(pieces, len(first) + len(data) + len(dots) + len(end))

    def write_chunk(self, chunk: Chunk) -> None:
        """Queue a part of a message."""
        data, dots = chunk.data, chunk.dots
        self._tail = (self._tail + data[-2:])[-2:]
        pieces: list[Buffer] = double_dots(data, dots) if dots else [data]
        self.outbox.put_all(pieces, len(data) + len(dots))

    def end_body(self, _reply: End) -> None:
        """End a multi-line reply; a message without a line end at its end gets one.

        The delivery door makes every message end with CRLF, so that LIST tells what RETR sends;
        this is for one that came in by another way, lest its last line swallow the end.
        """
        if self._tail != _CRLF:
            self.outbox.put(_CRLF)
            self._tail = _CRLF
        self.outbox.put(END)
        self.is_body_open = False


WRITERS: Final[Mapping[type[Reply], Callable[[ReplyWriter, Any], None]]] = {
    Ok: ReplyWriter.write_line,
    Err: ReplyWriter.write_line,
    Begin: ReplyWriter.begin_body,
    End: ReplyWriter.end_body,
    Rows: ReplyWriter.write_rows,
    Chunk: ReplyWriter.write_chunk,
    Message: ReplyWriter.write_message,
    Capabilities: ReplyWriter.write_capabilities,
    DropListing: ReplyWriter.write_figures,
    ScanListing: ReplyWriter.write_figures,
    UniqueIdListing: ReplyWriter.write_figures,
    Challenge: ReplyWriter.write_figures,
}
"""By class, since this is part of every reply; tests see to it that none is missing."""
