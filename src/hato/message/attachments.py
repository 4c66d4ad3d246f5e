"""What a person may want to save out of a letter.

Called by `message.letter`.
Never decodes a body to tell its size; never trusts a name.
Standards: RFC 2183 §2 (disposition, filename), RFC 2046 §5.2 (letters inside letters).
Fails never.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from hato.message.attachment_names import distinct_names, safe_name
from hato.message.structure import Part, decoded


class Attachment(NamedTuple):
    """One thing to save."""

    part: Part
    name: str
    """Safe as a file's name in any folder, and different from the letter's other ones."""
    media_type: str
    size_octets: int
    """Decoded; exact unless its base64 has noise in it."""
    is_inline: bool
    """Whether the text shows it where it belongs: an image in HTML, say."""

    def content(self, raw: bytes) -> Iterator[bytes]:
        """Yield it decoded, in chunks. `raw`: the letter's octets."""
        return decoded(raw, self.part)


def find_attachments(raw: bytes, root: Part) -> tuple[Attachment, ...]:
    """Return the attachments of a letter."""
    parts = [part for part in root.walk() if part is not root and is_attachment(part)]
    names = distinct_names(
        [safe_name(part.filename, part.media_type, number) for number, part in enumerate(parts, 1)]
    )
    return tuple(
        Attachment(part, name, part.media_type, size_of(raw, part), part.disposition == "inline")
        for part, name in zip(parts, names, strict=True)
    )


def is_attachment(part: Part) -> bool:
    """Tell whether a part is something to save rather than something to read."""
    if part.media_type.startswith("multipart/"):
        return False
    if part.media_type in {"text/plain", "text/html"}:
        return part.disposition == "attachment" or bool(part.filename)
    return True


def size_of(raw: bytes, part: Part) -> int:
    """Return how many octets a part has when it is decoded."""
    if part.encoding != "base64":
        return part.stop - part.start
    letters = part.stop - part.start
    for noise in (b"\n", b"\r", b"="):
        letters -= raw.count(noise, part.start, part.stop)
    return letters * 3 // 4
