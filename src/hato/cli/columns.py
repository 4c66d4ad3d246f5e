"""Texts in columns of a terminal: how wide they are, cut to what there is room for, filled up.

Called by the verbs that print tables and by the lines that move.
Never cuts a character in half; never cuts without showing that it did.
Standards: Unicode Standard Annex 11 (East Asian width; ambiguous characters are narrow here).
Fails never.
"""

from __future__ import annotations

import unicodedata
from typing import Final

_ELLIPSIS: Final = "…"
_WIDE: Final = frozenset("WF")
_INVISIBLE: Final = frozenset({"Mn", "Me", "Cf"})


def width(text: str) -> int:
    """Return how many columns a text takes."""
    if text.isascii():
        return len(text)
    return sum(map(_width_of, text))


def fitted(text: str, columns: int) -> str:
    """Return a text that takes no more than so many columns; an ellipsis shows that it was cut."""
    if width(text) <= columns:
        return text
    room = columns - 1
    for at, character in enumerate(text):
        room -= _width_of(character)
        if room < 0:
            return text[:at] + _ELLIPSIS if columns > 0 else ""
    return text


def filled(text: str, columns: int) -> str:
    """Return a text that takes exactly so many columns, cut or filled up with blanks."""
    text = fitted(text, columns)
    return text + " " * (columns - width(text))


def _width_of(character: str) -> int:
    if unicodedata.category(character) in _INVISIBLE:
        return 0
    return 2 if unicodedata.east_asian_width(character) in _WIDE else 1
