"""Plain text as a person reads it: line ends, flowed paragraphs, no control characters.

Called by `message.reading`.
Never changes a word.
Standards: RFC 3676 §4 (format=flowed, DelSp), RFC 2046 §4.1.1 (line ends).
Fails never.
"""

from __future__ import annotations

import re
from typing import Final

_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_LINE_ENDS: Final = re.compile(r"\r\n|\r|\x0b|\x0c|\x85|\u2028|\u2029")
_QUOTES: Final = re.compile(r">*+")


def clean(text: str) -> str:
    """Return `text` with LF as line end and U+FFFD for control characters other than TAB."""
    return _CONTROLS.sub("\ufffd", _LINE_ENDS.sub("\n", text))


def unflowed(text: str, *, deletes_space: bool) -> str:
    """Return format=flowed text with each paragraph on one line (RFC 3676 §4).

    `text`: with LF as line end. `deletes_space`: DelSp=yes.
    """
    shown: list[str] = []
    paragraph: list[str] = []
    depth = 0
    for line in text.split("\n"):
        quotes = _QUOTES.match(line)
        own_depth = quotes.end() if quotes else 0
        words = line[own_depth:].removeprefix(" ")
        if paragraph and (own_depth != depth or words == "-- "):
            shown.append(_quoted("".join(paragraph).rstrip(" "), depth))
            paragraph = []
        depth = own_depth
        is_flowed = words.endswith(" ") and words != "-- "
        paragraph.append(words[:-1] if is_flowed and deletes_space else words)
        if not is_flowed:
            shown.append(_quoted("".join(paragraph), depth))
            paragraph = []
    if paragraph:
        shown.append(_quoted("".join(paragraph).rstrip(" "), depth))
    return "\n".join(shown)


def _quoted(words: str, depth: int) -> str:
    """Put the marks of a quotation before a paragraph."""
    if not depth:
        return words
    return f"{'>' * depth} {words}" if words else ">" * depth
