"""Texts in columns of a terminal: how wide they are, cut to what there is room for, filled up.

Called by the verbs that print tables and by the lines that move.
Never cuts a character in half; never cuts without showing that it did.
Standards: Unicode Standard Annex 11 (East Asian width; ambiguous characters are narrow here).
Fails never.
"""

from __future__ import annotations

from typing import Final

_ELLIPSIS: Final = "…"


def width(text: str) -> int:
    """Return how many columns a text takes; one that could steer a terminal counts for none."""
    if text.isascii():
        return len(text)
    from wcwidth import wcswidth

    return max(wcswidth(text), 0)


def fitted(text: str, columns: int) -> str:
    """Return a text that takes no more than so many columns; an ellipsis shows that it was cut."""
    if width(text) <= columns:
        return text
    if columns <= 0:
        return ""
    if text.isascii():
        return text[: columns - 1] + _ELLIPSIS
    from wcwidth import wcwidth

    room, stop = columns - 1, 0
    for character in text:  # a few dozen at most: it ends where the columns do
        room -= max(wcwidth(character), 0)
        if room < 0:
            break
        stop += 1
    return text[:stop] + _ELLIPSIS


def filled(text: str, columns: int) -> str:
    """Return a text that takes exactly so many columns, cut or filled up with blanks."""
    text = fitted(text, columns)
    return text + " " * (columns - width(text))
