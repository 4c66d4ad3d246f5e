"""The text of a letter, chosen out of its parts.

Called by `message.letter`.
Never shows more than its limit; never decodes what it does not show.
Standards: RFC 2046 §5.1 (mixed, alternative), RFC 2387 (related), RFC 6522 and RFC 3464 (reports).
Fails never: what has no text gives an empty one.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from hato.core.limits import LETTER_TEXT_OCTETS
from hato.message.calendar_text import calendar_to_text
from hato.message.charsets import decode_text
from hato.message.html_text import html_to_text
from hato.message.part_choice import Shown, readable_parts
from hato.message.plain_text import clean, unflowed
from hato.message.structure import Part, decoded

PREVIEW_CHARACTERS: Final = 200
_PREVIEW_OCTETS: Final = 16_384
_NOT_ITS_OWN: Final = re.compile(
    r"(?m)^[ \t]*+>.*$|^-- $[\s\S]*|^-{4,}.*$|^\[\d+\] \S+$|\[\d{1,4}\]|^.{0,200}(?:wrote|schrieb"
    r"|a écrit|escribió|のメール|さんは書きました|写道)\s?[::]\s*$"
)
_META_CHARSET: Final = re.compile(rb"(?i)<meta\b[^>]*?charset\s*+=\s*+[\"']?([a-z0-9_:.-]{2,40})")
_META_LOOK_OCTETS: Final = 2_048
_FORWARDED_FIELDS: Final = ("From", "To", "Cc", "Date", "Subject")


class Reading(NamedTuple):
    """What there is to read."""

    text: str
    is_whole: bool


def read_text(raw: bytes, root: Part, most_octets: int = LETTER_TEXT_OCTETS) -> Reading:
    """Return the text of a letter, or its beginning."""
    shown: list[str] = []
    left = most_octets
    is_whole = True
    for part, way in readable_parts(root):
        if left <= 0:
            is_whole = False
            break
        if way is Shown.FIELDS:
            text = _forwarded_header(part)
        else:
            octets, is_cut = _beginning(raw, part, left)
            left -= len(octets)
            is_whole = is_whole and not is_cut and part.is_understood
            text = _as_text(octets, part, way)
        text = text.strip("\n")
        if text.strip():
            shown.append(text)
    return Reading("\n\n".join(shown) + "\n" if shown else "", is_whole)


def preview_of(raw: bytes, root: Part) -> str:
    """Return the beginning of a letter's own words on one line, without quotations."""
    text = read_text(raw, root, _PREVIEW_OCTETS).text
    own = " ".join(_NOT_ITS_OWN.sub("", text).split())
    return (own or " ".join(text.split()))[:PREVIEW_CHARACTERS]


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


def _as_text(octets: bytes, part: Part, way: Shown) -> str:
    """Return a part's body as a person reads it."""
    if way is Shown.HTML:
        return clean(html_to_text(decode_text(octets, part.charset or _meta_charset(octets))))
    text = clean(decode_text(octets, part.charset))
    if way is Shown.CALENDAR:
        return calendar_to_text(text)
    if part.parameters.get("format", "").lower() == "flowed":
        return unflowed(text, deletes_space=part.parameters.get("delsp", "").lower() == "yes")
    return text


def _meta_charset(octets: bytes) -> str:
    """Return the charset that a page names itself, where the letter does not."""
    found = _META_CHARSET.search(octets[:_META_LOOK_OCTETS])
    return found[1].decode("ascii") if found else ""


def _forwarded_header(part: Part) -> str:
    """Return the header of a letter inside a letter, as far as a person wants it."""
    fields = part.fields
    lines = ((name, fields.text(name)) for name in _FORWARDED_FIELDS if name in fields)
    return "\n".join(f"{name}: {text}" for name, text in lines)
