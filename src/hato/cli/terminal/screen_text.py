"""Any text made fit for a screen: what steers a terminal is taken out, long lines are broken.

Called by the mail verbs for every text that somebody else wrote.
Never lets through control characters, what reorders a line or what nobody sees.
Standards: Unicode Standard Annex 9 (marks of direction), JIS X 4051 (what begins no line).
Fails never: what steers or reorders stands as U+FFFD, what is invisible is left out.
"""

from __future__ import annotations

import re
from typing import Final

from hato.cli.terminal.columns import width

_REPLACED: Final = "\ufffd"
_PLANES: Final = range(0, 0x110000, 0x10000)
_STEERING: Final = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f"  # controls, ESC among them
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # what reorders a line
    "\ud800-\udfff\ufff9-\ufffb\ufdd0-\ufdef"  # halves of characters, what is none
    + "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in _PLANES)
    + "\U000e0001-\U000e007f]"  # tags, which can hide whole texts
)
_BLANK: Final = re.compile("[\t\n\x0b\x0c\r\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f]")
_LINE_END: Final = re.compile("\r\n|[\n\x0b\x0c\r\x85\u2028\u2029]")
_UNSEEN: Final = re.compile(
    "[\xad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200d\u2060-\u2065\u206a-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0100-\U000e01ef\U0001d173-\U0001d17a]"
)
"""Characters without a shape: between the letters of a name they make two different names alike,
and terminals do not agree about the columns of what the selectors among them are attached to."""
_TAB_COLUMNS: Final = 8
_QUOTES: Final = re.compile(r"(?:> ?)*")
_UNITS: Final = re.compile(r" +|[\x21-\x7e]+|.")
_NEVER_FIRST: Final = frozenset(
    "、。，．・：；？！」』）】〕》〉’”ーぁぃぅぇぉっゃゅょァィゥェォッャュョ"
)
"""What must not begin a line of Japanese hangs behind the one before."""
_HANGING: Final = 2


def one_line(text: str) -> str:
    """Return a text as one harmless line, such as a subject or a name."""
    if text.isascii() and text.isprintable():
        return text
    return _harmless(_BLANK.sub(" ", text))


def lines_of(text: str) -> list[str]:
    """Return the harmless lines of a longer text; tabs become blanks up to the next stop."""
    return [
        _harmless(_BLANK.sub(" ", line.expandtabs(_TAB_COLUMNS))) for line in _LINE_END.split(text)
    ]


def _harmless(text: str) -> str:
    return _UNSEEN.sub("", _STEERING.sub(_REPLACED, text))


def wrapped(line: str, columns: int) -> list[str]:
    """Break a harmless line where a word ends, or between the characters of Japanese.

    What has no place to break, such as a web address, stays whole, so that it can be copied.
    """
    if width(line) <= columns:
        return [line]
    mark = _QUOTES.match(line)
    prefix = mark[0] if mark else ""
    found: list[str] = []
    current, used = prefix, width(prefix)
    for unit in _UNITS.findall(line, len(prefix)):
        taken = width(unit)
        is_empty = current == prefix
        if used + taken > columns - _HANGING and not is_empty and unit not in _NEVER_FIRST:
            found.append(current.rstrip())
            current, used = prefix, width(prefix)
            if unit.isspace():
                continue
        current += unit
        used += taken
    return [*found, current.rstrip()]
