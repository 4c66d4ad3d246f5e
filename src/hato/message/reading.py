"""The text of a letter, chosen out of its parts.

Called by `message.letter`.
Never shows more than its limit; never decodes what it does not show.
Standards: RFC 2046 §5.1 (mixed, alternative), RFC 2387 (related), RFC 6522 and RFC 3464 (reports).
Fails never: what has no text gives an empty one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from hato.core.limits import LETTER_TEXT_OCTETS
from hato.message.attachments import is_attachment
from hato.message.charsets import decode_text
from hato.message.html_text import html_to_text
from hato.message.plain_text import clean, unflowed
from hato.message.structure import Part, decoded

_PREVIEW_OCTETS: Final = 16_384
_PREVIEW_CHARACTERS: Final = 200
_QUOTED_OR_BLANK: Final = re.compile(r"(?m)^[ \t]*>.*$")


class Reading(NamedTuple):
    """What there is to read."""

    text: str
    is_whole: bool


def read_text(raw: bytes, root: Part, most_octets: int = LETTER_TEXT_OCTETS) -> Reading:
    """Return the text of a letter, or its beginning."""
    shown: list[str] = []
    left = most_octets
    is_whole = True
    for part in _readable(root):
        if left <= 0:
            is_whole = False
            break
        octets, is_cut = _beginning(raw, part, left)
        left -= len(octets)
        is_whole = is_whole and not is_cut and part.is_understood
        text = _as_text(octets, part)
        if text.strip():
            shown.append(text.strip("\n"))
    return Reading("\n\n".join(shown) + "\n" if shown else "", is_whole)


def preview_of(raw: bytes, root: Part) -> str:
    """Return the beginning of a letter's own words on one line."""
    text = read_text(raw, root, _PREVIEW_OCTETS).text
    return " ".join(_QUOTED_OR_BLANK.sub("", text).split())[:_PREVIEW_CHARACTERS]


def _readable(part: Part) -> Iterator[Part]:
    """Yield the parts that are read, in order."""
    if part.media_type == "multipart/alternative" and part.parts:
        yield from _readable(_best(part.parts))
    elif part.parts:
        for one in part.parts:
            yield from _readable(one)
    elif not part.is_understood or (
        part.media_type in {"text/plain", "text/html"} and not is_attachment(part)
    ):
        yield part


def _best(parts: tuple[Part, ...]) -> Part:
    """Return the alternative that is best for a reader of text."""
    for part in parts:
        if part.media_type == "text/plain" and part.stop > part.start:
            return part
    return parts[-1]


def _beginning(raw: bytes, part: Part, most: int) -> tuple[bytes, bool]:
    """Return a part's body, and whether it was cut at `most` octets."""
    chunks: list[bytes] = []
    size = 0
    for chunk in decoded(raw, part):
        chunks.append(chunk)
        size += len(chunk)
        if size > most:
            break
    body = b"".join(chunks)
    return body[:most], size > most


def _as_text(octets: bytes, part: Part) -> str:
    """Return a part's body as a person reads it."""
    text = decode_text(octets, part.charset)
    if part.media_type == "text/html":
        return html_to_text(text)
    text = clean(text)
    if part.parameters.get("format", "").lower() == "flowed":
        text = unflowed(text, deletes_space=part.parameters.get("delsp", "").lower() == "yes")
    return text
