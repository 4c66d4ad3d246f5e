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
from hato.message.part_choice import is_saved
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
    """Return the attachments of a letter; those of letters inside it stand behind these."""
    found = [(part, is_inline) for part, is_inline in _with_place(root) if is_saved(part)]
    names = distinct_names(
        [
            safe_name(_given_name(part), part.media_type, number)
            for number, (part, _) in enumerate(found, 1)
        ]
    )
    return tuple(
        Attachment(part, name, part.media_type, size_of(raw, part), is_inline)
        for (part, is_inline), name in zip(found, names, strict=True)
    )


def _with_place(part: Part, *, is_related: bool = False) -> Iterator[tuple[Part, bool]]:
    """Yield all parts, and whether each is shown inside another one."""
    yield part, part.disposition == "inline" or (is_related and bool(part.content_id))
    is_related = part.media_type == "multipart/related"
    for one in part.parts:
        yield from _with_place(one, is_related=is_related)


def _given_name(part: Part) -> str:
    """Return the name that the sender gave, or a letter's subject."""
    if part.filename or not part.parts:
        return part.filename
    subject = part.parts[0].fields.text("Subject").replace("/", "_").replace("\\", "_")
    return f"{subject}.eml" if subject else ""


def size_of(raw: bytes, part: Part) -> int:
    """Return how many octets a part has when it is decoded."""
    if part.encoding != "base64":
        return part.stop - part.start
    letters = part.stop - part.start
    for noise in (b"\n", b"\r", b"="):
        letters -= raw.count(noise, part.start, part.stop)
    return letters * 3 // 4
