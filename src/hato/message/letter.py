"""A letter as a person reads it: who, when, about what, its text and its attachments.

Called by the command line, the search index and whatever shows mail.
Never changes an octet; never decodes what nobody asked for; never raises because of what it reads.
Standards: RFC 5322, RFC 2045 to RFC 2047, RFC 2183, RFC 2231, RFC 3676, RFC 6532.
Fails never: where a limit is reached `is_whole` is False, and what is left is shown as it stands.
"""

from __future__ import annotations

from datetime import datetime
from functools import cached_property

from hato.message.addresses import Address
from hato.message.attachments import Attachment, find_attachments
from hato.message.header_fields import Fields
from hato.message.reading import Reading, preview_of, read_text
from hato.message.structure import Part, Structure, read_structure


class Letter:
    """One letter. Made by `read_letter`; everything is found when it is first asked for."""

    def __init__(self, raw: bytes, structure: Structure) -> None:
        self.raw = raw
        """All octets; the offsets of parts count in them."""
        self.root: Part = structure.root
        """The letter as a part; `root.walk()` yields all parts."""
        self._structure_is_whole = structure.is_whole

    @cached_property
    def header(self) -> Fields:
        """The fields of its header."""
        return self.root.fields

    @cached_property
    def subject(self) -> str:
        """Its subject on one line; empty where it has none."""
        return self.header.text("Subject")

    @cached_property
    def senders(self) -> tuple[Address, ...]:
        """From; where there is none, Sender."""
        return self.header.addresses("From") or self.header.addresses("Sender")

    @cached_property
    def recipients(self) -> tuple[Address, ...]:
        """To."""
        return self.header.addresses("To")

    @cached_property
    def copies(self) -> tuple[Address, ...]:
        """Cc."""
        return self.header.addresses("Cc")

    @cached_property
    def blind_copies(self) -> tuple[Address, ...]:
        """Bcc, which only the sender's own copy has."""
        return self.header.addresses("Bcc")

    @cached_property
    def reply_to(self) -> tuple[Address, ...]:
        """Reply-To; empty where there is none."""
        return self.header.addresses("Reply-To")

    @cached_property
    def sent(self) -> datetime | None:
        """When it was sent, in the sender's own zone; None where no date can be read."""
        return self.header.date()

    @cached_property
    def message_id(self) -> str:
        """Its identifier without <>; empty where it has none."""
        return next(iter(self.header.identifiers("Message-ID")), "")

    @cached_property
    def in_reply_to(self) -> tuple[str, ...]:
        """The identifiers of what it answers, without <>."""
        return self.header.identifiers("In-Reply-To")

    @cached_property
    def references(self) -> tuple[str, ...]:
        """The identifiers of its thread, the oldest first, without <>; a hundred at most."""
        return self.header.identifiers("References")

    @cached_property
    def attachments(self) -> tuple[Attachment, ...]:
        """Everything that a person may want to save, in order; names are safe and different."""
        return find_attachments(self.raw, self.root)

    @cached_property
    def _reading(self) -> Reading:
        return read_text(self.raw, self.root)

    @property
    def text(self) -> str:
        """What there is to read, with LF as line end.

        HTML is turned into text, flowed paragraphs are one line each. Control characters other than
        LF and TAB are U+FFFD; marks of direction and invisible characters are left as they are.
        """
        return self._reading.text

    @property
    def is_whole(self) -> bool:
        """False where a limit cut something off, or a part could only be shown as it stands."""
        return self._structure_is_whole and self._reading.is_whole

    @cached_property
    def preview(self) -> str:
        """The beginning of its own words on one line, without what it quotes."""
        return preview_of(self.raw, self.root)


def read_letter(raw: bytes) -> Letter:
    """Read a letter. `raw`: all its octets, in wire form or with LF alone as line end.

    The beginning of one serves as well: parts that are cut off end where it ends.
    """
    return Letter(raw, read_structure(raw))
