"""Searching as slowly and plainly as can be: each text is looked through, character by character.

Used by the tests of searching, to know what is to be found. It shares nothing with what is tested.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

_UNSPACED = (
    "CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "IDEOGRAPHIC", "THAI", "LAO", "KHMER",
    "MYANMAR", "HANGZHOU", "VERTICAL KANA", "MASU", "HENTAIGANA", "KANGXI", "COMBINING KATAKANA",
)  # fmt: skip


def kind_of(character: str) -> str:
    """Tell whether a character is of a word, of a run that has no blanks, or between words."""
    if unicodedata.category(character)[0] not in "LNM":
        return ""
    if unicodedata.name(character, "").startswith(_UNSPACED):
        return "run"
    return "word"


@lru_cache(maxsize=10_000)
def pieces_of(text: str) -> tuple[tuple[str, str], ...]:
    """Cut a text into words and runs."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    pieces: list[tuple[str, str]] = []
    before = ""
    for character in unicodedata.normalize("NFKC", folded):
        kind = kind_of(character)
        if kind and kind == before:
            pieces[-1] = kind, pieces[-1][1] + character
        elif kind:
            pieces.append((kind, character))
        before = kind
    return tuple(pieces)


def has_piece(there: tuple[str, str], kind: str, text: str, *, is_exact: bool) -> bool:
    """Tell whether a single word or piece of a run, as it was typed, is found in a piece."""
    if there[0] != kind:
        return False
    if kind == "run":
        return text in there[1]
    return there[1] == text if is_exact else there[1].startswith(text)


def has(text: str, wanted: str, *, is_exact: bool = False) -> bool:
    """Tell whether what was typed stands in a text."""
    asked = pieces_of(wanted)
    there = pieces_of(text)
    return any(
        all(
            _fits(there[start + number], piece, number, len(asked), is_exact=is_exact)
            for number, piece in enumerate(asked)
        )
        for start in range(len(there) - len(asked) + 1)
    )


def _fits(
    there: tuple[str, str], piece: tuple[str, str], number: int, count: int, *, is_exact: bool
) -> bool:
    kind, text = piece
    is_first, is_last = number == 0, number == count - 1
    if there[0] != kind:
        return False
    if kind == "run" and is_first and is_last:
        return text in there[1]
    if kind == "run" and is_first:
        return there[1].endswith(text)
    if is_last and (kind == "run" or (not is_exact and (is_first or len(text) > 2))):
        return there[1].startswith(text)
    return there[1] == text
