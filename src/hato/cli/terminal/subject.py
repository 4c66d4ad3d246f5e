"""The subject of a message, for eyes: words decoded, nothing that could move a cursor.

Called by the verbs that list messages of which only the header was read.
Never shows control characters.
Standards: RFC 2047 §2 (encoded words), RFC 5322 §3.6.5.
Fails never: what cannot be decoded is shown as it stands.
"""

from __future__ import annotations

from email.errors import HeaderParseError
from email.header import decode_header, make_header

from hato.message.header import find_values


def subject_of(header: bytes) -> str:
    """Return the subject that stands in a header."""
    values = find_values(header, b"subject")
    raw = header[values[0].start : values[0].stop].decode("utf-8", "replace") if values else ""
    try:
        text = str(make_header(decode_header(raw)))
    except (LookupError, ValueError, HeaderParseError):
        text = raw
    return "".join(character if character.isprintable() else " " for character in text).strip()
