"""Replies to octets, in the language of a session.

Called by the machine of the server, which decides what may be said.
Never copies a message; never lets a message's text be taken for the end of it.
Standards: RFC 1939 §3 (multi-line replies, doubled dots), RFC 6856 §3.2 (languages).
Fails never: replies cannot be malformed.
"""

from __future__ import annotations

from typing import Final

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
        if isinstance(reply, Message):
            self.write_message(reply)
        elif isinstance(reply, Ok | Err):
            self.outbox.put(reply.lines[self._language])
        elif isinstance(reply, Chunk):
            self._write_chunk(reply)
        elif isinstance(reply, Rows):
            self.outbox.put(reply.octets)
        elif isinstance(reply, Begin):
            self.outbox.put(reply.lines[self._language])
            self.is_body_open = True
        elif isinstance(reply, End):
            self._end_body()
        elif isinstance(reply, Capabilities):
            self.outbox.put(answers.CAPABILITIES.lines[self._language])
            self.outbox.put(reply.rows())
            self.outbox.put(END)
        elif isinstance(reply, DropListing | ScanListing | UniqueIdListing | Challenge):
            self.outbox.put(reply.line())

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

    def _write_chunk(self, chunk: Chunk) -> None:
        """Queue a part of a message."""
        data, dots = chunk.data, chunk.dots
        self._tail = (self._tail + data[-2:])[-2:]
        pieces: list[Buffer] = double_dots(data, dots) if dots else [data]
        self.outbox.put_all(pieces, len(data) + len(dots))

    def _end_body(self) -> None:
        """End a multi-line reply; a message without a line end at its end gets one.

        The delivery door makes every message end with CRLF, so that LIST tells what RETR sends;
        this is for one that came in by another way, lest its last line swallow the end.
        """
        if self._tail != _CRLF:
            self.outbox.put(_CRLF)
            self._tail = _CRLF
        self.outbox.put(END)
        self.is_body_open = False
